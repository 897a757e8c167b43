"""Housekeeping of the store: retention and timeouts. Safe to run in any number of processes."""

import asyncio
import logging

from devices.catalogue.counts import count_all
from devices.commands.timeouts import keep_settling
from hub.errors import HubError
from hub.lifecycle import Named
from hub.settings import Settings
from hub.store.expiry import keep_expiring
from hub.store.leader import lead
from hub.store.pool import Pool, sorted_errors
from hub.store.rebuild import Rebuild
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

RETENTION_EVERY_S = 3600.0


def housekeeping(settings: Settings, pool: Pool) -> list[Named]:
    """Background tasks by name."""
    return [
        ("retention", _retain(pool, settings.database.retention_days)),
        ("expiry", keep_expiring(pool, settings.dead_letters)),
        ("commands", keep_settling(pool, settings.commands)),
        ("catalogue", lead(settings.database.url, "catalogue", count_all)),
        ("rollups", lead(settings.database.url, "rollups", Rebuild())),
    ]


async def _retain(pool: Pool, days: int | None) -> None:
    while days is not None:
        try:
            with sorted_errors():
                async with pool.connection() as conn:
                    await conn.execute(SQL.reading_retain, {"days": days})
        except HubError as error:
            log.warning("old readings stay until the next hour: %s", error)
        await asyncio.sleep(RETENTION_EVERY_S)
