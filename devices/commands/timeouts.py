"""Commands that nobody answers: settled when their time is over. And old ones: forgotten."""

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
    """Time out what was not answered in time; how many were. StoreUnavailable stops it."""
    return await _repeated(pool, SQL.expire, {"batch": batch})


async def forget_commands(pool: Pool, keep_days: int, batch: int = BATCH) -> int:
    """Remove settled commands that are older; how many went. StoreUnavailable stops it."""
    return await _repeated(pool, SQL.forget, {"days": keep_days, "batch": batch})


async def keep_settling(pool: Pool, settings: Commands) -> None:
    """Settle and forget, for ever; the pipeline reports an outage, so here it is only waited for."""
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
    """Run a statement until it finds no whole batch any more."""
    done = 0
    with sorted_errors():
        while True:
            async with pool.connection() as conn:
                found = (await conn.execute(statement, values)).rowcount
            done += found
            if found < values["batch"]:
                return done
