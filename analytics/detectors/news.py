"""From surprises to a score: what a series does often counts less, and one event is told once."""

import math
from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled

LEARNING = 48
"""Readings before a series is scored."""
MEMORY = 2000.0
"""Readings, about, over which it is counted how often a series surprises."""
HABIT = 2.0
"""How much a series that surprises often is discounted."""
QUIET = 24.0
"""Readings, about, in which a surprise is still the last one going on, unless it grows."""
UNIT = 0.11
"""A surprise beyond the habit that is worth a score of 1 - 1/e; 0.99 is 4.6 of them."""

DTYPE = np.dtype([("count", "f8"), ("habit", "f8"), ("going", "f8")])


@compiled
def score(s: Any, surprise: float) -> float:
    """The score, 0 .. 1, of the surprise that comes next; takes it over."""
    s.count += 1.0
    s.going *= 1.0 - 1.0 / QUIET
    if s.count <= LEARNING:
        return 0.0
    usual = surprise / (1.0 + HABIT * s.habit)
    news = max(0.0, usual - s.going)
    s.going = max(s.going, usual)
    s.habit += (surprise - s.habit) / min(MEMORY, s.count + 30.0)
    return -math.expm1(-news / UNIT)
