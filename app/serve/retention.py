"""Retention: deletes what is older than its limit, in short transactions. Safe to run in any number of processes.

hub/access/inventory.py says of each table what limits it; dead letters, commands, presence and what the stages keep for
themselves are limited beside their owners.
"""

import asyncio
import logging

from hub.alerts.expiry import EXPIRE
from hub.cases.expiry import EXPIRE as EXPIRE_CASES
from hub.duty.handover import EXPIRE as EXPIRE_HANDOVERS
from hub.errors import HubError
from hub.settings import Settings
from hub.store.clips import EXPIRE as EXPIRE_CLIPS
from hub.store.pictures import EXPIRE as EXPIRE_PICTURES
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

BATCH = 5_000
EVERY_S = 3600.0


async def forget(pool: Pool, settings: Settings, batch: int = BATCH) -> int:
    """Delete what is past its limit now; returns the number of events, alerts and records. Raises StoreUnavailable."""
    limits = {
        EXPIRE: settings.alerts.keep_days,
        EXPIRE_CASES: settings.cases.keep_days,
        EXPIRE_HANDOVERS: settings.alerts.keep_days,
        SQL.events: settings.events.keep_days,
        SQL.episodes: settings.events.keep_days,
        EXPIRE_PICTURES: settings.pictures.keep_days,
        EXPIRE_CLIPS: settings.pictures.keep_days,
        SQL.camera_places: settings.pictures.keep_days,
        SQL.desk_presence: 1,
        SQL.desk_hours: settings.alerts.keep_days,
        SQL.gaps: settings.health.keep_days,
        SQL.incidents: settings.alerts.keep_days,
        SQL.maintenance: settings.health.keep_days,
        SQL.silences: settings.alerts.keep_days,
        SQL.proofs: settings.alerts.keep_days,
        SQL.drills: settings.alerts.keep_days,
        SQL.summaries: settings.alerts.keep_days,
        SQL.guards: settings.health.keep_days,
        SQL.unmapped: settings.health.keep_days,
        SQL.unused: settings.health.keep_days,
        SQL.warnings: settings.warnings.keep_days,
        SQL.forwarded: settings.forwards.keep_days,
        SQL.camera_states: settings.health.keep_days,
        SQL.camera_totals: settings.health.keep_days,
        SQL.camera_gaps: settings.health.keep_days,
        SQL.registrations: settings.sip.keep_days,
        SQL.not_forwarded: settings.forwards.pending_days,
    }
    gone, stale_s = 0, settings.rules.stale_after_s
    with sorted_errors():
        if (days := settings.database.retention_days) is not None:
            async with pool.connection() as conn:
                await conn.execute(SQL.readings, {"days": days})
        for statement, keep_days in limits.items():
            full = keep_days is not None
            values = {"days": keep_days, "batch": batch, "stale_s": stale_s}
            while full:
                async with pool.connection() as conn:
                    removed = (await conn.execute(statement, values)).rowcount
                gone += removed
                full = removed == batch
    return gone


async def keep_forgetting(pool: Pool, settings: Settings) -> None:
    """Do so every hour, forever."""
    while True:
        try:
            if gone := await forget(pool, settings):
                log.info("%d records that are past their days are deleted", gone)
        except HubError as error:
            log.warning("what is past its days stays until the next hour: %s", error)
        await asyncio.sleep(EVERY_S)
