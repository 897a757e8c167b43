"""Alert changes as they are committed: read once for all subscribers, resumed without a gap or a repeat."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from api.cloudevents import cloudevent, encode
from hub.backoff import Backoff
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

PAGE = 500
"""Rows read at a time: bounds memory when many changes were missed."""

READERS = 1000
"""Streams at the same time: protects memory and sockets from a client that opens without end."""


@dataclass(slots=True, frozen=True)
class Change:
    """One alert change; `event` is its CloudEvent, encoded once for everyone."""

    cursor: int
    kind: str
    event: bytes


class Subscription:
    """One reader's bounded share of the feed. It is cut off, not buffered, when it falls behind."""

    def __init__(self, limit: int) -> None:
        self._queue: asyncio.Queue[Change] = asyncio.Queue(limit)
        self.cut = asyncio.Event()
        """Set when the reader was too slow or the feed has ended: it may resume from its last cursor."""

    def offer(self, change: Change) -> None:
        """Queue a change; a full queue cuts the reader off."""
        if self.cut.is_set():
            return
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            log.warning("a stream reader is %d changes behind and is cut off", self._queue.qsize())
            self.cut.set()

    async def next(self, timeout_s: float) -> Change | None:
        """The next change; None when none came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._queue.get()
        return None


class ChangeFeed:
    """The one reader of alert_change in a process. `run` is its task; `wake` tells it that rows were committed."""

    def __init__(self, pool: Pool, queue_limit: int = 1000, poll_s: float = 2.0) -> None:
        self._pool, self._queue_limit, self._poll_s = pool, queue_limit, poll_s
        self._subscriptions: set[Subscription] = set()
        self._woken = asyncio.Event()
        self._started = asyncio.Event()
        self._ended = False
        self._position = 0

    def wake(self) -> None:
        """Look for new rows now."""
        self._woken.set()

    async def run(self) -> None:
        """Read and pass on for ever; while the database is away, keep trying. Ends every subscription with it."""
        store = Backoff(log, "the alert stream reads the database again")
        try:
            while True:
                self._woken.clear()
                try:
                    await self._look()
                except (psycopg.Error, OSError) as error:
                    store.failed("the alert stream cannot read the database: %s", error)
                else:
                    store.succeeded()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_s):
                        await self._woken.wait()
        finally:
            self.close()

    def close(self) -> None:
        """End every subscription, now and to come: the hub is stopping, readers resume elsewhere or later."""
        self._ended = True
        for subscription in self._subscriptions:
            subscription.cut.set()

    @property
    def readers(self) -> int:
        """How many read the feed now."""
        return len(self._subscriptions)

    @property
    def crowded(self) -> bool:
        """Whether there are as many readers as one process serves."""
        return len(self._subscriptions) >= READERS

    async def _look(self) -> None:
        if not self._started.is_set():
            self._position = await self._newest()
            self._started.set()
        while changes := await self._after(self._position):
            for change in changes:
                for subscription in self._subscriptions:
                    subscription.offer(change)
            self._position = changes[-1].cursor

    def subscribe(self) -> Subscription:
        """A reader that gets every change from now on; end it with `unsubscribe`."""
        subscription = Subscription(self._queue_limit)
        if self._ended:
            subscription.cut.set()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a reader."""
        self._subscriptions.discard(subscription)

    async def missed(self, after: int) -> AsyncIterator[Change]:
        """The stored changes with a cursor above `after`, up to where the feed is now.

        Read it after `subscribe`: what is committed meanwhile waits in the queue, so nothing lies between.
        """
        while changes := await self._after(after):
            for change in changes:
                yield change
            after = changes[-1].cursor
            if after >= self._position:
                return

    async def start(self, after: int | None) -> int:
        """The cursor a reader starts from. An id this database never gave (it was made anew) means now."""
        await self._started.wait()
        if after is None or (after > self._position and after > await self._newest()):
            return self._position
        return after

    async def _after(self, cursor: int) -> list[Change]:
        async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as reader:
            await reader.execute(SQL.after.encode(), {"after": cursor, "limit": PAGE})
            return [Change(row["cursor"], row["kind"], encode(cloudevent(row))) for row in await reader.fetchall()]

    async def _newest(self) -> int:
        async with self._pool.connection() as conn:
            row = await (await conn.execute(SQL.newest.encode())).fetchone()
            return int(row[0]) if row else 0
