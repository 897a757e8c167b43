"""Sample payloads for a profile, with values that trigger no rule."""

from collections.abc import Mapping
from typing import Any


def example_of(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Sample value for the first metric of a profile; empty when it has no metrics."""
    return {name: at_rest(spec.get("min"), spec.get("max")) for name, spec in list(metrics.items())[:1]}


def at_rest(low: float | None, high: float | None) -> float:
    """Zero, or the bound of the range nearest to zero; mid-range values could raise an alert."""
    if low is not None and low > 0:
        return low
    return high if high is not None and high < 0 else 0
