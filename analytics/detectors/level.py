"""Level: a value that lies away from all that its series has taken."""

import math
from typing import Any

import numpy as np

from analytics.detectors import occupancy
from analytics.detectors.compiled import compiled

DTYPE = np.dtype([("seen", occupancy.DTYPE)])
GAP = 0.011
"""A distance that counts, as a share of the range: about one bin and a half."""


@compiled
def surprise(distance: float) -> float:
    """What a distance is worth: linear while small, then by its logarithm."""
    return math.log1p(distance / GAP)


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise of value `x`; 0 for one that was there before. Shift and scale make no difference."""
    return surprise(occupancy.distance(s.seen, x))


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Remember the value."""
    occupancy.add(s.seen, ts, x)
