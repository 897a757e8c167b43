"""Tail: how improbable a value is by the tail of its series, fitted to the excesses over a high quantile.

Distances from the median that exceed their own 98 % quantile have, by extreme-value theory, an exponential tail once
they are taken by their logarithm; its mean is followed, and tells how often a distance like this one is to be expected.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import news, spread
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints

SHARE = 0.02
"""Of the readings lie beyond the quantile."""
STEP = 0.02
MEMORY = 50.0
"""Excesses, about, from which the tail is known."""
HARDLY = 0.05
"""The mean excess is at least this: a tail is not taken to be thinner."""

DTYPE = np.dtype(
    [
        ("last", "i8"),
        ("news", news.DTYPE),
        ("sketch", spread.SKETCH),
        ("quantile", "f8"),  # of the logarithm of the distance
        ("excess", "f8"),
        ("excesses", "f8"),
    ]
)


@compiled
def advance(state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats) -> None:
    """As `spread.advance`; the part is the logarithm of how many such quantiles a value is worth."""
    for i in range(len(at)):
        s, x = state[at[i]], value[i]
        if s.news.count > 0.0 and ts[i] <= s.last:
            continue
        distance = math.log1p(spread.far(s.sketch, x))
        spread.learn(s.sketch, x)
        beyond = distance - s.quantile
        if distance > 0.0 and beyond > 0.0:
            if s.excesses > 0.0:
                parts[i, 0] = beyond / max(s.excess, HARDLY)
            s.excesses += 1.0
            s.excess += (beyond - s.excess) / min(MEMORY, s.excesses)
        s.quantile = max(0.0, s.quantile + STEP * ((1.0 if beyond > 0.0 else 0.0) - SHARE))
        scores[i] = news.score(s.news, parts[i, 0])
        s.last = ts[i]
