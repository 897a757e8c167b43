"""When a rule counts: days and hours by the clocks of a device. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from devices.codecs.local_time import SettingBack
from hub.alerts.hours import minutes
from hub.duty.calendar import SATURDAY, Calendar
from hub.duty.shifts import EVERY, MINUTES, Shift
from hub.models import Micros, from_micros, to_micros

MINUTE: Micros = 60_000_000
NEVER: Micros = 1 << 62
"""As of slots, which know rules."""
AHEAD = 60
"""Days that are looked ahead for the next one that fits: no calendar has as many holidays, or workdays, in a row."""


def schedule_of(given: Mapping[str, Any] | None) -> Shift | None:
    """A schedule as it is stored: days (as of a shift, every day if left out) and hours (HH:MM-HH:MM, the whole day if
    left out), which belong to the day that they begin on. None: always."""
    if given is None:
        return None
    start, end = minutes(given.get("hours") or "00:00-24:00")
    return Shift("", start, end if end > start else end + MINUTES, frozenset(given.get("days") or (EVERY,)))


def opens(schedule: Shift | None, at: Micros, zone: tzinfo, calendar: Calendar) -> Micros:
    """When a rule of a schedule counts next: `at` where it does then; NEVER where it does not in the next AHEAD days.

    In a year without a calendar people work from Monday to Friday.
    """
    if schedule is None:
        return at
    opened = _opens(schedule, at // MINUTE, zone, calendar)
    return max(at, opened)


@lru_cache(65_536)
def _opens(schedule: Shift, minute: int, zone: tzinfo, calendar: Calendar) -> Micros:
    """As `opens`, for a whole minute: clocks of zones differ from UTC by whole minutes, since 1972 at least."""
    at, own = minute * MINUTE, zone.zone if isinstance(zone, SettingBack) else zone
    today = from_micros(at).astimezone(own).date()
    for ahead in range(-2, AHEAD):
        day = today + timedelta(days=ahead)
        if not _fits(schedule, day, calendar):
            continue
        begin, end = (to_micros(moment) for moment in schedule.span(day, own))
        if begin < end and at < end:
            return max(at, begin)
    return NEVER


def _fits(schedule: Shift, day: date, calendar: Calendar) -> bool:
    fits = schedule.begins_on(day, calendar)
    return bool(schedule.fits(day.weekday(), day.weekday() < SATURDAY)) if fits is None else fits
