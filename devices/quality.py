"""Quality flags that the hub itself sets. Flagged readings are stored; they never page."""

import numpy as np

from devices.registry.registry import Registry
from hub.models import Batch
from hub.quality import FINITE_LIMIT, Quality
from hub.store.latest import Latest


class QualityFlags:
    """A deciding stage: compares a batch with the ranges of the registry and the newest committed readings."""

    def __init__(self, registry: Registry, latest: Latest) -> None:
        self._registry, self._latest = registry, latest

    def __call__(self, batch: Batch) -> None:
        """Set LATE, OUT_OF_RANGE and NOT_A_NUMBER where they hold; running it again changes nothing."""
        readings = batch.readings
        if not len(readings):
            return
        self._latest.reserve(int(readings.series[-1]))
        series, value = readings.series, readings.value
        outside = (value < self._registry.low[series]) | (value > self._registry.high[series])
        readings.quality[outside] |= Quality.OUT_OF_RANGE
        readings.quality[~(np.abs(value) < FINITE_LIMIT)] |= Quality.NOT_A_NUMBER
        readings.quality[readings.ts <= self._latest.ts[series]] |= Quality.LATE
