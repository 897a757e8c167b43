"""Codes that no table knows, by device: what came is kept under a name by its code, and an integrator is told of it.

They are stored when they are seen for the first time, and again every TOLD_EVERY while they keep coming, so that a kill
costs at most so much of their count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from devices.code_mapping import Unknown
from devices.codecs.code_table import What
from hub.models import Batch, Micros, from_micros, to_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

TOLD_EVERY: Micros = 60 * 1_000_000
MAX_CODES = 50
"""Codes of a device that are listed: protects from a device that invents codes."""
MAX_TOLD = 100_000
"""Devices of which it is remembered what was stored: 50 MB. With more it is stored again."""

Code = tuple[str, What, str]
"""Protocol, what, code."""


@dataclass(slots=True, frozen=True)
class Seen:
    """How often a code came, and with what last."""

    count: int
    first: Micros
    last: Micros
    example: str


class UnmappedOf(dict[int, dict[Code, Seen]]):
    """Of a batch: by device id the codes that came."""

    def note(self, device: int, unknown: Iterable[Unknown], received: Micros) -> None:
        """Note the codes of a message."""
        noted = self.setdefault(device, {})
        for protocol, what, code, example in unknown:
            key = protocol, what, code
            if (before := noted.get(key)) is not None:
                noted[key] = Seen(before.count + 1, before.first, received, example)
            elif len(noted) < MAX_CODES:
                noted[key] = Seen(1, received, received, example)


class _ToStore(UnmappedOf):
    """Those of a batch that are to be stored."""


class UnmappedCodes(Stage):
    """Stores which codes of a device no table knows, and how often they came."""

    def __init__(self) -> None:
        self._told: dict[int, dict[Code, Micros]] = {}
        """When each was stored last."""
        self._waiting: dict[int, dict[Code, Seen]] = {}
        """What came since then."""

    async def restore(self, conn: Connection) -> None:
        """Remember what is stored."""
        self._told, self._waiting = {}, {}
        cursor = await conn.execute(SQL.told, {"most": MAX_TOLD})
        for device, protocol, what, code, at in await cursor.fetchall():
            self._told.setdefault(device, {})[protocol, what, code] = to_micros(at)

    def steps(self, batch: Batch) -> Iterator[None]:
        """Find those that are not stored yet, or were stored long ago."""
        found = _ToStore()
        for device, codes in batch.of(UnmappedOf).items():
            told, waiting = self._told.get(device, {}), self._waiting.get(device, {})
            for code, seen in codes.items():
                known = told.get(code)
                room = known is not None or len(told) + len(found.get(device, ())) < MAX_CODES
                if room and (known is None or seen.last - known >= TOLD_EVERY):
                    found.setdefault(device, {})[code] = _added(waiting.get(code), seen)
        if found:
            batch.put(found)
        return iter(())

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Insert them, or add to their count."""
        rows = [(device, *code, seen) for device, codes in batch.of(_ToStore).items() for code, seen in codes.items()]
        if rows:
            devices, protocols, whats, codes, seen = zip(*rows, strict=True)
            values = {
                "devices": [*devices],
                "protocols": [*protocols],
                "whats": [*whats],
                "codes": [*codes],
                "counts": [each.count for each in seen],
                "first": [from_micros(each.first) for each in seen],
                "last": [from_micros(each.last) for each in seen],
                "examples": [each.example for each in seen],
            }
            await conn.execute(SQL.unmapped, values)

    def adopt(self, batch: Batch) -> None:
        """Remember what was stored, and count what was not."""
        stored = batch.of(_ToStore)
        for device, codes in batch.of(UnmappedOf).items():
            if len(self._told) >= MAX_TOLD:
                self._told, self._waiting = {}, {}
            told, waiting = self._told.setdefault(device, {}), self._waiting.setdefault(device, {})
            for code, seen in codes.items():
                if code in stored.get(device, ()):
                    told[code] = seen.last
                    waiting.pop(code, None)
                elif code in told:
                    waiting[code] = _added(waiting.get(code), seen)


def _added(before: Seen | None, seen: Seen) -> Seen:
    return seen if before is None else replace(seen, count=before.count + seen.count, first=before.first)
