"""The shifts of a rota (班次): at what hours, on which days, and whether two of them meet."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import combinations
from typing import NamedTuple

from hub.duty.calendar import SATURDAY, Calendar

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY, WORKDAY, HOLIDAY = "every", "workday", "holiday"
DAYS = (WORKDAY, HOLIDAY, EVERY, *WEEK)
MINUTES = 24 * 60
_SECOND = timedelta(seconds=1)


class Shift(NamedTuple):
    """From one time of the day to another, on the days that it begins on."""

    name: str
    begin: int
    """Minute of the day."""
    end: int
    """Minute that it ends before, later than `begin`; above 1440: of the next day, and at most a day later."""
    days: frozenset[str]
    """Of DAYS; one that fits is enough."""

    @property
    def asks_calendar(self) -> bool:
        """Whether its days depend on which days are workdays."""
        return EVERY not in self.days and bool(self.days & {WORKDAY, HOLIDAY})

    def fits(self, weekday: int, workday: bool | None) -> bool | None:
        """Whether it begins on a day (0 is Monday); None: that depends on whether people work, which is not known."""
        if EVERY in self.days or WEEK[weekday] in self.days:
            return True
        if not self.asks_calendar:
            return False
        return None if workday is None else (WORKDAY if workday else HOLIDAY) in self.days

    def begins_on(self, day: date, calendar: Calendar) -> bool | None:
        """As `fits`, by a calendar."""
        return self.fits(day.weekday(), calendar.workday(day) if self.asks_calendar else None)

    def span(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """When it begins and ends, in UTC, where it begins on a day. Empty when clocks skip all of it."""
        return instant(day, self.begin, zone), instant(day, self.end, zone)


def instant(day: date, minute: int, zone: tzinfo) -> datetime:
    """The first moment, in UTC, at which the clocks of a zone show a minute of a day, or are past it for they skip it.

    A later minute is never an earlier moment: two shifts that do not meet on the clock never meet.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if _shown(found, zone) == wall:
        return found
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while found - before > _SECOND:
        middle = before + (found - before) // (2 * _SECOND) * _SECOND
        if _shown(middle, zone) < wall:
            before = middle
        else:
            found = middle
    return found


def shifts_between(shifts: Sequence[Shift], calendar: Calendar, first: date, after: date) -> int | None:
    """How many shifts begin on the days from `first` to the one before `after`; None: that needs an unknown year."""
    if after <= first:
        return 0
    years = range(first.year, (after - timedelta(days=1)).year + 1)
    if any(shift.asks_calendar for shift in shifts) and not calendar.years.issuperset(years):
        return None
    weeks, rest = divmod((after - first).days, len(WEEK))
    total = 0
    for weekday in range(len(WEEK)):
        days = weeks + ((weekday - first.weekday()) % len(WEEK) < rest)
        total += days * sum(bool(shift.fits(weekday, weekday < SATURDAY)) for shift in shifts)
    for day, workday in calendar.named.items():
        if first <= day < after:
            for shift in shifts:
                by_week = shift.fits(day.weekday(), day.weekday() < SATURDAY)
                total += bool(shift.fits(day.weekday(), workday)) - bool(by_week)
    return total


def meeting(shifts: Sequence[Shift]) -> tuple[Shift, Shift] | None:
    """Two shifts that would be on at one time on some day of some year; None: there are none."""
    return next(((one, other) for one, other in combinations(shifts, 2) if _meet(one, other)), None)


def _meet(one: Shift, other: Shift) -> bool:
    for weekday in range(len(WEEK)):
        both = any(one.fits(weekday, workday) and other.fits(weekday, workday) for workday in (True, False))
        if both and one.begin < other.end and other.begin < one.end:
            return True
        tomorrow = (weekday + 1) % len(WEEK)
        for early, late in ((one, other), (other, one)):
            if early.end - MINUTES > late.begin and _ever(early, weekday) and _ever(late, tomorrow):
                return True
    return False


def _ever(shift: Shift, weekday: int) -> bool:
    return shift.fits(weekday, None) is not False


def _shown(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
