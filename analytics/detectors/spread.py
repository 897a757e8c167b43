"""Spread: a value far from the median of its series, in units of the spread to its side.

Quartiles are followed by small steps, up or down at each reading, whose size is a share of the spread: a sketch of the
recent past that no single reading can move.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import news
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints

STEP = 0.02
"""Of the spread, at each reading, once the series is settled."""
FAR = 2.0
"""Distances up to so many spreads are ordinary."""

SKETCH = np.dtype([("low", "f8"), ("middle", "f8"), ("high", "f8"), ("count", "f8")])
"""Quartiles, and how many readings they come from."""
DTYPE = np.dtype([("last", "i8"), ("news", news.DTYPE), ("sketch", SKETCH)])


@compiled
def far(s: Any, x: float) -> float:
    """Distance of `x` from the median, in spreads of its side; 0 for the first readings and while all are equal."""
    side = s.high - s.middle if x > s.middle else s.middle - s.low
    side = max(side, 0.1 * (s.high - s.low))
    return 0.0 if s.count < 32 or side <= 0.0 else min(abs(x - s.middle) / side, 1e9)


@compiled
def learn(s: Any, x: float) -> None:
    """Move the quartiles towards `x`."""
    s.count += 1.0
    if s.count == 1.0:
        s.low = s.middle = s.high = x
        return
    if s.high <= s.low:
        s.low, s.high = min(s.low, x), max(s.high, x)
    step = (s.high - s.low) * max(STEP, 1.0 / s.count)
    if not math.isfinite(step):
        return
    s.low += step * (0.5 if x > s.low else -1.5)
    s.middle += step if x > s.middle else -step
    s.high += step * (1.5 if x > s.high else -0.5)
    s.low, s.high = min(s.low, s.middle), max(s.high, s.middle)


@compiled
def advance(state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats) -> None:
    """As `ensemble.advance`, without weights; `parts` is (n, 1)."""
    for i in range(len(at)):
        s, x = state[at[i]], value[i]
        if s.news.count > 0.0 and ts[i] <= s.last:
            continue
        parts[i, 0] = math.log(max(far(s.sketch, x) / FAR, 1.0))
        learn(s.sketch, x)
        scores[i] = news.score(s.news, parts[i, 0])
        s.last = ts[i]
