"""Discrete values: a state that a series of few states has never had.

A series of more than STATES different values is not one of states, and nothing is said of it.
"""

import math
from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled

STATES = 12
SETTLED = 100.0
"""Without a new state for so many readings, the next one surprises."""

DTYPE = np.dtype([("state", "f8", (STATES,)), ("known", "i4"), ("many", "i4"), ("since", "f8")])


@compiled
def _is_known(s: Any, x: float) -> bool:
    for k in range(s.known):  # noqa: SIM110 no generators in compiled functions
        if s.state[k] == x:
            return True
    return False


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise at a new state: the logarithm of how long there was none, over SETTLED."""
    if s.many or s.known == 0 or _is_known(s, x):
        return 0.0
    return max(0.0, math.log(s.since / SETTLED))


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Remember the state."""
    s.since += 1.0
    if s.many or _is_known(s, x):
        return
    if s.known == STATES:
        s.many = 1
        return
    s.state[s.known] = x
    s.known += 1
    s.since = 0.0
