"""Rebuilds rollups after an upgrade, range by range in the background; their views stay correct meanwhile.

A view is filled from its oldest readings on. What lies behind its newest filled bucket is computed from the readings
when asked, so an answer is right at any time and gets faster as the rebuild goes on. What comes in the meantime with a
time that is filled already is counted once the view's policies run again, at its end.

Only the owner of the tables can fill a view. Where hubs work as another role they leave it, and `hub migrate --rollups`
does it.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

RESTS = 9.0
"""After a range it rests so many times as long as that took: at most a tenth of one core of the database."""
RANGE_TAKES_S = 1.0
"""Ranges get longer or shorter, so that each takes about so long; what a kill interrupts is done again."""
SHORTEST_RANGE_S = 3_600.0
"""However slow: shorter ones would not keep up with the clock."""
LONGEST_RANGE_S = 64 * 86_400.0
IDLE_S = 60.0
TOLD_EVERY_S = 60.0


class Progress(NamedTuple):
    """Progress of a rebuild."""

    percent: float
    """Of the time that all rollups span."""
    started_at: datetime | None
    """None while it waits for a process that does it."""
    view: str | None
    """The rollup that is being filled."""


async def progress(conn: psycopg.AsyncConnection[Any]) -> Progress | None:
    """Progress of the rebuild; None when there is none."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(SQL.progress)).fetchone()
    return None if row is None else Progress(**row)


async def waits_for_owner(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether something is left to rebuild that the role of the connection must not touch."""
    left = await progress(conn)
    found = await (await conn.execute(SQL.next, {"range_s": SHORTEST_RANGE_S})).fetchone()
    return left is not None and found is None


async def rebuild_all(conn: psycopg.AsyncConnection, tell: Callable[[Progress], None]) -> None:
    """Rebuild all that is left, as the owner, one process at a time. Broken off at any moment, the next one goes on.

    Raises psycopg errors.
    """
    await conn.execute(SQL.one_at_a_time)
    rebuild = Rebuild(rests=0.0)
    while (left := await progress(conn)) is not None and not await waits_for_owner(conn):
        tell(left)
        await asyncio.sleep(await rebuild(conn))


class Rebuild:
    """Leader task: rebuilds one range per call. Progress is stored, so any process can continue."""

    def __init__(self, rests: float = RESTS, range_takes_s: float = RANGE_TAKES_S) -> None:
        self._rests, self._range_takes_s = rests, range_takes_s
        self._range_s = SHORTEST_RANGE_S
        self._told_at = 0.0
        self._failing = False

    async def __call__(self, conn: psycopg.AsyncConnection) -> float:
        """Rebuild the next range, or finish a view; returns the seconds until the next call."""
        async with conn.cursor(row_factory=dict_row) as cursor:
            found = await (await cursor.execute(SQL.next, {"range_s": self._range_s})).fetchone()
        if found is None:
            return IDLE_S
        if found["done_until"] >= found["filled_until"]:
            await self._finish(conn, found["view"])
            return 0.0
        if found["fresh"]:
            log.info("%s is being rebuilt from its readings, in the background", found["view"])
        began = time.monotonic()
        try:
            await conn.execute(SQL.refresh, found)
        except psycopg.Error as error:
            return self._failed(conn, found["view"], error)
        await conn.execute(SQL.advance, found)
        took_s = time.monotonic() - began
        self._failing = False
        fitting_s = self._range_s * min(4.0, max(0.25, self._range_takes_s / took_s))
        self._range_s = min(LONGEST_RANGE_S, max(SHORTEST_RANGE_S, fitting_s))
        await self._tell(conn)
        return took_s * self._rests

    async def _finish(self, conn: psycopg.AsyncConnection, view: str) -> None:
        async with conn.transaction():
            await conn.execute(SQL.finish, {"view": view})
            await conn.execute(SQL.start_policies, {"view": view})
        self._range_s = SHORTEST_RANGE_S
        log.info("%s is complete again", view)

    def _failed(self, conn: psycopg.AsyncConnection, view: str, error: psycopg.Error) -> float:
        """Retry a failed range later with a shorter length; logged once."""
        if conn.closed:
            raise error
        if not self._failing:
            log.warning("%s cannot be rebuilt for now: %s", view, error)
        self._failing = True
        self._range_s = SHORTEST_RANGE_S
        return IDLE_S

    async def _tell(self, conn: psycopg.AsyncConnection) -> None:
        if time.monotonic() - self._told_at < TOLD_EVERY_S:
            return
        self._told_at = time.monotonic()
        if (now := await progress(conn)) is not None:
            log.info("rebuilding rollups: %.1f %%", now.percent)
