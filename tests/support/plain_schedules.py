"""When a rule counts, and what people are told then, the plain way: minute by minute, by the clock on the wall."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

S = 1_000_000
MINUTE = 60 * S


class PlainSchedule(NamedTuple):
    """Days and hours as the API takes them, in a zone without summer time."""

    days: Sequence[str]
    hours: str
    zone: str
    calendar: Mapping[date, bool]

    def counts(self, at: int) -> bool:
        """Whether a rule counts at a time in microseconds."""
        local = datetime.fromtimestamp(at // S, UTC).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        begin, end = ((int(each[:2]) * 60 + int(each[3:])) for each in self.hours.split("-"))
        minute = local.hour * 60 + local.minute
        if begin < end:
            return begin <= minute < end and self._fits(local.date())
        if minute >= begin:
            return self._fits(local.date())
        return minute < end and self._fits(local.date() - timedelta(days=1))

    def _fits(self, day: date) -> bool:
        by_week = day.weekday() < 5
        works = self.calendar.get(day, by_week) if any(each.year == day.year for each in self.calendar) else by_week
        weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
        return bool({"every", weekday, "workday" if works else "holiday"} & set(self.days))


def cut(found: Sequence[tuple[int, int, int]], schedule: PlainSchedule, until: int) -> list[tuple[int, str, int]]:
    """(time, kind, level) of what is told of the transitions (time, before, after) of a condition."""
    told: list[tuple[int, str, int]] = []
    level = shown = 0
    first = min((at for at, *_ in found), default=until)
    times = {(at, 1, after) for at, _, after in found}
    times |= {(minute * MINUTE, 0, 0) for minute in range(first // MINUTE, until // MINUTE + 1)}
    for at, changes, after in sorted(times):
        if changes:
            level = after
        wanted = level if schedule.counts(at) else min(level, shown)
        if wanted != shown:
            kind = "cleared" if not wanted else "updated" if shown else "raised"
            told.append((at, kind, wanted or shown))
            shown = wanted
    return told
