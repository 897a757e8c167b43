"""Threshold rules against the range of what they watch: one that could never page, or never end, is refused. Pure.

Readings outside the range of their metric are kept and looked at by no rule (hub/quality.py). Signals have ranges of
their own: a score goes from 0 to 1, a gap is more than 0 seconds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.quality import FINITE_LIMIT
from hub.words.sentence import Sentence

RANGES: Mapping[str, Mapping[str, float]] = {
    "score": {"min": 0, "max": 1},
    "gap": {"min": 0},
    "silence": {"min": 0, "max": 31536000},
    "flat": {"min": 0, "max": 31536000},
    "excess": {"min": 0},
    "unshared": {"min": 0},
    "rate": {},
    "residual": {},
    "expression": {},
    "truth": {"min": 0, "max": 1},
}
"""Of each signal but the value; of expressions that are calculated, and that are true (1) or false (0)."""


class RangeFault(NamedTuple):
    """What of a rule cannot work."""

    pointer: str
    problem: Sentence


def range_fault(rule: Mapping[str, Any], spec: Mapping[str, Any]) -> RangeFault | None:
    """First fault of a rule (metric, signal, direction, thresholds, hysteresis) on a metric (min, max), or None."""
    signal = rule["signal"]
    of = "rule" if signal == "value" else "signal"
    spec = RANGES.get(signal, spec)
    low, high = _bound(spec, "min", -FINITE_LIMIT), _bound(spec, "max", FINITE_LIMIT)
    known = {"metric": rule["metric"]} if signal == "value" else {"signal": signal}
    above = rule["direction"] == "above"
    for level, threshold in rule["thresholds"].items():
        if threshold > high if above else threshold < low:
            problem = Sentence(f"refusal.{of}.never_pages", value=_shown(threshold), range=_range(spec), **known)
            return RangeFault(f"/thresholds/{level}", problem)
    mildest = min(rule["thresholds"].values()) if above else max(rule["thresholds"].values())
    end = mildest - rule["hysteresis"] if above else mildest + rule["hysteresis"]
    if low < end if above else end < high:
        return None
    if rule["hysteresis"] and (low < mildest if above else mildest < high):
        room = mildest - low if above else high - mildest
        problem = Sentence(
            f"refusal.{of}.hysteresis", value=_shown(end), room=_shown(room), range=_range(spec), **known
        )
        return RangeFault("/hysteresis", problem)
    level = next(level for level, threshold in rule["thresholds"].items() if threshold == mildest)
    return RangeFault(
        f"/thresholds/{level}", Sentence(f"refusal.{of}.always", value=_shown(mildest), range=_range(spec), **known)
    )


def _bound(spec: Mapping[str, Any], name: str, unbounded: float) -> float:
    given = spec.get(name)
    return unbounded if given is None else float(given)


def _range(spec: Mapping[str, Any]) -> Sentence:
    low, high = spec.get("min"), spec.get("max")
    if low is not None and high is not None:
        return Sentence("range.both", low=_shown(low), high=_shown(high))
    if low is not None:
        return Sentence("range.low", low=_shown(low))
    if high is not None:
        return Sentence("range.high", high=_shown(high))
    return Sentence("range.none", limit=_shown(FINITE_LIMIT))


def _shown(value: float) -> str:
    return f"{value:.12g}"
