"""What a rule would have said of the past is what it says when the past comes bit by bit."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.reading_trial import of_readings
from analytics.rules.slots import LONG_AGO, NEVER, Slots
from analytics.rules.thresholds import adopt, evaluate, next_due
from analytics.rules.trial import of_events
from analytics.rules.verdict import Transition
from hub.models import Columns, Event, Micros
from hub.quality import Quality

SECOND: Micros = 1_000_000
HOUR = 3600 * SECOND
WATER = ThresholdRule(
    1, "water", 1, "depth", "Depth", True, (None, 15.0, None, 27.0), hysteresis=2.0, hold=60 * SECOND, clear=90 * SECOND
)
SILENT = replace(
    WATER, thresholds=(None, 90.0, 240.0, None), hysteresis=0.0, hold=0, clear=30 * SECOND, signal="silence"
)
FLAT = replace(SILENT, signal="flat", tolerance=4.0)
SMOKE = EventRule(2, "smoke", "smoke", 3)


def series(*rows: tuple[int, int, float]) -> Columns:
    """Rows of (series, second, value)."""
    number, ts, value = zip(*rows, strict=True)
    return Columns(
        np.array(ts, np.int64) * SECOND, np.array(number, np.int32), np.array(value), np.zeros(len(ts), np.int16)
    )


def bit_by_bit(rule: ThresholdRule, readings: Columns, count: int, until: Micros, step: Micros) -> list[Transition]:
    """As the hub decides them: batch by batch, with hold times that end between two."""
    slots = Slots()
    slots.put(rule)
    slots.add(np.full(count, rule.id, np.int64), np.arange(count))
    found: list[Transition] = []
    for begin in range(0, until + step, step):
        some = readings.where((readings.ts >= begin) & (readings.ts < begin + step))
        verdict = evaluate(slots, some, LONG_AGO, min(begin + step - 1, until))
        adopt(slots, verdict)
        next_due(slots, LONG_AGO)
        found += verdict.transitions
    return sorted(found, key=lambda one: (one.slot, one.ts))


@pytest.mark.parametrize(
    ("rule", "seed"), [*((WATER, seed) for seed in range(20)), (SILENT, 1), (SILENT, 2), (FLAT, 1), (FLAT, 2)]
)
def test_it_is_what_the_hub_would_have_decided(rule: ThresholdRule, seed: int) -> None:
    random = np.random.default_rng(seed)
    count, per = 5, 400
    ts = np.sort(random.choice(6 * 3600, (count, per), replace=True), axis=1)
    value = np.cumsum(random.normal(0, 3, (count, per)), axis=1) + 15
    seen: dict[tuple[int, int], float] = {}
    for number in range(count):
        seen |= {(number, int(at)): float(each) for at, each in zip(ts[number], value[number], strict=True)}
    rows = sorted(seen.items())
    readings = series(*((number, at, each) for (number, at), each in rows))
    until = 7 * HOUR
    would = of_readings(rule, [f"gauge-{number}" for number in range(count)], readings, until)
    expected: list[tuple[str, Micros, Micros | None, int]] = []
    open_: dict[int, list[int]] = {}
    for slot, at, _, before, after in bit_by_bit(rule, readings, count, until, 61 * SECOND):
        if not before:
            open_[slot] = [at, after]
        elif after:
            open_[slot][1] = max(open_[slot][1], after)
        else:
            expected.append((f"gauge-{slot}", open_[slot][0], at, open_.pop(slot)[1]))
    expected += [(f"gauge-{slot}", at, None, peak) for slot, (at, peak) in open_.items()]
    assert len(expected) > 5
    assert sorted((each.device, each.at, each.ended or NEVER, each.peak) for each in would) == sorted(
        (device, at, ended or NEVER, peak) for device, at, ended, peak in expected
    )


def test_a_hold_that_ends_after_the_last_reading_counts_until_the_end_of_the_period() -> None:
    readings = series((0, 0, 20.0))
    [would] = of_readings(WATER, ["gauge"], readings, HOUR)
    assert (would.at, would.level, would.value, would.ended, would.device) == (60 * SECOND, 2, 20.0, None, "gauge")
    assert of_readings(WATER, ["gauge"], readings, 59 * SECOND) == []


@pytest.mark.parametrize(("flag", "judged"), [
    (Quality.GOOD, True), (Quality.FAULT, True), (Quality.CALIBRATION | Quality.SUSPECT, True), (Quality.TEST, True),
    (Quality.SHIELDED, True), (Quality.LATE, False), (Quality.OUT_OF_RANGE, False),
    (Quality.FAULT | Quality.NOT_A_NUMBER, False),
])  # fmt: skip
def test_a_rule_on_flagged_readings_looks_at_all_but_what_none_looks_at(flag: Quality, judged: bool) -> None:
    readings = series((0, 0, 1.0), (0, 30, 20.0), (0, 100, 20.0))
    readings.quality[1:] = flag
    flagged = replace(WATER, flagged=True)
    assert [each.at for each in of_readings(flagged, ["gauge"], readings, HOUR)] == [90 * SECOND] * judged
    plain = flag == Quality.GOOD
    assert [each.at for each in of_readings(WATER, ["gauge"], readings, HOUR)] == [90 * SECOND] * plain


def test_what_is_late_or_not_usable_says_nothing() -> None:
    readings = series((0, 0, 20.0), (0, 100, 20.0))
    readings.quality[:] = Quality.LATE
    assert of_readings(WATER, ["gauge"], readings, HOUR) == []


def event(device: int, at: int, state: str | None = "active", level: int | None = None, late: int = 1) -> Event:
    received = (at + late) * SECOND
    return Event(UUID(int=at * 100 + device), device, f"d{device}", at * SECOND, received, "smoke", state, level)


def test_an_event_rule_raises_once_while_the_condition_lasts() -> None:
    said = [event(1, 10), event(1, 20), event(2, 25, level=4), event(1, 30, "inactive"), event(1, 40, level=4)]
    would = of_events(SMOKE, said, NEVER, HOUR)
    assert [(each.device, each.at, each.ended, each.level, each.peak) for each in would] == [
        ("d1", 10 * SECOND, 30 * SECOND, 3, 3),
        ("d2", 25 * SECOND, None, 4, 4),
        ("d1", 40 * SECOND, None, 4, 4),
    ]


def test_an_event_of_a_kind_without_an_end_is_over_by_itself() -> None:
    button = EventRule(3, "button", "manual_alarm", 4)
    said = [Event(UUID(int=1), 1, "b", SECOND, SECOND, "manual_alarm", "active")]
    [would] = of_events(button, said, NEVER, 1000 * HOUR)
    assert would.ended is not None
    assert of_events(button, said, NEVER, 2 * SECOND)[0].ended is None


def test_a_rise_raises_the_peak_of_the_same_alert() -> None:
    [would] = of_events(SMOKE, [event(1, 10), event(1, 20, level=4)], NEVER, HOUR)
    assert (would.level, would.peak) == (3, 4)
