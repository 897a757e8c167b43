"""The hour of a day that detectors go by: workdays and days of rest have hours of their own."""

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import Ints
from hub.models import Micros

HOUR: Micros = 3_600_000_000
MONDAY = 4
"""The first Monday of the epoch, 1970-01-05, in days."""


def hours(ts: Ints, offset: Micros = 0, swapped: NDArray[np.int64] | None = None) -> Ints:
    """By time (n,) in µs, the local hour: 0 .. 23 of a workday, 24 .. 47 of a day of rest.

    `offset` is that of local time from UTC. `swapped` are days, counted from 1970-01-01 and sorted, that are not what
    their weekday says: public holidays, and workdays that make up for them.
    """
    count = (ts + offset) // HOUR
    day, hour = np.divmod(count, 24)
    rest = (day - MONDAY) % 7 >= 5
    if swapped is not None and len(swapped):
        place = np.searchsorted(swapped, day).clip(max=len(swapped) - 1)
        rest ^= swapped[place] == day
    result: Ints = hour + 24 * rest
    return result
