"""The detectors that there are, by name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import ensemble, rate, rhythm, shape, spread, tail
from analytics.detectors.detector import Floats, Ints, Kind


def _weighted(name: str, weights: tuple[float, ...], told: int = 0) -> Kind:
    given = np.array(weights)

    def advance(
        state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats
    ) -> None:
        ensemble.advance(state, at, ts, value, hour, given, parts, scores)

    return Kind(name, ensemble.DTYPE, ensemble.PARTS, advance, told)


def _alone(part: str) -> tuple[float, ...]:
    return tuple(float(part == one) for one in ensemble.PARTS)


KINDS = {
    kind.name: kind
    for kind in (
        _weighted("ensemble", ensemble.WEIGHTS, ensemble.TOLD),
        *(_weighted(part, _alone(part)) for part in ensemble.PARTS),
        Kind("rate", rate.DTYPE, ("rate",), rate.advance),
        Kind("rhythm", rhythm.DTYPE, ("rhythm",), rhythm.advance),
        Kind("shape", shape.DTYPE, ("shape",), shape.advance),
        Kind("spread", spread.DTYPE, ("spread",), spread.advance),
        Kind("tail", tail.DTYPE, ("tail",), tail.advance),
    )
}
"""The ensemble, each of its parts alone, and those that it does without: docs/DETECTION.md tells why."""
