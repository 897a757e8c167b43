"""Which threshold a level crossed and by how much, as it is kept with a change of an alert. Pure."""

import math

from analytics.rules.definitions import ThresholdRule
from hub.models import Micros
from hub.signals import GROWING, Crossing


def crossing_of(rule: ThresholdRule, risen: bool, value: float, threshold: float | None) -> Crossing:
    """Of a rule as it is now. `risen`: the level was reached by the value; else it fell back from the threshold.

    Times and hysteresis are left out that the rule has not, and that do not count for what it watches.
    """
    lasts: Micros = rule.hold if risen else rule.clear
    told: Crossing = {
        "version": rule.version,
        "value": rounded(value),
        "threshold": threshold,
        "by": None if threshold is None else rounded(abs(value - threshold)),
    }
    if rule.expression is not None or rule.signal not in GROWING:
        if rule.hysteresis and not risen:
            told["hysteresis"] = rule.hysteresis
        if lasts:
            told["hold_s" if risen else "clear_s"] = lasts / 1e6
    return told


def rounded(number: float) -> float | None:
    """Six digits are enough for people; what is not known is None, for JSON has no NaN."""
    return float(f"{number:.6g}") if math.isfinite(number) else None
