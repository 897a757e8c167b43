"""Raises an alert for each consumer whose channel is degraded, and clears it when it accepts again."""

import logging

import psycopg

from hub.alerts.degraded import KIND, degraded
from hub.alerts.own import over, tell
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 5.0
ORANGE = 3


async def watch_channels(conn: psycopg.AsyncConnection) -> float:
    """Compare which channels are degraded with what has been told of them; in how many seconds to look again.

    For one leader; what it judges by stands in rows, so that the next one goes on.
    """
    found = await degraded(conn)
    told = {target.partition(":")[2] for (target,) in await (await conn.execute(SQL.told)).fetchall()}
    for code, owner in found.items():
        if code not in told and await tell(conn, KIND, code, ORANGE, owner):
            log.error("consumer %s does not get its alerts: see `hub consumers show %s`", code, code)
    for code in told - found.keys():
        if await over(conn, KIND, code):
            log.warning("consumer %s gets its alerts again, or is switched off or deleted", code)
    return EVERY_S
