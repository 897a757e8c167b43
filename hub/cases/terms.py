"""What deadlines are counted by, from the store: the newest deadline table, its working hours, and the calendars."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple
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


class InForce(NamedTuple):
    """The deadline table that is in force, and how it counts time."""

    version: int | None
    keeper: Timekeeper


async def in_force(conn: AsyncConnection) -> InForce:
    """The newest deadline table, its working hours, and all calendars: some dozen days a year."""
    [(version, zone, hours, days)] = await _rows(conn, SQL.in_force, {})
    named = {date.fromisoformat(day): workday for day, workday in days.items()}
    spans = [(begin, end) for begin, end in hours or HOURS]
    return InForce(version, Timekeeper(ZoneInfo(zone or ZONE), spans, Calendar(named)))


async def read_terms(
    conn: AsyncConnection, table: InForce, categories: Collection[tuple[str | None, str | None]]
) -> Terms:
    """The terms of cases of these categories (kind, code)."""
    if table.version is None:
        return Terms(table.keeper, Deadlines(None, (), {}))
    named = {"kinds": [kind for kind, _ in categories], "codes": [code for _, code in categories]}
    parents = {(kind, code): parent for kind, code, parent in await _rows(conn, SQL.parents, named)}
    codes = [code for _, code in (*categories, *parents) if code is not None] + [*parents.values()]
    lines = [Line(*line) for line in await _rows(conn, SQL.lines, {"version": table.version, "codes": codes})]
    return Terms(table.keeper, Deadlines(table.version, lines, parents))


async def _rows(conn: AsyncConnection, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement.encode(), values)).fetchall()
