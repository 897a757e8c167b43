"""Feed of committed alert changes: read once for all subscribers, resumable without gaps or duplicates."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import psycopg
from psycopg.rows import dict_row

from api.cloudevents import cloudevent, encode, event_type
from api.websocket_frames import text_frame
from hub.access.classification import Level
from hub.access.scope import Scope
from hub.alerts.path import DRILL as ROUNDS
from hub.backoff import Backoff
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

PAGE = 500
"""Rows read at a time: bounds memory when many changes were missed."""

READERS = 1000
"""Streams at the same time: protects memory and sockets from a client that opens without end."""


@dataclass(frozen=True)
class Change:
    """One alert change; `event` is its CloudEvent. Encoded once for everyone."""

    cursor: int
    kind: str
    event: bytes
    scope_keys: frozenset[str] = frozenset()
    """Of its device: who may see it."""
    row: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As stored."""

    @cached_property
    def cut(self) -> "Change":
        """The change up to L2."""
        return replace(self, event=encode(cloudevent(self.row, Level.L2)))

    def seen_in(self, scope: Scope) -> "Change | None":
        """The change as a scope sees it, up to its ceiling; None: it does not."""
        if not scope.sees(self.scope_keys):
            return None
        return self if scope.sees_uncut(self.scope_keys) else self.cut

    @cached_property
    def frame(self) -> bytes:
        """As a server-sent event; its id is used as Last-Event-ID."""
        kind = event_type(self.kind).encode()
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.cursor, kind, self.event)

    @cached_property
    def message(self) -> bytes:
        """As a message of a WebSocket: the CloudEvent with the extension attribute `cursor`."""
        return text_frame(b'{"cursor":%d,%s' % (self.cursor, self.event[1:]))


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
            self._position = await self._newest()
            self._started.set()
        while changes := await self._after(self._position):
            for change in changes:
                for subscription in self._subscriptions:
                    subscription.offer(change)
            self._position = changes[-1].cursor

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
                Change(row["cursor"], row["kind"], encode(cloudevent(row)), frozenset(row["scope"]), row)
                for row in await reader.fetchall()
            ]

    async def _newest(self) -> int:
        async with self._pool.connection() as conn:
            row = await (await conn.execute(SQL.newest.encode())).fetchone()
            return int(row[0]) if row else 0
