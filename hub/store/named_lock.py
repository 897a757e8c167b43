"""A named lock, exclusive among all hubs on a database, held while a connection is open."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

from hub.backoff import jittered
from hub.errors import StoreUnavailable
from hub.store.pool import connect
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BACK_S = 0.2
"""The holder comes back this soon after the database did, well before the others ask."""
ASK_S = 2.0
"""How often those ask that do not have it."""
LOOK_S = 5.0
"""How often the holder looks whether its connection still stands."""


class NamedLock:
    """An exclusive named lock; logs when another hub holds it."""

    def __init__(self, url: str, name: str, taken_over: Callable[[], Awaitable[None]]) -> None:
        """`taken_over` is awaited before acquiring the lock from another hub."""
        self._url, self._name, self._taken_over = url, name, taken_over
        self.asked = asyncio.Event()
        """Set once the database has said whose the name is."""
        self.granted = False
        """From when the name is ours until another hub is seen to have it."""
        self.refused = False
        """Whether another hub has it."""

    async def run(self) -> None:
        """Acquire and hold the lock forever."""
        while True:
            try:
                async with await connect(self._url) as conn:
                    await conn.execute(SQL.watch)
                    while True:
                        await self._ask(conn)
                        await asyncio.sleep(LOOK_S if self.granted else jittered(ASK_S))
            except (psycopg.Error, OSError, StoreUnavailable) as error:
                # What was granted stays: while the database is away nobody else can have got it.
                log.debug("%s: the lock waits for the database: %s", self._name, error)
            await asyncio.sleep(jittered(BACK_S if self.granted else ASK_S))

    async def _ask(self, conn: psycopg.AsyncConnection) -> None:
        row = await (await conn.execute(SQL.take, {"name": self._name})).fetchone()
        taken = row is not None and bool(row[0])
        if taken and self.refused:
            await self._taken_over()
            log.warning("%s is free: this hub takes over", self._name)
        elif not taken and not self.refused:
            log.error(
                "%s is in use by another hub on this database; this one waits until that one ends. "
                "If both are meant to run, give each its own mqtt.client_id",
                self._name,
            )
        self.granted, self.refused = taken, not taken
        self.asked.set()
