"""Gives the fallback consumer the red alerts that nobody has accepted in time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from hub.alerts.apply import SQL as APPLY
from hub.alerts.transitions import HANDLING_AFTER, RECORDS
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
TAKEN_UP = HANDLING_AFTER.keys() - {"reopened"}
"""Steps by which a person takes an alert up; by a machine they tell of no one."""
AT_ONCE = 500
"""Alerts of one transaction: bounds the time that the lock is held."""


async def fall(conn: psycopg.AsyncConnection) -> int:
    """Give the fallback consumer each red alert that is due and that nobody has; how many deliveries that made."""
    if not await (await conn.execute(SQL.due)).fetchone():
        return 0
    async with conn.transaction():
        await conn.execute(APPLY.lock)
        wanted = {"limit": AT_ONCE, "records": list(RECORDS), "taken_up": sorted(TAKEN_UP)}
        made = await (await conn.execute(SQL.fall, wanted)).fetchall()
        if made:
            await conn.execute(APPLY.notify)
    if made:
        log.warning("%d red alerts that nobody had accepted go to the fallback consumer", len({id_ for (id_,) in made}))
    return len(made)


class FallbackWatch(Part):
    """Runs on the leader; what is due is a row, so that nothing is forgotten, and taken in one transaction, once."""

    phase = Phase.SOURCES

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database.url

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Compete for leadership, and look once a second."""
        group.create_task(lead(self._url, "fallback", self._work), name="fallback")
        yield

    async def _work(self, conn: psycopg.AsyncConnection) -> float:
        await fall(conn)
        return EVERY_S
