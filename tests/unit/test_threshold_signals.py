"""Rules on signals go by the same thresholds, on watches of their own."""

from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest

from analytics.detection.past import past_signals
from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, NEVER, Slots
from analytics.rules.thresholds import adopt, evaluate, warm_up
from hub.models import Columns
from hub.signals import LEARNED, Signals

NAN = float("nan")
HIGH = ThresholdRule(1, "high", 1, "level", "level", True, (None, None, 5.0, None))
UNUSUAL = ThresholdRule(2, "odd", 1, "level", "level", True, (None, None, 0.99, None), hold=2, signal="score")
RARE = ThresholdRule(3, "rare", 1, "level", "level", True, (60.0, None, None, None), signal="gap")


def slots_of(*rules: ThresholdRule, series: int = 4) -> Slots:
    slots = Slots()
    for rule in rules:
        slots.put(rule)
        slots.add(np.full(series, rule.id), np.arange(series))
    return slots


def readings(*value: float, start: int = 0) -> Columns:
    """One a microsecond, of series 0."""
    n = len(value)
    return Columns(start + np.arange(n), np.zeros(n, np.int32), np.array(value), np.zeros(n, np.int16))


def told(n: int, **columns: list[float]) -> Signals:
    score, rate, residual, gap, excess, unshared = (np.array(columns.get(name, [NAN] * n)) for name in LEARNED)
    return Signals(score, rate, residual, gap, excess, unshared)


def test_each_rule_sees_what_it_watches() -> None:
    slots = slots_of(UNUSUAL, HIGH, RARE, replace(RARE, id=4, signal="value"))
    assert {*slots.watches.by_signal} == {"score", "value", "gap"}
    found = evaluate(slots, readings(1, 9, 1, 1, 1), LONG_AGO, 9, None, told(
        5, score=[0.0, 1.0, 1.0, 0.999, 0.0], gap=[NAN, 1, 1, 61, 1]))  # fmt: skip
    by_rule = sorted((slots.rule(each.slot).id, each.ts, each.value, each.after) for each in found.transitions)
    assert by_rule == [
        (1, 1, 9.0, 3),
        (1, 2, 1.0, 0),
        (2, 3, 0.999, 3),
        (2, 4, 0.0, 0),
        (3, 3, 61.0, 1),
        (3, 4, 1.0, 0),
    ]


def test_a_hold_time_of_a_signal_ends_without_a_reading_and_what_is_unknown_changes_nothing() -> None:
    slots = slots_of(UNUSUAL)
    adopt(slots, evaluate(slots, readings(1, 1, 1), LONG_AGO, LONG_AGO, None, told(3, score=[0.0, 1.0, NAN])))
    [ripened] = evaluate(slots, Columns.empty(), LONG_AGO, 3).transitions
    assert (ripened.ts, ripened.value, ripened.after) == (3, 1.0, 3)


def test_without_detection_a_rule_on_a_signal_sees_no_reading() -> None:
    slots = slots_of(UNUSUAL)
    assert not evaluate(slots, readings(9, 9, 9), LONG_AGO, 9).transitions
    assert not evaluate(slots, readings(9, 9, 9), LONG_AGO, 9, None, Signals()).transitions


def test_a_signal_whose_rules_are_gone_is_looked_at_no_more() -> None:
    slots = slots_of(HIGH, UNUSUAL, RARE)
    slots.drop(RARE.id)
    slots.drop(UNUSUAL.id)
    assert [*slots.watches.by_signal] == ["value"]


def test_the_value_is_no_signal_of_detection() -> None:
    with pytest.raises(ValueError, match="no signal"):
        Signals().of("value")


def test_a_level_that_a_rule_has_not_is_never_reached_whatever_the_value() -> None:
    infinite, rule = float("inf"), replace(RARE, signal="value")
    slots = slots_of(rule, series=1)
    [found] = evaluate(slots, readings(infinite), LONG_AGO, 9).transitions
    assert found.after == 1
    held = slots_of(replace(rule, hold=5), series=1)
    warm_up(held, readings(infinite))
    assert held.since[0].tolist() == [0, NEVER, NEVER, NEVER]
    held.put(replace(rule, hold=6))
    assert held.since[0].tolist() == [0, NEVER, NEVER, NEVER]
    below = slots_of(replace(rule, above=False), series=1)
    [found] = evaluate(below, readings(-infinite), LONG_AGO, 9).transitions
    assert found.after == 1


def test_what_is_told_of_readings_is_a_number_or_not_known() -> None:
    found = past_signals(readings(1.0, -1.7e308, 1.7e308), [UTC], np.zeros(0, np.int64), 0)
    assert not any(np.isinf(found.of(name)).any() for name in LEARNED)
