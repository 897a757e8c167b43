"""Workdays as data per year (节假日和调休): nothing is guessed of a year that was not imported."""

from collections.abc import Mapping
from datetime import date

SATURDAY = 5


class Calendar:
    """The days that differ from the week, by date: True for a workday, with its reason elsewhere."""

    def __init__(self, named: Mapping[date, bool]) -> None:
        self.named = dict(named)
        self.years = frozenset(day.year for day in named)
        """Those that were imported."""

    def workday(self, day: date) -> bool | None:
        """Whether people work on a day; the week decides of days that are not named. None: its year is unknown."""
        if day.year not in self.years:
            return None
        return self.named.get(day, day.weekday() < SATURDAY)
