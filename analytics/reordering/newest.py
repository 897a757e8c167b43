"""The newest reading of each series that is judged: the newest of all, but where that one waits."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Ints, Judged
from devices.registry.arrays import grown
from hub.models import from_micros
from hub.quality import Quality
from hub.stage import Connection
from hub.store.latest import NEVER, Latest
from hub.store.statements import statements

SQL = statements(__name__)

Floats = NDArray[np.float64]
Found = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int16]]
_LATE = np.int16(Quality.LATE)


class Newest(Protocol):
    """What is known of series."""

    def of(self, series: NDArray[np.int64]) -> Found:
        """When the newest readings of series count (NEVER: there is none), their values and qualities."""


class NewestNews(NamedTuple):
    """What a batch makes of it."""

    over: NDArray[np.int32]
    """Series of which nothing waits any more."""
    series: NDArray[np.int32]
    """Of which readings wait; and when the newest one counts that is judged (NEVER: none is), with its value."""
    ts: Ints
    value: Floats
    quality: NDArray[np.int16]


class NewestJudged:
    """Changes with committed batches only, by `adopt` of Reordering."""

    def __init__(self, latest: Latest) -> None:
        """`latest` adopts a batch before this one does."""
        self.latest = latest
        self._waits: NDArray[np.bool_] = np.zeros(1024, np.bool_)
        """By series id, as the others; they count where this is set."""
        self._ts: Ints = np.full(1024, NEVER)
        self._value: Floats = np.zeros(1024)
        self._quality: NDArray[np.int16] = np.zeros(1024, np.int16)

    def of(self, series: NDArray[np.int64]) -> Found:
        """See `Newest`."""
        ts, value, quality = self.latest.of(series)
        if not len(series):
            return ts, value, quality
        self._reserve(int(series.max()))
        waits = self._waits[series]
        if not waits.any():
            return ts, value, quality
        return (
            np.where(waits, self._ts[series], ts),
            np.where(waits, self._value[series], value),
            np.where(waits, self._quality[series], quality),
        )

    def news(self, judged: Judged, touched: NDArray[np.int32], waiting: NDArray[np.int32]) -> NewestNews:
        """What is judged with a batch, of which readings of `touched` entered; `waiting` are the series, ascending, of
        which readings wait after it."""
        rows = np.flatnonzero(judged.readings.quality & _LATE == 0)
        of = judged.readings.series[rows]
        newest = rows[np.flatnonzero(np.append(of[1:] != of[:-1], True)[: len(of)])]
        changed = np.union1d(touched, judged.readings.series[newest])
        stays = np.isin(changed, waiting)
        series = changed[stays]
        ts, value, quality = self.of(series.astype(np.int64))  # copies
        mine = newest[np.isin(judged.readings.series[newest], series)]
        at = np.searchsorted(series, judged.readings.series[mine])
        newer = judged.readings.ts[mine] >= ts[at]
        at, mine = at[newer], mine[newer]
        ts[at], value[at] = judged.readings.ts[mine], judged.readings.value[mine]
        quality[at] = judged.readings.quality[mine]
        return NewestNews(changed[~stays].astype(np.int32), series.astype(np.int32), ts, value, quality)

    def adopt(self, news: NewestNews) -> None:
        """Take over what a committed batch has made of it."""
        self._reserve(int(max(news.over.max(initial=0), news.series.max(initial=0))))
        self._waits[news.over], self._waits[news.series] = False, True
        self._ts[news.series], self._value[news.series], self._quality[news.series] = news[2:]

    async def read(self, conn: Connection, waiting: NDArray[np.int32], since: Ints) -> None:
        """Read it of series of which readings wait, from the first that waits of each on backwards."""
        self._waits[:] = False
        if not len(waiting):
            return
        asked = {"series": waiting.tolist(), "first": [from_micros(at) for at in since.tolist()], "late": int(_LATE)}
        found = await (await conn.cursor(binary=True).execute(SQL.judged, asked)).fetchall()
        count, over = len(waiting), np.empty(0, np.int32)
        self.adopt(NewestNews(over, waiting, np.full(count, NEVER), np.zeros(count), np.zeros(count, np.int16)))
        for series, ts, value, quality in found:
            self._ts[series], self._value[series], self._quality[series] = ts, value, quality

    def _reserve(self, series: int) -> None:
        self._waits, self._ts = grown(self._waits, series, False), grown(self._ts, series, NEVER)
        self._value, self._quality = grown(self._value, series, 0.0), grown(self._quality, series, 0)
