"""Times out unanswered commands, and deletes old ones."""

import asyncio
import logging
import time

from hub.errors import HubError
from hub.settings import Commands
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BATCH = 5_000
EVERY_S = 0.5
"""How much later than its time a command may be settled, at most; looking costs a tenth of a millisecond."""
FORGET_EVERY_S = 3600.0


async def settle_overdue(pool: Pool, batch: int = BATCH) -> int:
    """Settle what is overdue, or was lost on its way to a network; returns their number. Raises StoreUnavailable."""
    lost = await _repeated(pool, SQL.lost, {"batch": batch})
    return lost + await _repeated(pool, SQL.expire, {"batch": batch})


async def forget_commands(pool: Pool, keep_days: int, batch: int = BATCH) -> int:
    """Delete settled commands older than the limit; returns their number. Raises StoreUnavailable."""
    return await _repeated(pool, SQL.forget, {"days": keep_days, "batch": batch})


async def keep_settling(pool: Pool, settings: Commands) -> None:
    """Run both periodically; an outage is waited out silently, because the pipeline reports it."""
    forget_at = 0.0
    while True:
        try:
            await settle_overdue(pool)
            if time.monotonic() >= forget_at:
                await forget_commands(pool, settings.keep_days)
                forget_at = time.monotonic() + FORGET_EVERY_S
        except HubError as error:
            log.debug("commands are settled later: %s", error)
        await asyncio.sleep(EVERY_S)


async def _repeated(pool: Pool, statement: str, values: dict[str, int]) -> int:
    """Repeat a batched statement until a batch is not full."""
    done = 0
    with sorted_errors():
        while True:
            async with pool.connection() as conn:
                found = (await conn.execute(statement, values)).rowcount
            done += found
            if found < values["batch"]:
                return done
