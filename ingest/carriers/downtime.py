"""Until when the hub could take pushes: a durable mark. Time in which nobody wrote it is a gap of each device.

What was pushed meanwhile was refused, and most platforms repeat nothing. OneNET does for 2 h 45 min: a shorter time is
no gap of its devices.
"""

import asyncio
import logging
from collections.abc import Callable

from hub.backoff import Backoff
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 1.0
AWAY_S = 3.0
"""A mark that is older at the start of a process was left by one that is gone."""
STALLED_S = 15.0
"""Of a process that runs: one that was only slow held what was pushed, and took it."""


class Listening:
    """Writes the mark."""

    def __init__(self, pool: Pool, trouble: Callable[[], list[str]], taking: Callable[[], bool]) -> None:
        """`trouble` tells why nothing can be committed now; `taking`: whether pushes are taken."""
        self._pool, self._trouble, self._taking = pool, trouble, taking
        self._most = AWAY_S
        self._backoff = Backoff(log, "until when pushes are taken is noted again", longest_s=5)

    async def run(self) -> None:
        """Write it again and again."""
        while True:
            try:
                if self._taking() and not self._trouble():
                    await self.note()
                self._backoff.succeeded()
            except HubError as error:
                self._backoff.failed("until when pushes are taken cannot be noted: %s", error)
            await asyncio.sleep(EVERY_S)

    async def note(self) -> None:
        """Write it once, with the gaps that were till now."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.mark, {"most": self._most})).fetchone()
        self._most = STALLED_S
        if row is not None and row[0]:
            log.warning("pushes could not be taken from %s to %s: a gap of %s devices", row[1], row[2], f"{row[0]:,}")
