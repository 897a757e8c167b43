"""Calendars that will be wanted and were not imported."""

from datetime import date

from psycopg import AsyncConnection

from hub.store.statements import statements

SQL = statements(__name__)

DECEMBER = 12


async def missing_years(conn: AsyncConnection, today: date) -> list[int]:
    """This year, and from 1 December the next, where the hub has not their calendars though some are of use."""
    years = [today.year, *([today.year + 1] if today.month == DECEMBER else [])]
    return [year for (year,) in await (await conn.execute(SQL.missing, {"years": years})).fetchall()]
