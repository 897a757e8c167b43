"""Storms of alerts and the windows that a period is made of."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.alerts.performance import CALM, FLOOD, storms, windows

BEGIN = 29_000_000


def test_a_storm_begins_when_ten_minutes_have_more_than_ten_and_ends_when_they_have_fewer_than_five() -> None:
    minutes = {BEGIN: 1, BEGIN + 3: 10, BEGIN + 11: 5, BEGIN + 20: 6, BEGIN + 60: 10, BEGIN + 90: 11}
    told = [(storm.begins_at, storm.ends_at, storm.first_ten_minutes, storm.alerts) for storm in storms(minutes)]
    at = [datetime.fromtimestamp((BEGIN + n) * 60, UTC) for n in (0, 21, 90, 91)]
    assert told == [(at[0], at[1], 11, 22), (at[2], at[3], 11, 11)]


def test_ten_in_ten_minutes_are_no_storm() -> None:
    assert storms({BEGIN: 1, BEGIN + 9: 9, BEGIN + 10: 1}) == []
    assert storms({}) == []


@given(st.dictionaries(st.integers(BEGIN, BEGIN + 80), st.integers(1, 12)))
def test_storms_are_those_of_a_walk_over_each_minute(minutes: dict[int, int]) -> None:
    expected, begun = [], None
    for minute in range(BEGIN - 20, BEGIN + 120):
        ten = sum(n for at, n in minutes.items() if minute <= at < minute + 10)
        if begun is None and ten > FLOOD and minute in minutes:
            begun = minute
        elif begun is not None and ten < CALM:
            expected.append((begun * 60, minute * 60, sum(n for at, n in minutes.items() if begun <= at < minute)))
            begun = None
    told = [(storm.begins_at.timestamp(), storm.ends_at.timestamp(), storm.alerts) for storm in storms(minutes)]
    assert told == expected


def test_a_period_is_widened_to_whole_windows() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert windows(noon, noon + timedelta(minutes=10)) == (noon, noon + timedelta(minutes=10))
    told = windows(noon + timedelta(minutes=9, seconds=59), noon + timedelta(minutes=10, microseconds=1))
    assert told == (noon, noon + timedelta(minutes=20))
