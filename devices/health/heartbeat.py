"""Heartbeat: until when this process received everything, so that its own outage is not taken for silence.

A device is silent only while the hub could have heard it. Each process that reads from devices, or stores what they
say, keeps a row in `listening`; a process that dies, is cut off from its broker or cannot reach the store stops moving
it, and nothing is decided from silence until it moves again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from os import getpid
from socket import gethostname

from devices.health.last_seen import LastSeen, heard_until, write_heard
from hub.errors import HubError, StoreUnavailable
from hub.models import Batch, Micros, from_micros, now_micros
from hub.settings import Health
from hub.stage import Stage
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""How often it looks whether it hears; a loss that is shorter than that goes unnoticed."""
STALLED_S = 5.0
"""A process that did nothing for so long heard nothing either."""
MARGIN: Micros = 250_000
"""What arrived less than this ago may be under way within the process."""
WAITED_S = 2.0
"""Where a connection took longer than that, the store was away: who had no answer then may not have been heard."""
LAG_S = 10.0
"""The oldest message of a log within this time is how far it is read: partitions may lag one behind the other."""

Now = Callable[[], Micros]
Tell = Callable[[Micros | None, Micros], Awaitable[None]]
"""Since when everything is heard (None: it is not), and until when."""


def process_name() -> str:
    """Name of this process among those that share a database."""
    return f"{gethostname()}/{getpid()}"


class Progress(Stage):
    """Commit progress: everything received until then that can be stored is committed."""

    def __init__(self, idle: Callable[[], bool]) -> None:
        """`idle` tells whether no message is waiting for its commit."""
        self._idle = idle
        self._last: Micros = 0
        self._of_log: deque[tuple[float, Micros]] = deque()

    def adopt(self, batch: Batch) -> None:
        """Record a committed batch."""
        until = heard_until(batch)
        if until is None:
            return
        self._last = max(self._last, until)
        if batch.positions:
            self._of_log.append((time.monotonic(), until))

    def until(self) -> Micros:
        """Time until which everything is committed."""
        now = now_micros() - MARGIN
        while self._of_log and self._of_log[0][0] < time.monotonic() - LAG_S:
            self._of_log.popleft()
        if self._of_log:
            return min(now, *(until for _, until in self._of_log))
        return now if self._idle() else min(now, self._last)


class HeartbeatLoop:
    """Writes a heartbeat every few seconds: the interval during which everything was received."""

    def __init__(self, tell: Tell, reasons: Callable[[], list[str]], until: Now, settings: Health) -> None:
        """`reasons` tells why nothing is received; empty if all is well. `tell` may raise HubError and is retried."""
        self._tell, self._reasons, self._until = tell, reasons, until
        self._every_s, self._most_s = settings.seen_every_s, settings.forget_s / 4
        self.since: Micros | None = None
        """Since when everything is received; None while it is not."""

    def reset(self) -> None:
        """Restart the interval because new sources were added; every device gets its full timeout again."""
        self.since = None

    async def run(self) -> None:
        """Write heartbeats forever, spending at most a tenth of the time."""
        due = looked = time.monotonic()
        while True:
            now = time.monotonic()
            if self._reasons() or now - looked > STALLED_S:
                self.since = None
            elif self.since is None:
                self.since = now_micros()
            if now >= due:
                await self.tell()
                due = now + max(self._every_s, min(10 * (time.monotonic() - now), self._most_s))
            looked = time.monotonic()
            await asyncio.sleep(min(LOOK_S, self._every_s))

    async def tell(self) -> None:
        """Write a heartbeat now."""
        try:
            await self._tell(self.since, self._until())
        except HubError as error:
            log.debug("the heartbeat is written later: %s", error)
            self.since = None


class HeartbeatRow:
    """This process's heartbeat row in `listening`, written together with last-seen times."""

    def __init__(self, pool: Pool, source: str, ears: bool, seen: LastSeen | None = None) -> None:
        """`ears`: the process receives from devices or their broker."""
        self._pool, self._source, self._ears, self._seen = pool, source, ears, seen

    async def put(self, since: Micros | None, until: Micros) -> None:
        """Write both in one transaction; on StoreUnavailable the last-seen times are kept for the next attempt.

        It is unavailable, too, where it was away until now: `since` is from before that.
        """
        heard = self._seen.take() if self._seen else None
        values = {"source": self._source, "ears": self._ears, "at": from_micros(until)}
        asked = time.monotonic()
        try:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.transaction():
                    if since is not None and (waited := time.monotonic() - asked) > WAITED_S:
                        raise StoreUnavailable(f"it was away for {waited:.1f} s")
                    if heard is not None:
                        await write_heard(conn, heard)
                    begun = None if since is None else from_micros(since)
                    await conn.execute(SQL.listening_put, {**values, "since": begun})
        except BaseException:
            if self._seen is not None and heard is not None:
                self._seen.give_back(heard)
            raise

    async def end(self) -> None:
        """Write the final last-seen times and delete the heartbeat row.

        Without a store neither is done: the row is forgotten after a while.
        """
        try:
            await self.put(None, now_micros() - MARGIN)
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.listening_end, {"source": self._source})
        except HubError as error:
            log.debug("the heartbeat of this process is not removed: %s", error)
