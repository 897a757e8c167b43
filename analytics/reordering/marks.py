"""How far each series with readings that may wait is judged, in memory as in the store."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.held import Held
from analytics.reordering.judged import LONG_AGO, Ints
from devices.registry.arrays import grown
from hub.models import from_micros
from hub.quality import Quality
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)
S = 1_000_000
EARLIEST, LATEST = -62_000_000_000 * S, 253_000_000_000 * S
"""What a datetime can tell, nearly."""
AT_ONCE = 500
"""Series whose readings are read at once: 2,000,000 readings at most, 56 MB; mostly some thousands."""


class News(NamedTuple):
    """New marks of series (n,), ascending."""

    series: NDArray[np.int32]
    until: Ints
    lateness: Ints
    """In microseconds."""
    gone: NDArray[np.int32]
    """Series that need none any more: they are judged as far as they have readings."""

    @classmethod
    def none(cls) -> "News":
        """Nothing new."""
        return cls(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32))


class Marks:
    """Marks by series id. What is older than the newest reading by `lateness` is judged without a mark being moved."""

    def __init__(self) -> None:
        self._until: Ints = np.full(1024, LONG_AGO)
        self._lateness: Ints = np.full(1024, -1)
        """-1: the series has no mark."""
        self.any = False
        """Whether some series may have one."""

    def reserve(self, series: int) -> None:
        """Ensure capacity for series ids up to `series`."""
        self._until, self._lateness = grown(self._until, series, LONG_AGO), grown(self._lateness, series, -1)

    def has(self, series: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which series have a mark."""
        return self._lateness.take(series, mode="clip") >= 0

    def lateness(self, series: NDArray[np.int32]) -> Ints:
        """With which allowed lateness their marks were noted; -1 where there is none."""
        return self._lateness[series]

    def judged(self, series: NDArray[np.int32], newest: Ints) -> Ints:
        """How far series are judged of which the newest reading counts at a time of each."""
        known, newest = self.has(series), np.maximum(newest, LONG_AGO)
        lateness, until = self._lateness.take(series, mode="clip"), self._until.take(series, mode="clip")
        return np.where(known, np.maximum(until, newest - lateness), newest)

    def adopt(self, news: News) -> None:
        """Take over new marks."""
        self._until[news.series], self._lateness[news.series] = news.until, news.lateness
        self._lateness[news.gone] = -1
        if len(news.series):
            self.any = True
        elif len(news.gone):
            self.any = bool((self._lateness >= 0).any())

    async def read(self, conn: Connection) -> datetime | None:
        """Take over the marks of the store; returns since when readings of some series may wait, None: none do."""
        found = await (await conn.cursor(binary=True).execute(SQL.marks)).fetchone()
        series, until, lateness, since = found or (b"", b"", b"", None)
        of = np.frombuffer(series, ">i4").astype(np.int32)
        self._lateness[:], self.any = -1, len(of) > 0
        if len(of):
            self.reserve(int(of[-1]))
            self._until[of] = np.frombuffer(until, ">i8")
            self._lateness[of] = np.frombuffer(lateness, ">i4").astype(np.int64) * S
        return since


async def write(conn: Connection, news: News) -> None:
    """Store new marks."""
    if len(news.gone):
        await conn.execute(SQL.forget, {"series": news.gone.tolist()})
    if len(news.series):
        until = [from_micros(at) for at in np.clip(news.until, EARLIEST, LATEST).tolist()]
        given = {"series": news.series.tolist(), "until": until, "lateness": (news.lateness // S).tolist()}
        await conn.execute(SQL.note, given)


async def read_waiting(conn: Connection, since: datetime, owned: Callable[[int], bool]) -> Held:
    """The readings of series that are `owned` and are not judged yet, all since a time.

    `latest` must be up to date (hub/store/latest.py). So many are they at most as the processes let wait that received
    their devices before: what is more is judged, in each of them, and a mark says so.
    """
    found = await (await conn.cursor(binary=True).execute(SQL.waiting_series)).fetchone() or (b"",)
    mine = [series for series in np.frombuffer(found[0], ">i4").tolist() if owned(series)]
    parts = [await _read_part(conn, since, mine[at : at + AT_ONCE]) for at in range(0, len(mine), AT_ONCE)]
    return Held.together(parts)


async def _read_part(conn: Connection, since: datetime, mine: list[int]) -> Held:
    """Sorted, as `mine` is."""
    asked = {"since": since, "late": int(Quality.LATE), "series": mine}
    columns = await (await conn.cursor(binary=True).execute(SQL.waiting, asked)).fetchone() or (b"",) * 5
    series, ts, own, value, quality = (
        np.frombuffer(column, kind) for column, kind in zip(columns, (">i4", ">i8", ">i8", ">f8", ">i2"), strict=True)
    )
    at = ts.astype(np.int64)
    return Held(
        series.astype(np.int32), at, own.astype(np.int64), value.astype(np.float64), quality.astype(np.int16), at
    ).in_order()
