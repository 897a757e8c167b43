"""Sets the hub's own quality flags. Flagged readings are stored but never raise alerts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from devices.registry.registry import Registry
from hub.models import Batch, Columns
from hub.quality import FINITE_LIMIT, Quality
from hub.stage import Stage
from hub.store.latest import Latest
from hub.watermark import in_counted_order


class QualityFlags(Stage):
    """A deciding stage: compares a batch with the ranges of the registry and the newest committed readings."""

    def __init__(self, registry: Registry, latest: Latest) -> None:
        self._registry, self._latest = registry, latest

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
        readings.quality[late] |= Quality.LATE


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
