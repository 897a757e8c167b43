"""Members of messages that nothing was made of, by device: no refusal, but shown in its diagnosis.

They are stored when they are seen for the first time, and again every TOLD_EVERY while they keep coming.
"""

from collections.abc import Iterator

from devices.codecs.decoded import MAX_UNUSED
from hub.models import Batch, Micros, from_micros, to_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

TOLD_EVERY: Micros = 3_600 * 1_000_000
MAX_TOLD = 100_000
"""Devices of which it is remembered what was stored: 50 MB. With more it is stored again."""


class UnusedOf(dict[int, dict[str, Micros]]):
    """Of a batch: by device id the names of members, and when they came last."""

    def note(self, device: int, names: tuple[str, ...], received: Micros) -> None:
        """Note members of a message."""
        noted = self.setdefault(device, {})
        for name in names:
            if name in noted or len(noted) < MAX_UNUSED:
                noted[name] = received


class _ToStore(UnusedOf):
    """Those of a batch that are to be stored."""


class UnusedMembers(Stage):
    """Stores which members of a device's messages are not used."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, Micros]] = {}

    async def restore(self, conn: Connection) -> None:
        """Remember what is stored."""
        self._told = {}
        cursor = await conn.execute(SQL.told, {"most": MAX_TOLD})
        for device, name, at in await cursor.fetchall():
            self._told.setdefault(device, {})[name] = to_micros(at)

    def steps(self, batch: Batch) -> Iterator[None]:
        """Find those that are not stored yet, or were stored long ago."""
        found = _ToStore()
        for device, names in batch.of(UnusedOf).items():
            told = self._told.get(device, {})
            for name, at in names.items():
                known = told.get(name)
                room = known is not None or len(told) + len(found.get(device, ())) < MAX_UNUSED
                if room and (known is None or at - known >= TOLD_EVERY):
                    found.setdefault(device, {})[name] = at
        if found:
            batch.put(found)
        return iter(())

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Insert them, or set when they came last."""
        rows = [(device, *row) for device, names in batch.of(_ToStore).items() for row in names.items()]
        if rows:
            devices, names, at = zip(*rows, strict=True)
            values = {"devices": [*devices], "names": [*names], "at": [from_micros(each) for each in at]}
            await conn.execute(SQL.unused, values)

    def adopt(self, batch: Batch) -> None:
        """Remember what was stored."""
        for device, names in batch.of(_ToStore).items():
            if len(self._told) >= MAX_TOLD:
                self._told.clear()
            self._told.setdefault(device, {}).update(names)
