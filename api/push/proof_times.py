"""At which local times of the day a consumer is sent a proof that it can be reached. Pure."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.alerts.hours import ZONE, zones


def next_of(times: Iterable[str], after: datetime, zone: object = None) -> datetime | None:
    """The first of these times (HH:MM) after a moment, by the clocks of a zone; None where there are none."""
    clocks = ZoneInfo(zone if isinstance(zone, str) and zone in zones() else ZONE)
    today = after.astimezone(clocks).date()
    moments = [
        datetime.combine(today + timedelta(days=days), time.fromisoformat(each), clocks)
        for each in times
        for days in (0, 1)
    ]
    return min((moment for moment in moments if moment > after), default=None)
