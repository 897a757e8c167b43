"""Rate: a change per second that its series has not made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import news, occupancy
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints
from analytics.detectors.level import surprise

_RATE = np.dtype([("seen", occupancy.DTYPE), ("last", "i8"), ("value", "f8")])
DTYPE = np.dtype([("last", "i8"), ("news", news.DTYPE), ("rate", _RATE)])


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


@compiled
def advance(state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats) -> None:
    """As `spread.advance`."""
    for i in range(len(at)):
        s, t, x, h = state[at[i]], ts[i], value[i], hour[i]
        if s.news.count > 0.0 and t <= s.last:
            continue
        parts[i, 0] = score(s.rate, t, x, h)
        learn(s.rate, t, x, h)
        scores[i] = news.score(s.news, parts[i, 0])
        s.last = t
