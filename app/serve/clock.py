"""Watches this machine's clock: one that is off makes times of arrival wrong, and all that is judged by them."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.alerts.own import over, tell
from hub.errors import HubError
from hub.lifecycle import Part, Phase
from hub.store.clock import offset
from hub.store.pool import Pool, sorted_errors
from hub.telemetry import Counters

log = logging.getLogger(__name__)

EVERY_S = 60.0
ORANGE = 3


class Clock(Part):
    """Compares the clock with the database's every minute; tells once that it is off, and once that it is right."""

    phase = Phase.STORE

    def __init__(self, pool: Pool, counters: Counters) -> None:
        self._pool, self._counters = pool, counters

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Look once a minute."""
        group.create_task(self._watch(), name="clock")
        yield

    async def look(self) -> None:
        """Compare once; an outage is reported elsewhere."""
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    found = await offset(conn)
        except HubError as error:
            log.debug("the clock is looked at later: %s", error)
            return
        await self._alert(found.warning is not None)
        before, self._counters.clock_warning = self._counters.clock_warning, found.warning
        self._counters.clock_offset_s = found.seconds
        if found.warning is not None and before is None:
            log.error("%s", found.warning)
        elif found.warning is None and before is not None:
            log.warning("the clock of this machine is right again")

    async def _alert(self, off: bool) -> None:
        """An alert while it is off; one for all processes of this machine."""
        where = socket.gethostname()
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await (tell(conn, "clock_off", where, ORANGE) if off else over(conn, "clock_off", where))
        except HubError as error:
            log.debug("the alert about the clock comes later: %s", error)

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)
