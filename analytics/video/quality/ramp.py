"""From a measure to a score."""


def ramp(value: float, none: float, sure: float) -> float:
    """0 at `none`, 1 at `sure`, 0.5 halfway, in a straight line; `none` may be above `sure`."""
    return min(1.0, max(0.0, (value - none) / (sure - none)))
