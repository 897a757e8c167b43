"""When rules count, and what a trial of one tells: compared with the clock on the wall."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.reading_trial import of_readings
from analytics.rules.schedule import NEVER, opens, schedule_of
from analytics.rules.trial import of_events
from hub.duty.calendar import Calendar
from hub.models import Columns, Event, to_micros
from tests.support.plain_rules import Plain, Row
from tests.support.plain_schedules import MINUTE, PlainSchedule, S, cut

CALENDAR = {date(2026, 10, 1): False, date(2026, 10, 2): False, date(2026, 10, 10): True, date(2026, 9, 27): True}
"""Holidays in the week, and a Saturday and a Sunday on which people work."""
START = to_micros(datetime(2026, 9, 25, tzinfo=UTC))
DAYS = st.lists(st.sampled_from(["every", "workday", "holiday", "mon", "sat", "sun"]), min_size=1, max_size=2)
HOURS = st.sampled_from(["22:00-06:00", "08:30-18:00", "00:00-24:00", "23:59-00:01", "12:00-12:01", "06:00-05:59"])
ZONES = st.sampled_from(["Asia/Shanghai", "UTC", "Asia/Kathmandu"])
SCHEDULES = st.builds(PlainSchedule, DAYS, HOURS, ZONES, st.sampled_from([CALENDAR, {}]))


def opening(plain: PlainSchedule, at: int, level: int = 0) -> int:
    schedule = schedule_of({"days": plain.days, "hours": plain.hours})
    return opens(schedule, at, ZoneInfo(plain.zone), CALENDARS[bool(plain.calendar)])


CALENDARS = {True: Calendar(CALENDAR), False: Calendar({})}


@given(SCHEDULES, st.integers(0, 20 * 1440 * 60))
@settings(max_examples=40, deadline=None)
def test_a_rule_counts_next_when_the_clock_on_the_wall_says_so(plain: PlainSchedule, second: int) -> None:
    at = START + second * S
    found = opening(plain, at)
    assert (found == at) == plain.counts(at)
    if found != at:
        assert found % MINUTE == 0
        assert plain.counts(found)
        minutes = range(at // MINUTE + 1, found // MINUTE, 7)
        assert not any(plain.counts(minute * MINUTE) for minute in minutes)
        assert not plain.counts(found - S)


def test_hours_that_clocks_skip_or_show_twice() -> None:
    schedule, zone = schedule_of({"hours": "02:00-03:00"}), ZoneInfo("Europe/Berlin")
    spring, autumn = datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    calendar = Calendar({})
    assert opens(schedule, to_micros(spring), zone, calendar) == to_micros(datetime(2026, 3, 30, 0, tzinfo=UTC))
    assert opens(schedule, to_micros(autumn), zone, calendar) == to_micros(autumn)
    assert opens(schedule, to_micros(autumn + timedelta(hours=1)), zone, calendar) == to_micros(
        autumn + timedelta(hours=1)
    )


def test_a_schedule_that_fits_no_day_never_counts() -> None:
    calendar = Calendar({date(2026, 1, 1) + timedelta(days=day): True for day in range(365)})
    assert (
        opens(schedule_of({"days": ["holiday"]}), to_micros(datetime(2026, 3, 1, tzinfo=UTC)), UTC, calendar) == NEVER
    )


RULES = st.builds(
    lambda hold, clear: ThresholdRule(
        1, "r", 1, "m", "m", True, (None, 3.0, 5.0, None), 0.5, hold * MINUTE, clear * MINUTE
    ),
    st.sampled_from([0, 7, 90]),
    st.sampled_from([0, 11]),
)
READINGS = st.lists(st.tuples(st.sampled_from([1, 10, 61, 347]), st.sampled_from([1.0, 2.7, 3.0, 6.0])), max_size=12)


@given(SCHEDULES, RULES, READINGS)
@settings(max_examples=25, deadline=None)
def test_what_a_trial_raises_is_what_the_plain_rule_does_cut_by_the_clock(
    plain: PlainSchedule, rule: ThresholdRule, readings: list[tuple[int, float]]
) -> None:
    at = START + np.cumsum([minutes for minutes, _ in readings] or [0]).astype(np.int64)[: len(readings)] * MINUTE
    until = (int(at[-1]) if len(at) else START) + 1440 * MINUTE
    model = Plain(rule)
    for ts, (_, value) in zip(at.tolist(), readings, strict=True):
        model.take(Row(0, ts, value))
    model.let_pass(until)
    expected = [(ts, level) for ts, kind, level in cut(model.found, plain, until) if kind == "raised"]
    columns = Columns(
        at, np.zeros(len(at), np.int32), np.array([value for _, value in readings]), np.zeros(len(at), np.int16)
    )
    would = of_readings(rule, ["a"], columns, until, opens=[partial(opening, plain)])
    assert [(alert.at, alert.level) for alert in would] == expected


NIGHT = PlainSchedule(["every"], "22:00-06:00", "UTC", {})
MIDNIGHT = to_micros(datetime(2026, 9, 25, tzinfo=UTC))


def said(minute: int, state: str | None = "active", kind: str = "door_open") -> Event:
    at = MIDNIGHT + minute * MINUTE
    return Event(uuid4(), 5, "cam-5", at, at, kind, state)


def test_what_lasts_until_the_schedule_begins_is_told_before_what_comes_after() -> None:
    minutes = [600, 1330, 1400, 2100, 2790]
    at = MIDNIGHT + np.array(minutes, np.int64) * MINUTE
    columns = Columns(at, np.zeros(5, np.int32), np.array([4.0, 1.0, 6.0, 4.0, 1.0]), np.zeros(5, np.int16))
    rule = ThresholdRule(1, "r", 1, "m", "m", True, (None, 3.0, 5.0, None))
    would = of_readings(rule, ["a"], columns, MIDNIGHT + 3000 * MINUTE, opens=[partial(opening, NIGHT)])
    assert [((alert.at - MIDNIGHT) // MINUTE, alert.level, alert.peak) for alert in would] == [
        (1320, 2, 2),
        (1400, 3, 3),
    ]
    assert [((alert.ended or 0) - MIDNIGHT) // MINUTE for alert in would] == [1330, 2790]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([said(60)], [60]),
        ([said(600)], [1320]),
        ([said(600), said(700, "inactive")], []),
        ([said(600), said(1400, "inactive")], [1320]),
        ([said(600, None), said(1330, None)], [1330]),
        ([said(60), said(600, "inactive"), said(601)], [60, 1320]),
    ],
)
def test_an_event_outside_the_schedule_is_told_when_it_begins_if_it_lasts(
    events: list[Event], expected: list[int]
) -> None:
    rule = EventRule(2, "door", "door_open", 1)
    would = of_events(rule, events, NEVER, MIDNIGHT + 3000 * MINUTE, {"cam-5": partial(opening, NIGHT)})
    assert [(alert.at - MIDNIGHT) // MINUTE for alert in would] == expected


def test_what_only_happens_is_not_told_later() -> None:
    rule = EventRule(2, "line", "line_crossing", 1)
    events = [said(600, "active", "line_crossing"), said(1330, "active", "line_crossing")]
    would = of_events(rule, events, NEVER, MIDNIGHT + 3000 * MINUTE, {"cam-5": partial(opening, NIGHT)})
    assert [(alert.at - MIDNIGHT) // MINUTE for alert in would] == [1330]
