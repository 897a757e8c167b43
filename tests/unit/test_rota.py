"""Who a rota says is on duty: shifts, turns, substitutes, workdays, clocks that change."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.duty.calendar import Calendar
from hub.duty.rota import Piece, Rota, Substitute, Unit, on_duty_at, timeline
from hub.duty.shifts import DAYS, WEEK, Shift, instant, meeting, shifts_between

CHINA, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
A, B, C = (UUID(int=n) for n in (1, 2, 3))
DAY, NIGHT = Shift("day", 480, 1200, frozenset({"every"})), Shift("night", 1200, 1920, frozenset({"every"}))
WORK = Shift("work", 540, 1020, frozenset({"workday"}))
NATIONAL_DAY, MADE_UP = date(2026, 10, 1), date(2026, 10, 10)
CALENDAR = Calendar({NATIONAL_DAY: False, MADE_UP: True})
ROTA = Rota(CHINA, (DAY, NIGHT), [frozenset({A}), frozenset({B}), frozenset({C})], "day", date(2026, 9, 28))


def at(text: str, zone: ZoneInfo = CHINA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def on(rota: Rota, text: str) -> Piece:
    return on_duty_at(rota, CALENDAR, at(text))


@pytest.mark.parametrize(
    ("unit", "moments"),
    [
        ("day", {"2026-09-28T08:00": A, "2026-09-28T23:00": A, "2026-09-29T07:59": A, "2026-09-29T08:00": B}),
        ("shift", {"2026-09-28T08:00": A, "2026-09-28T23:00": B, "2026-09-29T07:59": B, "2026-09-29T08:00": C}),
        ("week", {"2026-10-05T07:59": A, "2026-10-05T08:00": B, "2026-10-12T12:00": C, "2026-10-19T12:00": A}),
    ],
)
def test_turns_come_by_shift_by_day_and_by_week(unit: Unit, moments: dict[str, UUID]) -> None:
    rota = ROTA._replace(unit=unit)
    assert {moment: on(rota, moment).people for moment in moments} == {
        moment: frozenset({person}) for moment, person in moments.items()
    }


def test_people_of_one_turn_are_on_duty_together() -> None:
    assert on(ROTA._replace(turns=[frozenset({A, B})]), "2026-09-28T08:00").people == {A, B}


def test_a_day_that_is_made_up_for_is_a_workday_and_a_holiday_is_none() -> None:
    rota = ROTA._replace(shifts=(WORK,), unit="shift", start=date(2026, 9, 30))
    assert on(rota, "2026-09-30T12:00").people == {A}
    assert on(rota, "2026-10-01T12:00").reason == "hole"
    assert on(rota, "2026-10-02T12:00").people == {B}, "a turn is a shift that takes place"
    assert on(rota, "2026-10-10T12:00").people == {B}
    assert on(rota, "2026-10-11T12:00").reason == "hole"


def test_a_year_that_was_not_imported_is_not_guessed() -> None:
    both = ROTA._replace(shifts=(WORK, NIGHT), unit="shift")
    assert on(both, "2026-12-31T12:00").people
    assert on(both, "2027-01-01T12:00").reason == "no_calendar"
    assert on(both, "2027-01-01T21:00").reason == "no_calendar", "whose turn it is depends on how many were before"
    assert on(both._replace(unit="day"), "2027-01-01T21:00").people
    assert on(both._replace(unit="day"), "2027-01-01T18:00").reason == "hole"


def test_before_the_first_turn_nobody_is_on_duty() -> None:
    assert on(ROTA, "2026-09-27T23:59").reason == "not_begun"
    assert on(ROTA, "2026-09-28T00:00").reason == "hole"


def test_a_substitute_is_on_duty_for_his_time_and_leads_for_a_leader() -> None:
    away = Substitute(at("2026-09-28T10:00"), at("2026-09-28T22:00"), A, C)
    rota = ROTA._replace(substitutes=[away], leader=A)
    pieces = timeline(rota, CALENDAR, at("2026-09-28T08:00"), at("2026-09-29T08:00"))
    assert [(piece.shift, piece.begin.astimezone(CHINA).hour, set(piece.people), piece.leader) for piece in pieces] == [
        ("day", 8, {A}, A), ("day", 10, {C}, C), ("night", 20, {C}, C), ("night", 22, {A}, A),
    ]  # fmt: skip


def test_two_who_change_places_do() -> None:
    begin, end = at("2026-09-28T00:00"), at("2026-09-30T00:00")
    rota = ROTA._replace(substitutes=[Substitute(begin, end, A, B), Substitute(begin, end, B, A)])
    assert on(rota, "2026-09-28T12:00").people == {B}
    assert on(rota, "2026-09-29T12:00").people == {A}


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", [12, 11]), ("2026-10-24", [12, 13]), ("2026-11-01", [12, 12])]
)
def test_a_night_in_which_the_clocks_change_is_one_shift(day: str, hours: list[int]) -> None:
    rota = ROTA._replace(zone=BERLIN, start=date(2026, 1, 1))
    begin = at(f"{day}T08:00", BERLIN).astimezone(UTC)
    pieces = timeline(rota, CALENDAR, begin, begin + timedelta(hours=sum(hours)))
    assert [(piece.end - piece.begin) / timedelta(hours=1) for piece in pieces] == hours


def test_a_time_that_the_clocks_skip_is_the_moment_when_they_do() -> None:
    skipped = {instant(date(2026, 3, 29), minute, BERLIN) for minute in range(120, 180, 7)}
    assert skipped == {datetime(2026, 3, 29, 1, tzinfo=UTC)}
    assert instant(date(2026, 10, 25), 150, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first one"


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (DAY, NIGHT, False),
        (DAY, Shift("late", 1199, 1300, frozenset({"sun"})), True),
        (NIGHT, Shift("early", 479, 500, frozenset({"mon"})), True),
        (Shift("weekend", 0, 1440, frozenset({"sat", "sun"})), Shift("work", 480, 960, frozenset({"mon"})), False),
        (Shift("saturday", 0, 1440, frozenset({"sat"})), WORK, True),
        (Shift("holiday", 0, 1440, frozenset({"holiday"})), WORK, False),
        (Shift("holiday", 1200, 2000, frozenset({"holiday"})), WORK, True),
        (Shift("sunday", 1200, 2000, frozenset({"sun"})), Shift("tuesday", 0, 600, frozenset({"tue"})), False),
    ],
)
def test_two_shifts_meet_when_some_day_has_both(one: Shift, other: Shift, meet: bool) -> None:
    assert (meeting([one, other]) is not None) is meet
    assert (meeting([other, one]) is not None) is meet


SHIFTS = st.builds(
    lambda begin, length, days: Shift(f"{begin}+{length}", begin, begin + length, frozenset(days)),
    st.integers(0, 1439), st.integers(1, 1440), st.sets(st.sampled_from(DAYS), min_size=1, max_size=3),
)  # fmt: skip
ZONES = st.sampled_from([CHINA, BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns"), ZoneInfo("UTC")])
SPRING, AUTUMN = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)
MOMENTS = st.builds(
    lambda near, minutes: near + timedelta(minutes=minutes),
    st.sampled_from([SPRING, AUTUMN, datetime(2026, 12, 30, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)]),
    st.integers(0, 5 * 1440),
)


def apart(shifts: Sequence[Shift]) -> tuple[Shift, ...]:
    """As many of some shifts as do not meet."""
    kept: list[Shift] = []
    for shift in shifts:
        if meeting([*kept, shift]) is None:
            kept.append(shift)
    return tuple(kept)


def substitutes(draws: Sequence[tuple[datetime, int, tuple[UUID, UUID]]]) -> list[Substitute]:
    return [Substitute(begin, begin + timedelta(minutes=long), *people) for begin, long, people in draws]


ROTAS = st.builds(
    Rota,
    zone=ZONES,
    shifts=st.lists(SHIFTS, min_size=1, max_size=5).map(apart),
    turns=st.lists(st.sets(st.sampled_from([A, B, C]), min_size=1).map(frozenset), min_size=1, max_size=4),
    unit=st.sampled_from(["shift", "day", "week"]),
    start=st.dates(date(2026, 1, 1), date(2026, 11, 1)),
    leader=st.sampled_from([None, A]),
    substitutes=st.lists(
        st.tuples(MOMENTS, st.integers(1, 3000), st.permutations([A, B, C]).map(lambda all_: (all_[0], all_[1]))),
        max_size=3,
    ).map(substitutes),
)


@given(rota=ROTAS, begin=MOMENTS, minutes=st.integers(1, 4 * 1440))
def test_a_timeline_covers_its_span_and_no_moment_has_two_answers(rota: Rota, begin: datetime, minutes: int) -> None:
    end = begin + timedelta(minutes=minutes)
    pieces = timeline(rota, CALENDAR, begin, end)
    assert (pieces[0].begin, pieces[-1].end) == (begin, end)
    assert all(one.end == other.begin for one, other in pairwise(pieces))
    assert all(piece.begin < piece.end for piece in pieces)
    assert all((piece.reason is None) == bool(piece.people) == (piece.shift is not None) for piece in pieces)
    for piece in pieces:
        for moment in (piece.begin, piece.end - timedelta(microseconds=1)):
            assert on_duty_at(rota, CALENDAR, moment)[2:] == piece[2:], "the same answer from wherever one begins"


@given(rota=ROTAS, begin=MOMENTS)
def test_who_is_on_duty_is_who_the_clock_on_the_wall_says(rota: Rota, begin: datetime) -> None:
    """Where no clock changes near: by a second way, which looks at each shift that may be on."""
    rota = rota._replace(zone=CHINA, substitutes=[])
    local = begin.astimezone(CHINA)
    found = []
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        minute = (local - datetime.combine(day, time(), CHINA)) / timedelta(minutes=1)
        found += [
            shift.name for shift in rota.shifts
            if day >= rota.start and shift.begin <= minute < shift.end and shift.begins_on(day, CALENDAR)
        ]  # fmt: skip
    piece = on_duty_at(rota, CALENDAR, begin)
    assert found[:1] == ([piece.shift] if piece.shift else []) or piece.reason == "no_calendar"
    assert len(found) <= 1


@given(
    shifts=st.lists(SHIFTS, max_size=3), first=st.dates(date(2026, 9, 1), date(2026, 10, 20)), days=st.integers(0, 40)
)
def test_shifts_are_counted_without_looking_at_each_day(shifts: list[Shift], first: date, days: int) -> None:
    each = [first + timedelta(days=n) for n in range(days)]
    counted = sum(bool(shift.begins_on(day, CALENDAR)) for shift in shifts for day in each)
    assert shifts_between(shifts, CALENDAR, first, first + timedelta(days=days)) == counted


def test_the_week_decides_of_days_that_are_not_named() -> None:
    assert [CALENDAR.workday(date(2026, 10, 5 + day)) for day in range(len(WEEK))] == [True] * 5 + [True, False]
    assert CALENDAR.workday(date(2026, 10, 3)) is False
    assert CALENDAR.workday(date(2027, 1, 4)) is None
