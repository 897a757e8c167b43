"""Watches the calendars of workdays: from 1 December one that is missing for the next year is an alert of the hub."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psycopg

from hub.alerts.hours import ZONE
from hub.alerts.own import over, tell
from hub.alerts.own_kinds import OwnKind
from hub.duty.missing_years import missing_years

EVERY_S = 60.0
ORANGE = 3
KIND: OwnKind = "calendar_missing"


async def watch_calendars(conn: psycopg.AsyncConnection) -> float:
    """Look once, on the leader; returns after how many seconds to look again."""
    await look(conn, datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date())
    return EVERY_S


async def look(conn: psycopg.AsyncConnection, today: date) -> None:
    """An alert for each year whose calendar is missing on a day; that of one that is not, or is past, is over."""
    missing = await missing_years(conn, today)
    for year in range(today.year - 1, today.year + 2):
        await (tell(conn, KIND, str(year), ORANGE) if year in missing else over(conn, KIND, str(year)))
