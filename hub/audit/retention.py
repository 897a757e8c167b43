"""Retention: drops entries past their days from the old end of the chain, which keeps the hash where it now begins."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 3600.0
BATCH = 5_000
"""Entries of one transaction."""


async def forget(pool: Pool, keep_days: int, now: datetime, batch: int = BATCH) -> int:
    """Drop the sealed entries that are older than `keep_days`, at least 180; returns their number. Raises HubError."""
    gone = 0
    while True:
        with sorted_errors():
            async with pool.connection() as conn:
                values = [now - timedelta(days=keep_days), batch]
                row = await (await conn.execute(SQL.forget, values)).fetchone()
        dropped = int(row[0]) if row else 0
        gone += dropped
        if dropped < batch:
            return gone


async def keep_audit(pool: Pool, keep_days: int) -> None:
    """Drop what is past its days every hour, forever."""
    while True:
        try:
            gone = await forget(pool, keep_days, datetime.now(UTC))
        except HubError as error:
            log.warning("old entries of the audit stay until the next hour: %s", error)
        else:
            if gone:
                log.info("%d entries of the audit are past their %d days and dropped", gone, keep_days)
        await asyncio.sleep(EVERY_S)
