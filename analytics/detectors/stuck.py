"""Stuck: a series that used to change has kept one value for longer than it ever did."""

import math
from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled

CHANGES = 32
"""A series counts as changing after so many changes of its value."""
LONG = 12.0
"""So many equal values are nothing yet."""

DTYPE = np.dtype([("value", "f8"), ("run", "f8"), ("longest", "f8"), ("changes", "i8")])


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise at `x`: 1 once the run is twice as long as the longest one, one more whenever it has doubled again."""
    if s.changes < CHANGES or x != s.value:
        return 0.0
    times = (s.run + 1.0) / max(2.0 * s.longest, LONG)
    return 0.0 if times < 1.0 else 1.0 + math.floor(math.log2(times))


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Count the run; the longest fades with each change, to half after some 700."""
    if x == s.value:
        s.run += 1.0
        return
    s.longest = max(s.run, s.longest * 0.999)
    s.value, s.run = x, 1.0
    s.changes += 1
