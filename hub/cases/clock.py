"""Time as deadlines count it: all hours, or the working hours of workdays (工作时) after a calendar. Pure.

Of a year without a calendar nothing is guessed: what would have to be counted in it is unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.duty.calendar import Calendar

Span = tuple[int, int]
"""Working hours of a day: minutes after midnight, from and before."""
LONGEST_DAYS = 3_700
"""Days that are looked at for a deadline, at most: beyond that it is unknown."""
LONGEST_LIMIT_DAYS = 1_000
"""Days of a limit, workdays of one in working time, at most: they are among those that are looked at, extended too."""


@dataclass(slots=True, frozen=True)
class Timekeeper:
    """Counts working time and all time."""

    zone: ZoneInfo
    spans: Sequence[Span]
    """In ascending order, without an overlap."""
    calendar: Calendar

    def after(self, start: datetime, seconds: float, working: bool) -> datetime | None:
        """When so many seconds have passed; None where a day is needed whose year has no calendar."""
        if not working:
            return start + timedelta(seconds=seconds)
        left = timedelta(seconds=max(seconds, 0))
        for begin, end in self._pieces(start):
            if begin is None or end is None:
                return None
            if left <= end - begin:
                return begin + left
            left -= end - begin
        return None

    def between(self, begin: datetime, end: datetime, working: bool) -> float | None:
        """Seconds from begin to end, 0 where end is not later; None as for `after`."""
        if end <= begin:
            return 0.0
        if not working:
            return (end - begin).total_seconds()
        counted = timedelta()
        for piece_begin, piece_end in self._pieces(begin, end):
            if piece_begin is None or piece_end is None:
                return None
            counted += max(min(piece_end, end) - piece_begin, timedelta())
        return counted.total_seconds()

    def _pieces(
        self, start: datetime, end: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime] | tuple[None, None]]:
        """Working time from `start` on, until `end` if it is given; (None, None) where nothing is known of a day."""
        day = start.astimezone(self.zone).date()
        for _ in range(LONGEST_DAYS):
            if end is not None and self._at(day, 0) >= end:
                return
            workday = self.calendar.workday(day)
            if workday is None:
                yield None, None
                return
            if workday:
                for first, last in self.spans:
                    begin, until = max(self._at(day, first), start.astimezone(UTC)), self._at(day, last)
                    if begin < until and (end is None or begin < end):
                        yield begin, until
            day += timedelta(days=1)

    def _at(self, day: date, minute: int) -> datetime:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 a wall clock, of the zone
        return (midnight + timedelta(minutes=minute)).replace(tzinfo=self.zone).astimezone(UTC)
