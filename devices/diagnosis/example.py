"""A message that fits a profile, to try a device with: harmless, for it is stored like any other."""

from collections.abc import Mapping
from typing import Any


def example_of(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """A reading of the first metric of a profile, at rest; empty where the profile has no metrics."""
    return {name: at_rest(spec.get("min"), spec.get("max")) for name, spec in list(metrics.items())[:1]}


def at_rest(low: float | None, high: float | None) -> float:
    """Zero, or the end of the range that is nearest to it: the middle of a range would page where there is a rule."""
    if low is not None and low > 0:
        return low
    return high if high is not None and high < 0 else 0
