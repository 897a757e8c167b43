"""The days that a report tells of, those that it compares them with, and the months of its trend."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.cases.indicators import Period

MONTHS = 12
"""Of the trend, at most."""
DAY = timedelta(days=1)


@dataclass(slots=True, frozen=True)
class Told:
    """A period, and what it is seen against."""

    period: Period
    before: Period
    """As many whole months, or days, right before."""
    trend: Period

    @property
    def whole_month(self) -> str | None:
        """As 2026-10; None: it is another period."""
        first, last = self.period.first, self.period.last
        if first.day != 1 or month_end(first) != last:
            return None
        return f"{first:%Y-%m}"


def told_of(period: Period) -> Told:
    """What a period is told with."""
    first, last = period.first, period.last
    ends = first - DAY
    if first.day == 1 and month_end(last) == last:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        begins = months_before(first, months)
    else:
        begins = ends - (last - first)
    trend = Period(months_before(last.replace(day=1), MONTHS - 1), last, period.now)
    return Told(period, replace(period, first=begins, last=ends), trend)


def month_of(written: str, now: datetime) -> Period:
    """A whole month, as 2026-10; ValueError when it is none."""
    first = datetime.strptime(written, "%Y-%m").date()  # noqa: DTZ007 a month has no zone
    return Period(first, month_end(first), now)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - DAY


def months_before(first: date, months: int) -> date:
    """The first of the month so many months before that of a day."""
    place = first.year * 12 + first.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)
