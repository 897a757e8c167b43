"""Threshold rules that could never page, or never end, by the range of their metric."""

from typing import Any

import pytest

from api.rule_ranges import range_fault

DEPTH = {"name": "Depth", "unit": "cm", "min": 0, "max": 200}


def rule(direction: str, hysteresis: float = 0, signal: str = "value", **thresholds: float) -> dict[str, Any]:
    return {
        "metric": "depth", "signal": signal, "direction": direction, "thresholds": thresholds, "hysteresis": hysteresis
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "spec", "pointer", "said"),
    [
        (rule("above", yellow=15, red=201), DEPTH, "/thresholds/red", "201 is never reached: depth goes from 0 to 200"),
        (rule("below", blue=-1), DEPTH, "/thresholds/blue", "never reached"),
        (rule("above", red=1e300), {}, None, ""),
        (rule("above", red=2e300), {}, "/thresholds/red", "never reached"),
        (rule("above", 20, yellow=15, red=27), DEPTH, "/hysteresis", "ends beyond -5"),
        (rule("above", 15, yellow=15, red=27), DEPTH, "/hysteresis", "give less than 15"),
        (rule("below", 20, yellow=190, red=150), DEPTH, "/hysteresis", "give less than 10"),
        (rule("above", yellow=0, red=27), DEPTH, "/thresholds/yellow", "reached by every value"),
        (rule("above", 3, yellow=0, red=27), DEPTH, "/thresholds/yellow", "reached by every value"),
        (rule("below", red=200), DEPTH, "/thresholds/red", "reached by every value"),
        (rule("above", 14.9, yellow=15, red=200), DEPTH, None, ""),
        (rule("below", 9, yellow=190, red=0), DEPTH, None, ""),
        (rule("above", 1e6, yellow=15), {"max": 200}, None, ""),
        (rule("above", red=201), {"max": 200}, "/thresholds/red", "goes up to 200"),
        (rule("below", red=-5), {"min": 0}, "/thresholds/red", "goes from 0 up"),
        (rule("above", red=1), {"min": None, "max": None}, None, ""),
        (rule("above", 1.7e308, red=1), {}, "/hysteresis", "never end"),
        (rule("above", signal="score", red=0.99), DEPTH, None, ""),
        (
            rule("above", signal="score", red=99),
            DEPTH,
            "/thresholds/red",
            "99 is never reached: a score goes from 0 to 1",
        ),
        (rule("above", signal="score", red=0), DEPTH, "/thresholds/red", "reached by every reading"),
        (rule("above", 0.99, signal="score", red=0.99), DEPTH, "/hysteresis", "give less than 0.99"),
        (rule("below", signal="gap", red=-5), DEPTH, "/thresholds/red", "a gap goes from 0 up"),
        (rule("above", signal="residual", red=5000), DEPTH, None, ""),
        (rule("below", signal="rate", red=-5000), DEPTH, None, ""),
    ],
)
def test_what_cannot_work_is_found(given: dict[str, Any], spec: dict[str, Any], pointer: str | None, said: str) -> None:
    fault = range_fault(given, spec)
    assert (fault and fault.pointer) == pointer
    if fault is not None:
        assert said in fault.problem
        assert ("量程" if given["signal"] == "value" else "信号") in fault.problem.told("zh")
