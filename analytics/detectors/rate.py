"""Rate: a change per second that its series has not made."""

from typing import Any

import numpy as np

from analytics.detectors import occupancy
from analytics.detectors.compiled import compiled
from analytics.detectors.level import surprise

DTYPE = np.dtype([("seen", occupancy.DTYPE), ("last", "i8"), ("value", "f8")])


@compiled
def rate(s: Any, ts: int, x: float) -> float:
    """Change per second since the reading before; NaN at the first."""
    return np.nan if s.last == 0 else (x - s.value) / ((ts - s.last) / 1e6)


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise at the rate."""
    now = rate(s, ts, x)
    return 0.0 if np.isnan(now) else surprise(occupancy.distance(s.seen, now))


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Remember the rate and the reading."""
    now = rate(s, ts, x)
    if not np.isnan(now):
        occupancy.add(s.seen, ts, now)
    s.last, s.value = ts, x
