"""What is measured that is a danger."""

import pytest

from hub.danger import finds_danger


@pytest.mark.parametrize(
    ("metric", "expression", "signal", "category", "danger"),
    [
        ("ch4", None, "value", "municipal", True),
        ("ch4", None, "silence", "municipal", False),
        ("co", None, "value", "fire", True),
        ("co", None, "value", None, True),
        ("co", None, "value", "environment", False),
        ("level", None, "value", "water", True),
        ("level", None, "rate", "water", True),
        ("level", None, "value", None, False),
        ("temperature", None, "value", "fire", True),
        ("temperature", None, "value", "pole", False),
        ("temperature", "temperature > 60.0 && smoke > 5.0", "value", "pole", True),
        ("temperature", "temperature > 60.0", "value", "pole", False),
    ],
)
def test_danger_is_what_a_rule_measures_not_that_nothing_comes(
    metric: str, expression: str | None, signal: str, category: str | None, danger: bool
) -> None:
    assert finds_danger(metric, expression, signal, category) is danger
