"""What deadlines are counted by, from the store: the newest deadline table, its working hours, and the calendars."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from hub.cases.clock import Timekeeper
from hub.cases.deadlines import Deadlines, Line
from hub.cases.stage_clock import Terms
from hub.duty.calendar import Calendar
from hub.store.statements import statements

SQL = statements(__name__)

ZONE = "Asia/Shanghai"
"""Of a hub without a deadline table."""
HOURS = ((510, 720), (810, 1050))
"""8:30 to 12:00 and 13:30 to 17:30, of a hub without a deadline table."""


async def read_terms(
    conn: AsyncConnection, categories: Collection[tuple[str | None, str | None]], since: datetime
) -> Terms:
    """The terms of cases of these categories (kind, code), to count from a time on, by the calendars since its year."""
    table = await (await conn.execute(SQL.newest)).fetchone()
    version, zone, hours = table or (None, ZONE, HOURS)
    named = {"kinds": [kind for kind, _ in categories], "codes": [code for _, code in categories], "version": version}
    parents = {(kind, code): parent for kind, code, parent in await _rows(conn, SQL.parents, named)}
    codes = [code for _, code in (*categories, *parents) if code is not None] + [*parents.values()]
    lines = [Line(*line) for line in await _rows(conn, SQL.lines, {"version": version, "codes": codes})]
    days = dict(await _rows(conn, SQL.days, {"year": since.year - 1}))
    keeper = Timekeeper(ZoneInfo(zone), [(begin, end) for begin, end in hours], Calendar(days))
    return Terms(keeper, Deadlines(version, lines, parents))


async def _rows(conn: AsyncConnection, statement: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement.encode(), values)).fetchall()
