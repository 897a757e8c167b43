"""The time at which a reading counts as new: its own, but never after its arrival.

A clock that is ahead would make late whatever comes after it is right again, until the time has caught up. So what is
newest of a series, and what rules take for its time, goes by this.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hub.models import Batch, Columns, Micros


class Ahead(list[int]):
    """Indices of the messages of a batch with times after their arrival."""


def counted_times(batch: Batch) -> NDArray[np.int64]:
    """Of each reading of a batch the time at which it counts; the array of their own times where none is ahead.

    Several of a series that are ahead in one message stay apart, by a microsecond each, in their order.
    """
    readings, order = batch.readings, batch.order
    arrivals: Mapping[int, Micros] = {index: batch.raws[index].received for index in batch.of(Ahead)}
    if not arrivals or order is None:
        return readings.ts
    times, later = readings.ts.copy(), dict[tuple[int, int], int]()
    for row in reversed(np.flatnonzero(np.isin(order, list(arrivals))).tolist()):
        key = int(order[row]), int(readings.series[row])
        if times[row] > arrivals[key[0]] - later.get(key, 0):
            times[row] = arrivals[key[0]] - later.get(key, 0)
            later[key] = later.get(key, 0) + 1
    return times


def in_counted_order(batch: Batch) -> tuple[Columns, NDArray[np.int64] | None]:
    """The readings of a batch with the times at which they count, sorted by (series, time), and the rows they were.

    The readings themselves, and None, where none is ahead.
    """
    readings, times = batch.readings, counted_times(batch)
    if times is readings.ts:
        return readings, None
    rows = np.lexsort((batch.messages(), times, readings.series))
    return Columns(times, readings.series, readings.value, readings.quality).where(rows), rows
