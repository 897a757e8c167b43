"""Quiet hours (免打扰时段) of a consumer: when what is not red is kept back from it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hub.alerts.hours import Hours, readable_hours

MOST = 20
"""Windows of one consumer."""
ORANGE = 3
"""What is above is never quiet, whatever is stored."""


class Quiet(NamedTuple):
    """One window."""

    hours: Hours
    max_level: int = ORANGE


def quiet_until(windows: Iterable[Quiet], level: int, at: datetime) -> datetime | None:
    """Until when an alert of a level that happens at a time is kept back; None: it is not."""
    ends = [each.hours.ends(at) for each in windows if level <= min(each.max_level, ORANGE) and each.hours.holds(at)]
    return max(ends, default=None)


def stored_quiet(windows: Iterable[Mapping[str, Any]]) -> tuple[Quiet, ...]:
    """Windows as they are stored. One that cannot be read here keeps nothing back."""
    found = []
    for each in windows:
        hours = readable_hours(each.get("days"), each.get("hours"), each.get("zone"))
        if hours is not None:
            found.append(Quiet(hours, each.get("max_level", ORANGE)))
    return tuple(found)
