"""Judges how cameras are, and keeps the history of it; one of all processes on a database does.

A camera is a device in use whose profile is of the category video, and below which no other is: a channel of a recorder
is one, the recorder itself is not, also when all its channels are retired. It is maintained while somebody works on it
or on what it hangs on; offline by its presence or because none of the ways in which it is connected is up; unknown
while nothing was ever heard of it; faulty while a fault of it lasts; else sound. Time in which the hub hears nothing
belongs to no state (ADR 9).
"""

import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from devices.health.presence_rows import read_heard
from hub.store.statements import statements

SQL = statements(__name__)

ZONE = "Asia/Shanghai"
"""Of days."""
CATEGORY = "video"
FAULTS = ("fault", "occlusion", "power_loss", "tamper", "video_loss", "video_quality")
"""Kinds of events that are a fault of a camera while they last."""
EVERY_S, RESTS = 20.0, 9
"""It is judged so often, and rests so many times as long as that took: at most a tenth of one core of the database."""
GAP_S = 300.0
"""A restart of the hub is shorter: how a camera was meanwhile is not asked."""
TURNS, RESTS_S = 50, 900.0
"""After so many changes in a day a state lasts so long at least: at most 146 rows a day and camera."""


def begin_of(day: date) -> datetime:
    """Of a day of China."""
    return datetime.combine(day, clock(), ZoneInfo(ZONE))


def day_of(at: datetime) -> date:
    """The day of China."""
    return at.astimezone(ZoneInfo(ZONE)).date()


async def watch(conn: AsyncConnection) -> float:
    """Work of a leader."""
    began = time.monotonic()
    heard = await read_heard(conn)
    if heard is not None:
        await judge(conn, heard.at)
    return max(EVERY_S, RESTS * (time.monotonic() - began))


async def judge(conn: AsyncConnection, at: datetime) -> None:
    """How cameras are at a time until which everything is heard; what is known to be later changes nothing."""
    async with conn.transaction():
        found = await (await conn.execute(SQL.known)).fetchone()
        known = None if found is None else found[0]
        if known is not None and known >= at:
            return
        if known is not None and (at - known).total_seconds() > GAP_S:
            await conn.execute(SQL.gap_put, {"from_at": known, "to_at": at})
        await _count(conn, day_of(at))
        values = {
            "at": at, "day": day_of(at), "zone": ZONE, "kinds": list(FAULTS), "category": CATEGORY, "turns": TURNS,
            "rests_s": RESTS_S,
        }  # fmt: skip
        await conn.execute(SQL.states_put.encode(), values, prepare=False)
        await conn.execute(SQL.known_put, {"at": at})


async def _count(conn: AsyncConnection, today: date) -> None:
    """The totals of days that have begun since they were counted last."""
    found = await (await conn.execute(SQL.totals_day)).fetchone()
    last = None if found is None else found[0]
    while last is not None and last < today:
        last += timedelta(days=1)
        spans = {"from_at": begin_of(last - timedelta(days=1)), "to_at": begin_of(last)}
        await conn.execute(SQL.totals_put, {"day": last, **spans})
