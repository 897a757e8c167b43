"""Shape: the last eight readings look like nothing that their series has shown.

Shapes that were seen are kept as up to SHAPES examples, each the mean of what was close to it; the one that was met
least gives way. Distances are in units of the range of the values.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import news
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints

LENGTH = 8
SHAPES = 32
CLOSE = 0.05
"""A mean distance a reading, as a share of the range, that counts as the same shape."""
FADE = 0.999

DTYPE = np.dtype(
    [
        ("last", "i8"),
        ("news", news.DTYPE),
        ("count", "i8"),
        ("low", "f8"),
        ("high", "f8"),
        ("base", "f8"),
        ("window", "f8", (LENGTH,)),
        ("met", "f4", (SHAPES,)),
        ("example", "f8", (SHAPES, LENGTH)),
    ]
)


@compiled
def _nearest(s: Any) -> tuple[int, float]:
    """(Example, its mean distance to the window); (-1, infinity) when there is none."""
    best, found = np.inf, -1
    for p in range(SHAPES):
        if s.met[p] <= 0.0:
            continue
        away = 0.0
        for k in range(LENGTH):
            away += abs(s.example[p, k] - s.window[k])
        if away < best:
            best, found = away, p
    return found, best / LENGTH


@compiled
def _step(s: Any, x: float) -> float:
    """Learn `x`; surprise at the shape that it ends."""
    if s.count == 0:
        s.base = s.low = s.high = x
    s.count += 1
    for k in range(LENGTH - 1):
        s.window[k] = s.window[k + 1]
    s.window[LENGTH - 1] = x - s.base
    s.low, s.high = min(s.low, x), max(s.high, x)
    extent = s.high - s.low
    if s.count < LENGTH or not 0.0 < extent < np.inf:
        return 0.0
    found, away = _nearest(s)
    away /= extent
    if found >= 0 and away <= CLOSE:
        for k in range(LENGTH):
            s.example[found, k] += 0.1 * (s.window[k] - s.example[found, k])
        s.met[found] += 1.0
        return 0.0
    least = 0
    for p in range(SHAPES):
        s.met[p] *= FADE
        if s.met[p] < s.met[least]:
            least = p
    s.met[least] = 1.0
    for k in range(LENGTH):
        s.example[least, k] = s.window[k]
    return 0.0 if found < 0 else math.log(away / CLOSE)


@compiled
def advance(state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats) -> None:
    """As `spread.advance`."""
    for i in range(len(at)):
        s = state[at[i]]
        if s.news.count > 0.0 and ts[i] <= s.last:
            continue
        parts[i, 0] = _step(s, value[i])
        scores[i] = news.score(s.news, parts[i, 0])
        s.last = ts[i]
