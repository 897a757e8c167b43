"""Excess: how many times as far as ever before, in weeks, a series goes from what it does; 1 is as far as ever.

Followed are the stay away from what is usual at the hour, upwards and downwards, the largest step, the unrest from
reading to reading, how long one value stays, and how often readings come. Each is held against the farthest that it
went on the days before yesterday: what creeps in does not become usual while it grows. The farthest fades to half in
ten weeks, and a day raises it to GROWTH times as much at most: one fault blinds for no longer than that.

Shift and scale of the values make no difference. Nothing is said of distances beyond FARTHEST, or within 1 / FARTHEST.
"""

import math
from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled
from hub.models import Micros

NAMES = ("above", "below", "step", "unrest", "slow", "fast", "run")
UP, DOWN, STEP, UNREST, SLOW, FAST, RUN = range(len(NAMES))
OF = len(NAMES)

DAY: Micros = 86_400_000_000
DAYS = 14
"""Nothing is said before so many days with readings have begun after the first: each weekday was there twice."""
FADE = 0.99
"""Of the farthest, a day with readings."""
GROWTH = 2.0
STAY_S = 3 * 3600.0
"""Over which a stay away is averaged, about; a reading stands for SPAN_S of it at most."""
SPAN_S = 1800.0
SOME = 12.0
"""Readings over which unrest and rhythm are averaged, about."""
LONG = 12.0
"""So many equal readings are as far as ever, where values change more often."""
FARTHEST = 1e30

DTYPE = np.dtype(
    [
        ("stay", "f8"),
        ("unrest", "f8"),
        ("change", "f8"),  # that the reading before brought
        ("far", "f4", (OF,)),  # the farthest of the days before yesterday
        ("before", "f4", (OF,)),  # of yesterday
        ("today", "f4", (OF,)),
        ("gap", "f4"),  # mean seconds between readings
        ("run", "f4"),  # equal readings
        ("days", "i4"),
        ("day", "i4"),  # since 1970
        ("count", "f4"),  # SOME + 1 at most
    ]
)


@compiled
def _turn(s: Any, day: int) -> None:
    """Begin a day."""
    for k in range(OF):
        most = s.before[k]
        if s.days >= DAYS and s.far[k] > 0.0:
            most = min(most, s.far[k] * GROWTH)
        s.far[k] = max(s.far[k] * FADE, most)
        s.before[k], s.today[k] = s.today[k], 0.0
    s.days, s.day = min(s.days + 1, DAYS), day


@compiled
def _learn(s: Any, gap: float, change: float, residual: float) -> None:
    """Take a reading into the means."""
    s.count = min(s.count + 1.0, SOME + 1.0)
    share = 1.0 / min(SOME, s.count - 1.0)
    if math.isfinite(residual):
        s.stay += (residual - s.stay) * -math.expm1(-min(gap, SPAN_S) / STAY_S)
    unrest = abs(change - s.change)
    if math.isfinite(unrest):
        s.unrest += (unrest - s.unrest) * share
        s.change = change
    s.gap += (gap - s.gap) * share
    s.run = s.run + 1.0 if change == 0.0 else 1.0


@compiled
def _now(s: Any, k: int, change: float) -> float:
    """How far the k-th of NAMES goes."""
    if k == UP:
        return float(s.stay)
    if k == DOWN:
        return float(-s.stay)
    if k == STEP:
        return abs(change)
    if k == UNREST:
        return float(s.unrest)
    if k == SLOW:
        return float(s.gap)
    return float(1.0 / s.gap if k == FAST else max(s.run, LONG))


@compiled
def follow(s: Any, ts: int, x: float, last: int, value: float, residual: float) -> tuple[float, int]:
    """Learn a reading; its excess, 0 while it is not known, and of which of NAMES.

    `last` and `value` are of the reading before; `residual` is how far it is from what is usual, or NaN.
    """
    day = ts // DAY
    if s.count == 0.0:
        s.count, s.day, s.run = 1.0, day, 1.0
        return 0.0, 0
    if day != s.day:
        _turn(s, day)
    change = x - value
    _learn(s, (ts - last) / 1e6, change, residual)
    most, which = 0.0, 0
    for k in range(OF):
        now = _now(s, k, change)
        if not 1.0 / FARTHEST < now < FARTHEST:
            continue
        s.today[k] = max(s.today[k], now)
        if s.far[k] > 0.0 and now > most * s.far[k]:
            most, which = now / s.far[k], k
    return (most, which) if s.days >= DAYS else (0.0, 0)
