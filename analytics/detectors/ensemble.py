"""The ensemble: what the detectors say of a reading, as one score of which 0.99 means the same for every series."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import discrete, excess, level, news, occupancy, seasonal, stuck
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints

PARTS = ("level", "season", "stay", "stuck", "discrete")
WEIGHTS = (1.0, 0.5, 0.2, 0.4, 0.4)

DTYPE = np.dtype(
    [
        ("last", "i8"),  # time of the newest reading
        ("news", news.DTYPE),
        ("level", level.DTYPE),
        ("season", seasonal.DTYPE),
        ("stuck", stuck.DTYPE),
        ("discrete", discrete.DTYPE),
        ("excess", excess.DTYPE),
    ]
)


TOLD = 9
"""Columns beside the parts: the change an hour since the reading before, the distance from what is usual at the hour,
the seconds since the reading before (0: it was not learned), from where to where values at the hour went, the excess
and what it is of, and the excess that neighbours do not share and what that is of."""


@compiled
def _weighed(weights: Floats, part: Floats) -> float:
    surprise = 0.0
    for k in range(len(weights)):
        surprise += weights[k] * part[k]
    return surprise


@compiled
def _tell(s: Any, t: int, x: float, h: int, told: Floats) -> None:
    """By the state before the reading; NaN for what is not known. `stuck` has the value before. `excess` learns it."""
    first = s.news.count == 0.0
    told[0] = np.nan if first else (x - s.stuck.value) / ((t - s.last) / 3.6e9)
    usual = seasonal.expected(s.season, h)
    told[1] = x - usual
    told[2] = np.nan if first else (t - s.last) / 1e6
    told[3], told[4] = usual + occupancy.lowest(s.season.off), usual + occupancy.highest(s.season.off)
    told[5], told[6], told[7], told[8] = excess.follow(s.excess, t, x, s.last, s.stuck.value, told[1])


@compiled
def advance(
    state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, weights: Floats, parts: Floats, scores: Floats
) -> None:
    """Score each reading by the past of its series, then learn it; changes `state`, and fills `parts` and `scores`.

    `at` (n,) are places in `state`, readings of one place ascending in `ts` (n,) µs; `value` (n,) is finite, `hour`
    (n,) 0 .. 47 as in `seasonal`; `weights` (5,) and `parts` (n, 5) are in the order of PARTS, `scores` is (n,). A
    reading that is not newer than the newest of its series scores 0, and is not learned. With `parts` of (n, 5 + TOLD),
    and a weight for `stuck`, the other columns are told, too.
    """
    telling = parts.shape[1] > len(weights)
    for i in range(len(at)):
        s, t, x, h = state[at[i]], ts[i], value[i], hour[i]
        if s.news.count > 0.0 and t <= s.last:
            continue
        part = parts[i]
        if telling:
            _tell(s, t, x, h, part[len(weights) :])
        if weights[0] != 0.0:
            part[0] = level.score(s.level, t, x, h)
            level.learn(s.level, t, x, h)
        if weights[1] != 0.0 or weights[2] != 0.0:
            part[1] = seasonal.score(s.season, t, x, h)
            part[2] = seasonal.score_stay(s.season, t, x, h)
            seasonal.learn(s.season, t, x, h)
        if weights[3] != 0.0:
            part[3] = stuck.score(s.stuck, t, x, h)
            stuck.learn(s.stuck, t, x, h)
        if weights[4] != 0.0:
            part[4] = discrete.score(s.discrete, t, x, h)
            discrete.learn(s.discrete, t, x, h)
        scores[i] = news.score(s.news, _weighed(weights, part))
        s.last = t
