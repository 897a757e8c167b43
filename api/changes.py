"""Feed of committed alert changes: read once for all subscribers, resumable without gaps or duplicates."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress

import psycopg
from psycopg.rows import dict_row

from api.change import Change
from hub.alerts.path import DRILL as ROUNDS
from hub.backoff import Backoff
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

PAGE = 500
"""Rows read at a time: bounds memory when many changes were missed."""
KEPT = 1000
"""The newest changes stay in memory (10 MB), rendered: who follows the log close behind reads no row of its own."""

READERS = 1000
"""Streams at the same time: protects memory and sockets from a client that opens without end."""


class Subscription:
    """A bounded subscription to the feed; a subscriber that falls behind is disconnected."""

    def __init__(self, limit: int) -> None:
        self._queue: asyncio.Queue[Change] = asyncio.Queue(limit)
        self.cut = asyncio.Event()
        """Set when the reader was too slow or the feed has ended: it may resume from its last cursor."""
        self.slow = False
        """Whether it was the reader."""

    def offer(self, change: Change) -> None:
        """Enqueue a change; a full queue disconnects the subscriber."""
        if self.cut.is_set():
            return
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            log.warning("a stream reader is %d changes behind and is disconnected", self._queue.qsize())
            self.slow = True
            self.cut.set()

    async def next(self, timeout_s: float) -> Change | None:
        """The next change; None on timeout."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._queue.get()
        return None

    def more(self, limit: int) -> Iterator[Change]:
        """What waits already, at most so many changes."""
        while limit > 0 and not self._queue.empty():
            yield self._queue.get_nowait()
            limit -= 1


class ChangeFeed:
    """The process's reader of alert_change. `run` is its task; `wake` signals new rows."""

    def __init__(self, pool: Pool, queue_limit: int = 1000, poll_s: float = 2.0) -> None:
        self._pool, self._queue_limit, self._poll_s = pool, queue_limit, poll_s
        self._subscriptions: set[Subscription] = set()
        self._woken = asyncio.Event()
        self._started = asyncio.Event()
        self._ended = False
        self._position = 0
        self._kept: list[Change] = []
        self._kept_after = 0
        """All that was read after this cursor is kept."""
        self.on_more: Callable[[], None] = lambda: None
        """Called when there is more to be had of `recent`."""

    def wake(self) -> None:
        """Poll for new rows now."""
        self._woken.set()

    async def run(self) -> None:
        """Read and distribute changes forever, retrying while the database is down. Ends all subscriptions on exit."""
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
        """End all current and future subscriptions: the hub is stopping."""
        self._ended = True
        for subscription in self._subscriptions:
            subscription.cut.set()

    @property
    def readers(self) -> int:
        """Number of subscribers."""
        return len(self._subscriptions)

    @property
    def crowded(self) -> bool:
        """Whether the limit of subscribers is reached."""
        return len(self._subscriptions) >= READERS

    async def _look(self) -> None:
        if not self._started.is_set():
            self._position = self._kept_after = await self._newest()
            self._started.set()
        while changes := await self._after(self._position):
            for change in changes:
                for subscription in self._subscriptions:
                    subscription.offer(change)
            self._keep(changes)
            self.on_more()

    def _keep(self, changes: Sequence[Change]) -> None:
        self._kept += changes
        self._position = changes[-1].cursor
        if (over := len(self._kept) - KEPT) > 0:
            self._kept_after = self._kept[over - 1].cursor
            del self._kept[:over]

    def recent(self, after: int, limit: int) -> list[Change] | None:
        """The next changes after a cursor, as far as the feed has read; None where they are not in memory (any more).

        Without those of the hub's own rounds.
        """
        if not self._started.is_set() or not self._kept_after <= after <= self._position:
            return None
        begin = bisect_right(self._kept, after, key=lambda each: each.cursor)
        return self._kept[begin : begin + limit]

    def subscribe(self) -> Subscription:
        """Subscribe to all changes from now on; end with `unsubscribe`."""
        subscription = Subscription(self._queue_limit)
        if self._ended:
            subscription.cut.set()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a subscriber."""
        self._subscriptions.discard(subscription)

    async def missed(self, after: int) -> AsyncIterator[Change]:
        """Stored changes after a cursor, up to the feed's current position.

        Read it after `subscribe`: what is committed meanwhile waits in the queue, so nothing lies between.
        """
        while changes := await self._after(after):
            for change in changes:
                yield change
            after = changes[-1].cursor
            if after >= self._position:
                return

    async def start(self, after: int | None) -> int:
        """Start cursor of a subscriber. An id unknown to this database (recreated) means now."""
        await self._started.wait()
        if after is None or (after > self._position and after > await self._newest()):
            return self._position
        return after

    async def _after(self, cursor: int) -> list[Change]:
        async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as reader:
            await reader.execute(SQL.after.encode(), {"after": cursor, "rounds": ROUNDS, "limit": PAGE})
            return [
                Change(row["cursor"], row["kind"], row, frozenset(row["scope"]), frozenset(row.pop("recipients")))
                for row in await reader.fetchall()
            ]

    async def _newest(self) -> int:
        async with self._pool.connection() as conn:
            row = await (await conn.execute(SQL.newest.encode())).fetchone()
            return int(row[0]) if row else 0
