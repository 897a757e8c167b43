"""Leader election: work done by one process per database, on the connection that holds the lock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

from hub.backoff import jittered
from hub.errors import HubError
from hub.store.named_lock import SQL as CLAIM
from hub.store.pool import connect, sorted_errors

log = logging.getLogger(__name__)

ASK_S = 2.0
"""How often those ask that do not lead."""

Work = Callable[[psycopg.AsyncConnection], Awaitable[float]]
"""A piece of work; returns after how many seconds it is due again."""


async def lead(url: str, name: str, work: Work, permitted: Callable[[], bool] = lambda: True) -> None:
    """Repeat the work forever while holding leadership; losing the connection ends it.

    While it is not `permitted` it leaves it to others.
    """
    while True:
        try:
            async with await connect(url) as conn:
                await conn.execute(CLAIM.watch)
                while permitted():
                    row = await (await conn.execute(CLAIM.take, {"name": name})).fetchone()
                    wait_s = ASK_S
                    if row is not None and row[0]:
                        with sorted_errors():
                            wait_s = await work(conn)
                    await asyncio.sleep(wait_s)
        except (psycopg.Error, OSError, HubError) as error:
            log.debug("%s waits for the database: %s", name, error)
        await asyncio.sleep(jittered(ASK_S))
