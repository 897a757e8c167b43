"""Sends what waits in a table of deliveries beside the outbox: at least once, in order per thing, with a stable id.

Several processes may run it; each claim belongs to one, for as long as its lease.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from api.push.channel import Accepted, Answer, Channel, Consumer, Delivery, Refused, TryAgain
from api.push.deliveries import Deliveries
from api.push.pace import PacedChannel
from api.push.windows import Windows
from hub.backoff import Backoff
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.words.sentence import Sentence, written

log = logging.getLogger(__name__)

EVERY_S = 0.5
AT_ONCE = 32
"""Under way at a time; those that hang leave the connections to alerts."""
OF_ONE = 16
"""Of one consumer, once it answers; of one that failed one, of another as few as windows.py says."""
LEASE_S = 30.0
"""Longer than a channel may take; after a kill -9 what was under way goes out again after it."""
WAITS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Before the second attempt, the third, ...; the last before each further one."""
GIVE_UP = timedelta(days=1)


class Leased(NamedTuple):
    """A table of deliveries, by the statements of its owner."""

    what: str
    """For the log."""
    claim: str
    """Takes kinds, limit, lease_s, consumers with their rooms, and room, that of others; rows with id, attempts,
    channel and what a Consumer is made of."""
    not_now: str
    """Takes id and wait_s."""
    settle: str
    """Takes id, state, consumer_id, wait_s, hold_s, give_up, error and words."""
    hold: str | None
    """Before settle, in its transaction; takes id."""
    made: Callable[[Mapping[str, Any], Consumer], Delivery | Sentence]
    """What is sent for a row; a sentence: why it is not for this consumer any more."""


class _Claim(NamedTuple):
    id: int
    kind: str
    """Of its consumer."""
    attempts: int
    consumer: Consumer
    delivery: Delivery | Sentence


class LeasedDeliveries:
    """The sender of one table."""

    def __init__(self, pool: Pool, channels: Mapping[str, Channel], of: Leased) -> None:
        self._pool, self._channels, self._of = pool, channels, of
        self._deliveries = Deliveries(pool)
        self._windows = Windows(OF_ONE)
        self._failing: set[int] = set()
        """Consumers whose last answer was none, or no."""
        self._store = Backoff(log, "%s go out again", of.what)

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for claim in await self._claimed():
                    self._begin(group, claim)
                await asyncio.sleep(EVERY_S)

    def _begin(self, group: asyncio.TaskGroup, claim: _Claim) -> None:
        self._windows.sent(claim.consumer.id, time.monotonic())
        task = group.create_task(self._send(claim), name=f"{self._of.what}.{claim.id}")
        task.add_done_callback(lambda _: self._windows.ended(claim.consumer.id))

    async def _claimed(self) -> list[_Claim]:
        windows = self._windows
        if (free := AT_ONCE - windows.total) <= 0:
            return []
        rooms = windows.rooms(time.monotonic())
        rooms |= {consumer: max(0, 1 - windows.under_way(consumer)) for consumer in self._failing}
        values = {"kinds": list(self._channels), "limit": free, "lease_s": LEASE_S, "room": windows.first}
        values |= {"consumers": list(rooms), "rooms": list(rooms.values())}
        try:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                    await cursor.execute(self._of.claim.encode(), values)
                    found = [self._claim(row) for row in await cursor.fetchall()]
        except HubError as error:
            self._store.failed("%s wait for the store: %s", self._of.what, error)
            return []
        self._store.succeeded()
        return found

    def _claim(self, row: Mapping[str, Any]) -> _Claim:
        consumer = Consumer(
            row["consumer_id"], row["code"], row["url"], row["secret"], row["login"], row["query"], row["settings"]
        )
        try:
            made = self._of.made(row, consumer)
        except Exception as error:  # one row that cannot be told must not hold up the others
            log.exception("%s: %s cannot be made", self._of.what, row["id"])
            made = Sentence("delivery.defect", error=type(error).__name__)
        return _Claim(row["id"], row["channel"], row["attempts"], consumer, made)

    async def _send(self, claim: _Claim) -> None:
        channel = self._channels[claim.kind]
        try:
            if isinstance(claim.delivery, Sentence):
                await self._settle(claim, Refused(claim.delivery, "rejected"))
                return
            if isinstance(channel, PacedChannel):
                # Robots count messages, and half of what they take is left to alerts.
                pace = channel.pace._replace(burst=channel.pace.burst // 2)
                if not await self._deliveries.take(claim.consumer, 1, pace):
                    await self._execute({"id": claim.id, "wait_s": pace.every_s}, self._of.not_now)
                    return
            answer = await channel.send(claim.consumer, claim.delivery)
            self._observe(claim.consumer.id, answer)
            await self._settle(claim, answer)
        except HubError as error:  # it goes out again after its lease, with the same id
            self._store.failed("%s wait for the store: %s", self._of.what, error)

    def _observe(self, consumer: int, answer: Answer) -> None:
        if isinstance(answer, Accepted):
            self._failing.discard(consumer)
            self._windows.accepted(consumer, time.monotonic())
        else:
            self._failing.add(consumer)
            self._windows.failed(consumer)

    async def _settle(self, claim: _Claim, answer: Answer) -> None:
        wait_s = WAITS_S[min(claim.attempts, len(WAITS_S)) - 1]
        values: dict[str, Any] = {"id": claim.id, "give_up": GIVE_UP, "wait_s": wait_s}
        values |= {"consumer_id": claim.consumer.id, "state": "pending"}
        values["hold_s"] = answer.hold_s if isinstance(answer, TryAgain) else 0.0
        words = None if isinstance(answer, Accepted) else written(answer.reason)
        values["error"] = None if isinstance(answer, Accepted) else str(answer.reason)
        values["words"] = None if words is None else Jsonb(words)
        if isinstance(answer, Accepted):
            values["state"] = "delivered"
        elif isinstance(answer, Refused):
            values["state"] = "given_up"
            log.error("consumer %s refuses %s: %s", claim.consumer.code, self._of.what, answer.reason)
        await self._execute(values, self._of.hold, self._of.settle)

    async def _execute(self, values: Mapping[str, Any], *statements: str | None) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                for statement in statements:
                    if statement is not None:
                        await conn.execute(statement.encode(), values)
