"""Sets the hub's own quality flags. Flagged readings are stored but never raise alerts."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from devices.registry.registry import Registry
from hub.models import Batch, Columns, Micros
from hub.quality import FINITE_LIMIT, Quality
from hub.stage import Stage
from hub.store.latest import Latest
from hub.watermark import in_counted_order

LONG_AGO: Micros = -(1 << 62)


class QualityFlags(Stage):
    """A deciding stage: compares a batch with the ranges of the registry and the newest committed readings."""

    def __init__(
        self,
        registry: Registry,
        latest: Latest,
        judged: Callable[[NDArray[np.int32]], NDArray[np.int64]] | None = None,
    ) -> None:
        """`judged` tells of series whose readings may come out of order how far they are judged."""
        self._registry, self._latest, self._judged = registry, latest, judged

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set LATE, OUT_OF_RANGE and NOT_A_NUMBER where they hold; running it again changes nothing."""
        readings = batch.readings
        if not len(readings):
            return
        yield
        self._latest.reserve(int(readings.series[-1]))
        series, value = readings.series, readings.value
        outside = (value < self._registry.low[series]) | (value > self._registry.high[series])
        readings.quality[outside] |= Quality.OUT_OF_RANGE
        readings.quality[~(np.abs(value) < FINITE_LIMIT)] |= Quality.NOT_A_NUMBER
        late = readings.ts < self._latest.watermark[series]
        if batch.order is not None:
            counted, rows = in_counted_order(batch)
            if rows is None:
                late |= overtaken(readings, batch.order)
            else:
                late[rows] |= overtaken(counted, batch.order[rows])
        if self._registry.longest_lateness:
            self._allow(batch, late)
        readings.quality[late] |= Quality.LATE

    def _allow(self, batch: Batch, late: NDArray[np.bool_]) -> None:
        """Decide anew, in the mask of what is late, readings that may come out of order."""
        counted, rows = in_counted_order(batch)
        some = np.flatnonzero(self._registry.lateness[counted.series])
        if not len(some):
            return
        mine, allowed = counted.where(some), self._registry.lateness[counted.series[some]]
        limit = np.maximum(self._latest.watermark[mine.series], LONG_AGO) - allowed
        if self._judged is not None:
            limit = np.maximum(limit, self._judged(mine.series))
        found = mine.ts < limit
        if batch.order is not None:
            order = batch.order[some if rows is None else rows[some]]
            found |= mine.ts + allowed < newest_before(mine, order)
        late[some if rows is None else rows[some]] = found


def overtaken(readings: Columns, order: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which readings came in a later message than a newer one of their series; sorted by (series, ts).

    `order` tells the message of each reading, in the order of their arrival.
    """
    same = readings.series[1:] == readings.series[:-1]
    late = np.zeros(len(readings), np.bool_)
    if not ((order[1:] < order[:-1]) & same).any():
        return late
    # From the end of each series on, the earliest arrival so far: series are kept apart by an offset that falls.
    group = np.append(0, np.cumsum(~same)) * np.int64(int(order.max()) + 1)
    earliest = np.minimum.accumulate((order + group)[::-1])[::-1] - group
    late[:-1] = same & (earliest[1:] < order[:-1])
    return late


def newest_before(readings: Columns, order: NDArray[np.int32]) -> NDArray[np.int64]:
    """Of each reading the newest time of its series in earlier messages; LONG_AGO where there is none."""
    at = np.lexsort((order, readings.series))
    series, message = readings.series[at], order[at]
    times, rank = np.unique(readings.ts[at], return_inverse=True)
    group = np.cumsum(np.append(True, series[1:] != series[:-1])) - 1
    so_far = np.maximum.accumulate(rank + group * len(times)) - group * len(times)
    begins = np.append(True, (series[1:] != series[:-1]) | (message[1:] != message[:-1]))
    first = np.maximum.accumulate(np.where(begins, np.arange(len(at)), 0))
    before = first - 1
    known = (before >= 0) & (series[before] == series)
    found = np.full(len(at), LONG_AGO)
    found[at] = np.where(known, times[so_far[before]], LONG_AGO)
    return found
