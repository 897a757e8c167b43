"""Season: a value that its hour of the day does not know, and a stay away from the day's usual course.

The usual course is a mean for each hour of workdays and of days of rest, learned as it comes. An hour that was met on
too few such days goes by the same hour of the other days.
"""

import math
from typing import Any

import numpy as np

from analytics.detectors import occupancy
from analytics.detectors.compiled import compiled
from analytics.detectors.level import surprise

FEW = 3
"""An hour's mean counts from so many readings on."""
MEMORY = 60.0
"""Readings of an hour, about: older ones fade."""
STAY = 16.0
"""Readings over which a stay away is averaged, about."""

DTYPE = np.dtype(
    [
        ("off", occupancy.DTYPE),
        ("away", occupancy.DTYPE),
        ("mean", "f8", (48,)),  # minus `base`
        ("count", "u1", (48,)),
        ("base", "f8"),
        ("stay", "f8"),
        ("begun", "i8"),
    ]
)


@compiled
def _slot(s: Any, hour: int) -> int:
    if s.count[hour] >= FEW:
        return hour
    other = hour - 24 if hour >= 24 else hour + 24
    return other if s.count[other] >= FEW else -1


@compiled
def expected(s: Any, hour: int) -> float:
    """The usual value at an hour (0 .. 23 of a workday, 24 .. 47 of a day of rest); NaN while it is not known."""
    slot = _slot(s, hour)
    return np.nan if slot < 0 else s.base + s.mean[slot]


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise at how far `x` is from what is usual at its hour."""
    usual = expected(s, hour)
    return 0.0 if np.isnan(usual) else surprise(occupancy.distance(s.off, x - usual))


@compiled
def score_stay(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise at how far the readings up to `x` have stayed from what is usual."""
    usual = expected(s, hour)
    if np.isnan(usual):
        return 0.0
    return surprise(occupancy.distance(s.away, s.stay + (x - usual - s.stay) / STAY))


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Remember how far `x` was off, and move the mean of its hour."""
    if s.begun == 0:
        s.begun, s.base = 1, x
        occupancy.add(s.off, ts, 0.0)  # as usual is where distances are measured from
        occupancy.add(s.away, ts, 0.0)
    usual = expected(s, hour)
    off = x - usual
    if math.isfinite(off):
        s.stay += (off - s.stay) / STAY
        occupancy.add(s.off, ts, off)
        occupancy.add(s.away, ts, s.stay)
    change = x - s.base - s.mean[hour]
    if math.isfinite(change):
        if s.count[hour] < MEMORY:
            s.count[hour] += 1
        s.mean[hour] += change / s.count[hour]
