"""Measures become cues of 0 .. 1, and cues become a score."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Cue

NOTHING = Cue(0.0, {})


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, straight between; `low` may be the larger one."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def level(values: NDArray[Any], share: float) -> float:
    """The value that so large a share of some lies below; 0.5 is the middle. 0 of none."""
    flat = values.ravel()
    if not flat.size:
        return 0.0
    at = min(int(share * flat.size), flat.size - 1)
    return float(np.partition(flat, at)[at])


def burst(times: NDArray[Any], within_s: float) -> float:
    """The share of some times that lie within so many seconds of each other, where it is largest; 0 of none."""
    ordered = np.sort(times.ravel())
    within = np.searchsorted(ordered, ordered + within_s, "right") - np.arange(len(ordered))
    return float(within.max()) / len(ordered) if len(ordered) else 0.0


def together(cues: Iterable[float]) -> float:
    """The geometric mean of cues: one that is missing cannot be made up for by the others."""
    product, count = 1.0, 0
    for cue in cues:
        product *= max(cue, 0.01)
        count += 1
    return float(product ** (1.0 / count)) if count else 0.0


def told(score: float, cues: Mapping[str, float]) -> Cue:
    """A score with its evidence, as precise as anybody can use."""
    return Cue(min(max(score, 0.0), 1.0), {name: round(cue, 3) for name, cue in cues.items()})


def better(one: Cue, other: Cue) -> Cue:
    """The one with the higher score."""
    return one if one.score >= other.score else other


def vetoed(score: float, essential: Iterable[float]) -> float:
    """A score, of which a fifth is left where an essential cue is missing; from 0.3 on a cue takes nothing."""
    return score * min((0.2 + 0.8 * ramp(cue, 0.05, 0.3) for cue in essential), default=1.0)
