"""Hours of a week in a time zone, such as Monday to Friday from 22:00 to 06:00."""

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

log = logging.getLogger(__name__)

ZONE = "Asia/Shanghai"
"""Of hours that name none."""
DAYS = (1, 2, 3, 4, 5, 6, 7)
"""Monday to Sunday."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")


class Hours(NamedTuple):
    """A window of the day, on some days of the week."""

    days: frozenset[int]
    """On which it begins; 1 is Monday."""
    start: int
    """Minute of the day."""
    end: int
    """Minute of the day that it ends before; not after `start`: of the next day."""
    zone: ZoneInfo

    def holds(self, at: datetime) -> bool:
        """Whether a time, with its zone, is within, by the clocks of the hours' zone."""
        local = at.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.isoweekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = (today - 2) % 7 + 1
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)

    def ends(self, at: datetime) -> datetime:
        """When the window ends in which a time is; always later than that, also when clocks are set back."""
        local = at.astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        # Wall-clock arithmetic: an aware datetime of one zone adds days and hours without changes of its offset.
        end = midnight + timedelta(minutes=self.end)
        if self.start >= self.end and local.hour * 60 + local.minute >= self.start:
            end += timedelta(days=1)
        return max(end.astimezone(UTC), at + timedelta(minutes=1))


def hours_of(days: Iterable[int] | None, hours: str | None, zone: str | None) -> Hours | None:
    """Hours as they are written, HH:MM-HH:MM; None where neither days nor hours are limited.

    Raises ValueError for what is none, ZoneInfoNotFoundError (a KeyError) for an unknown zone.
    """
    if days is None and hours is None:
        return None
    start, end = minutes("00:00-24:00" if hours is None else hours)
    return Hours(frozenset(DAYS if days is None else days), start, end, ZoneInfo(zone or ZONE))


def readable_hours(days: Iterable[int] | None, hours: str | None, zone: str | None) -> Hours | None:
    """As `hours_of`; None, logged once, for those that this process cannot read: it may lack a zone that another has.

    Who would be told of too much is told, rather than nobody of anything.
    """
    try:
        return hours_of(days, hours, zone)
    except (ValueError, KeyError, OSError):
        _warn(hours, zone)
        return None


@cache
def _warn(hours: str | None, zone: str | None) -> None:
    log.error("hours '%s' in the time zone '%s' cannot be read here and do not limit: install tzdata", hours, zone)


@cache
def zones() -> frozenset[str]:
    """The time zones that mean the same on every machine, such as Asia/Shanghai."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def minutes(hours: str) -> tuple[int, int]:
    """The minutes of the day at which HH:MM-HH:MM begins and ends; ValueError for what is not written so."""
    found = _HOURS.fullmatch(hours)
    if found is None:
        raise ValueError(f"'{hours}' are no hours; write them like 08:00-18:00, or 22:00-06:00 across midnight")
    from_hour, from_minute, *to = (int(digits) for digits in found.groups() if digits is not None)
    start, end = from_hour * 60 + from_minute, to[0] * 60 + to[1]
    if start == end:
        raise ValueError(f"'{hours}' begins when it ends; the whole day is 00:00-24:00")
    return start, end
