"""What is told of the threshold that a level has crossed."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from analytics.rules.crossing import crossing_of
from analytics.rules.definitions import ThresholdRule
from hub.alerts.reasons_told import why_told
from hub.words import Lang

RULE = ThresholdRule(
    1, "flood", 1, "level", "Level", True, (None, 3.0, 4.0, None), 0.2, 60_000_000, 300_000_000, version=7
)


@pytest.mark.parametrize(
    ("change", "risen", "value", "threshold", "lang", "told"),
    [
        ({}, True, 4.31, 4.0, "en", "4.31 is 0.31 above the threshold of 4; held for 60 s; version 7 of its rule"),
        ({}, True, 4.31, 4.0, "zh", "4.31 高于阈值 4，高出 0.31；持续 60 秒；规则第 7 版"),
        (
            {}, False, 3.5, 4.0, "en",
            "3.5 is 0.5 below the threshold of 4; hysteresis 0.2; back for 300 s; version 7 of its rule",
        ),
        ({"above": False, "hold": 0}, True, 4.0, 4.0, "en", "4 is at the threshold of 4; version 7 of its rule"),
        (
            {"signal": "silence", "hysteresis": 0.0}, True, 7200.0, 3600.0, "en",
            "2 h is 1 h above the threshold of 1 h; version 7 of its rule",
        ),
        ({"version": None, "hold": 0}, True, math.nan, 4.0, "en", ""),
        ({"hold": 0}, True, 4.0, None, "en", "version 7 of its rule"),
    ],
)  # fmt: skip
def test_the_threshold_that_was_crossed_is_told(
    change: dict[str, Any], risen: bool, value: float, threshold: float | None, lang: Lang, told: str
) -> None:
    rule = replace(RULE, **change)
    crossed = crossing_of(rule, risen, value, threshold)
    stored = json.loads(json.dumps({"signal": rule.signal, "rule": crossed}, allow_nan=False))
    assert why_told(stored, lang) == told
