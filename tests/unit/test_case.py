"""The deadlines of a case through suspension, extension and another category."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from hub.cases.case import Case
from hub.cases.clock import Timekeeper
from hub.cases.deadlines import Deadlines, Line
from hub.cases.stage_clock import Clock, Terms
from hub.cases.step import Report, Step
from hub.cases.transitions import APPROVE, HANDLE, HUB, allowed
from hub.duty.calendar import Calendar

HOURS = ((510, 720), (810, 1050))
DAY_S = 27_000
"""A workday of 7.5 hours, 8:30 to 17:30 without the hour and a half at noon."""


def march(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March 2026, by the clocks of China; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def terms(*lines: Line, version: int = 1, years: tuple[int, ...] = (2026,)) -> Terms:
    calendar = Calendar({date(year, 1, 1): False for year in years})
    return Terms(Timekeeper(ZoneInfo("Asia/Shanghai"), HOURS, calendar), Deadlines(version, lines, {}))


def of_all(stage: str, seconds: int, working: bool, category: str | None = None) -> Line:
    return Line(None if category is None else "event", category, None, stage, seconds, working)


class Told:
    """A case that is told its steps."""

    def __init__(self, at: datetime, terms: Terms) -> None:
        self.terms = terms
        self.case = Case(uuid4(), "暴露垃圾", "entered", at, "desk", None, None, category_kind="event", category="01")
        self.case.report(Report(uuid4(), self.case.id, at, "desk", "暴露垃圾", "entered", None, None), terms)

    def __call__(self, at: datetime, *kinds: str, **more: object) -> None:
        for kind in kinds:
            ways = [allowed(self.case.situation, kind, permission) for permission in (HANDLE, APPROVE, HUB)]
            step = Step(uuid4(), self.case.id, kind, at, "desk", note="why", **more)  # type: ignore[arg-type]
            self.case.take(step, next(way for way in ways if way), self.terms)

    def suspended(self, at: datetime) -> None:
        self(at, "suspension_asked", "suspension_granted", until=at + timedelta(days=9))

    def clock(self, stage: str) -> Clock:
        return next(clock for clock in self.case.clocks if clock.stage == stage and clock.left_at is None)


def test_a_deadline_that_has_passed_stays_however_often_the_case_is_suspended() -> None:
    for working in (True, False):
        told = Told(march(2, 8, 30), terms(of_all("case", DAY_S if working else 32_400, working)))
        told(march(2, 8, 30), "accepted", "filed")
        assert told.case.due_at == march(2, 17, 30)
        told.clock("case").overdue_at = march(2, 17, 31)
        for day in (4, 6):
            told.suspended(march(day, 9))
            assert told.case.due_at is None, "what is suspended leaves the due"
            told(march(day, 18), "resumed")
            assert told.case.due_at == march(2, 17, 30)
        assert told.clock("case").overdue_at == march(2, 17, 31), "and is not told anew"


def test_more_time_for_a_case_that_was_suspended_late_begins_where_it_ran_out() -> None:
    told = Told(march(2, 8, 30), terms(of_all("dispatched", DAY_S, True), of_all("case", DAY_S, True)))
    told(march(2, 8, 30), "accepted", "filed")
    told(march(2, 8, 30), "dispatched", responsible="clean")
    told.suspended(march(4, 8, 30))
    told(march(6, 18), "resumed")
    told(march(6, 18), "extension_asked", hours=3.5)
    told(march(6, 18), "extension_granted")
    assert told.case.stage_due_at == told.case.due_at == march(3, 12), "before it was suspended"
    told(march(6, 18), "extension_asked", hours=7.5)
    told(march(6, 18), "extension_granted")
    assert told.case.stage_due_at == told.case.due_at == march(9, 12), "4 hours of Tuesday, the rest after it went on"


def test_hours_that_are_granted_move_the_case_as_they_move_its_stage() -> None:
    told = Told(march(6, 8, 30), terms(of_all("dispatched", DAY_S, True), of_all("case", 32_400, False)))
    told(march(6, 8, 30), "accepted", "filed")
    told(march(6, 8, 30), "dispatched", responsible="clean")
    assert told.case.stage_due_at == told.case.due_at == march(6, 17, 30)
    told(march(6, 9), "extension_asked", hours=1)
    told(march(6, 9), "extension_granted")
    assert told.case.stage_due_at == told.case.due_at == march(9, 9, 30), "the first hour of Monday"
    told(march(9, 9), "taken")
    told(march(9, 9), "extension_asked", hours=2)
    told(march(9, 9), "extension_granted")
    assert told.case.due_at == march(9, 11, 30), "a stage without a deadline: of the case's own time"


def test_a_category_with_another_limit_is_counted_from_the_beginning_in_its_own_time() -> None:
    table = terms(of_all("filed", 86_400, False, "01"), of_all("filed", 3 * DAY_S, True, "02"), version=7)
    told = Told(march(2, 8, 30), table)
    told(march(2, 8, 30), "accepted", "filed")
    told.suspended(march(3, 8, 30))
    told(march(4, 8, 30), "resumed")
    clock = told.clock("filed")
    clock.overdue_at, clock.deadlines_version = march(3, 8, 31), 6
    told(march(4, 12), "classified", category_kind="event", category="02")
    assert told.case.stage_due_at == march(5, 17, 30), "a day of work had passed, and a day was none"
    assert clock.overdue_at is None, "it may run out again"
    assert clock.deadlines_version == 7
    told(march(4, 12), "dispatched", responsible="clean")
    assert clock.working_s == DAY_S + 12_600


def test_what_is_told_of_a_component_changes_no_deadline() -> None:
    told = Told(march(2, 8, 30), terms(of_all("filed", DAY_S, True)))
    told(march(2, 8, 30), "accepted", "filed")
    told.terms = terms(of_all("filed", 3 * DAY_S, True), version=2)
    told(march(2, 9), "classified", component="3301060101000001")
    told(march(2, 9), "classified", category_kind="event", category="01")
    assert (told.case.component, told.case.stage_due_at) == ("3301060101000001", march(2, 17, 30))
    assert told.clock("filed").deadlines_version == 1


def test_a_clock_that_was_suspended_without_a_calendar_is_due_once_it_is_there() -> None:
    for resumed_after in (True, False):
        lines = of_all("filed", DAY_S, True)
        told = Told(march(2, 8, 30), terms(lines, years=()))
        told(march(2, 8, 30), "accepted", "filed")
        told.suspended(march(2, 12))
        if resumed_after:
            told.terms = terms(lines)
        told(march(4, 8, 30), "resumed")
        told.terms = terms(lines)
        if not resumed_after:
            told(march(4, 8, 30), "deadlines_known")
        assert told.case.stage_due_at == march(4, 14), "3.5 hours of Monday, 4 of Wednesday"
        assert told.clock("filed").counted_s == 12_600
