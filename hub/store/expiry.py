"""Expires dead letters by age and number, in short transactions."""

import asyncio
import logging

from hub.errors import StoreUnavailable
from hub.settings import DeadLetters
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BATCH = 5_000
EVERY_S = 60.0


async def expire_dead_letters(pool: Pool, limits: DeadLetters, batch: int = BATCH) -> int:
    """Delete expired or surplus dead letters, oldest first; returns their number. Raises StoreUnavailable."""
    gone = 0
    values = {"days": limits.keep_days, "keep": limits.keep, "batch": batch}
    with sorted_errors():
        while True:
            async with pool.connection() as conn:
                removed = (await conn.execute(SQL.expire, values)).rowcount
            gone += removed
            if removed < batch:
                break
        async with pool.connection() as conn:
            await conn.execute(SQL.forget, {"days": limits.keep_days})
    return gone


async def keep_expiring(pool: Pool, limits: DeadLetters) -> None:
    """Expire every minute, forever; outages are waited out silently, as the pipeline reports them."""
    while True:
        try:
            gone = await expire_dead_letters(pool, limits)
        except StoreUnavailable as error:
            log.debug("dead letters expire later: %s", error)
        else:
            if gone:
                log.info("%d dead letters expired", gone)
        await asyncio.sleep(EVERY_S)
