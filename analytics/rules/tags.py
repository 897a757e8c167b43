"""Which devices have the tags that rules are limited to; tags that no rule names are never read."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from devices.registry.arrays import grown
from hub.stage import Connection
from hub.store.revision import NOTHING
from hub.store.statements import statements

SQL = statements(__name__)

Ids = NDArray[np.int32]


class Tags:
    """A byte for each device and tag. What was read counts once it is taken, between two batches."""

    def __init__(self) -> None:
        self._has: dict[str, NDArray[np.bool_]] = {}
        """By tag, by device id."""
        self._since = NOTHING
        self._news: list[tuple[str, Ids, Ids]] = []
        """Tags, with the devices that have them, and which were looked at; none of these: all were."""
        self._wanted: frozenset[str] = frozenset()

    def has(self, tag: str, device: int) -> bool:
        """Whether a device has a tag."""
        has = self._has.get(tag)
        return has is not None and device < len(has) and bool(has[device])

    def among(self, tag: str, devices: Ids) -> NDArray[np.bool_]:
        """Which of some devices have a tag."""
        has = self._has.get(tag)
        if has is None:
            return np.zeros(len(devices), np.bool_)
        found: NDArray[np.bool_] = (devices < len(has)) & has.take(devices, mode="clip")
        return found

    async def read(self, conn: Connection, wanted: Collection[str]) -> None:
        """Read which devices have these tags: of those known already what changed since the last look."""
        fresh = sorted(set(wanted) - self._wanted)
        known = sorted(self._wanted.intersection(wanted))
        since, news = self._since, list[tuple[str, Ids, Ids]]()
        if known or fresh:
            rows = await (await conn.execute(SQL.changed, {"tags": known, "since": since}, binary=True)).fetchall()
            for snapshot, changed, tag, having in rows:
                since = snapshot
                if tag is not None and changed:
                    news.append((tag, _ids(having), _ids(changed)))
        if fresh:
            rows = await (await conn.execute(SQL.having, {"tags": fresh}, binary=True)).fetchall()
            news += [(tag, _ids(having), np.empty(0, np.int32)) for tag, having in rows]
        self._news += news
        self._since, self._wanted = since, frozenset(wanted)

    def take(self) -> Ids:
        """Let what was read count; ids of the devices that have changed, ascending, without those of new tags."""
        news, self._news = self._news, []
        changed = [np.empty(0, np.int32)]
        for tag, having, some in news:
            has = self._has.get(tag, np.zeros(1, np.bool_)) if len(some) else np.zeros(1, np.bool_)
            has = grown(has, int(max(having.max(initial=0), some.max(initial=0))), False)
            has[some] = False
            has[having] = True
            self._has[tag] = has
            changed.append(some)
        for tag in self._has.keys() - self._wanted:
            del self._has[tag]
        return np.unique(np.concatenate(changed))


def _ids(packed: bytes | None) -> Ids:
    return np.frombuffer(packed or b"", ">i4").astype(np.int32)
