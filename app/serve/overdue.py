"""Watches those who watch: timers that are due and that nobody takes, because a leader hangs with its connection open.

Each process looks, for the one that hangs may be any; one of them tells.
"""

import asyncio
import logging

from hub.alerts.own import over, tell
from hub.alerts.own_kinds import OwnKind
from hub.backoff import Backoff
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

KIND: OwnKind = "timers_overdue"
EVERY_S = 60.0
TIMERS = ("escalation", "fallback", "drills", "silences")
RED = 4


async def look(pool: Pool) -> None:
    """Tell of each kind of timer whose oldest is due for more than a minute, and that it is taken again."""
    with sorted_errors():
        async with pool.connection() as conn, conn.transaction():
            if not await (await conn.execute(SQL.mine)).fetchone():
                return
            found = {timer for (timer,) in await (await conn.execute(SQL.overdue)).fetchall()}
            for timer in TIMERS:
                if timer in found:
                    if await tell(conn, KIND, timer, RED):
                        log.error("nobody takes what is due of %s: a process that leads hangs, restart the hub", timer)
                elif await over(conn, KIND, timer):
                    log.warning("what is due of %s is taken again", timer)


async def watch_timers(pool: Pool) -> None:
    """Look every minute, for ever."""
    store = Backoff(log, "overdue timers are looked for again")
    while True:
        try:
            await look(pool)
            store.succeeded()
        except HubError as error:
            store.failed("overdue timers are not looked for: %s", error)
        await asyncio.sleep(EVERY_S)
