"""Messages by which consumers, and the hub, know that a channel works while there is nothing to tell.

A heartbeat goes out every few seconds, as each consumer wants, and is missed when it cannot; a proof goes out at a few
times of the day, and again while the channel fails. Both are of the type `ganzhi.heartbeat`, and neither is retried.
Each is claimed in its consumer's row, so that of several processes one sends it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from api.cloudevents import utc
from api.push.channel import Channel, Consumer, Delivery
from api.push.deliveries import Deliveries
from api.push.kinds import usual_proofs
from api.push.pace import PacedChannel
from api.push.proof_times import next_of
from api.push.proofs import note
from hub.backoff import Backoff
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
AGAIN = timedelta(minutes=5)
"""After which a failing channel is sent a proof again."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
AT_ONCE = 16
"""Under way at a time: those that hang leave the connections to alerts. Beyond it they wait, a heartbeat is missed."""


class Beat(NamedTuple):
    """A heartbeat or proof that has been claimed."""

    kind: str
    """Of its consumer."""
    consumer: Consumer
    delivery: Delivery


async def due(conn: AsyncConnection, kinds: Sequence[str], limit: int, consumer_id: int | None = None) -> list[Beat]:
    """Claim what is due for consumers of some kinds, or for one of them; what is not sent then is missed."""
    values = {"kinds": list(kinds), "consumer_id": consumer_id, "limit": limit}
    async with conn.cursor(row_factory=dict_row) as cursor:
        found, now = await (await cursor.execute(SQL.due, values)).fetchall(), datetime.now(UTC)
        rows = [row for row in found if await _claimed(conn, row, now)]
        if not rows:
            return []
        await cursor.execute(SQL.counts, {"ids": [row["id"] for row in rows]})
        told = {row.pop("id"): row for row in await cursor.fetchall()}
    return [_beat(row, now, told[row["id"]]) for row in rows]


async def _claimed(conn: AsyncConnection, row: DictRow, now: datetime) -> bool:
    """Work out when a consumer is due next; whether this process is to send it something now."""
    every_s, beat_due, proof_due = row["heartbeat_s"], row["heartbeat_due"], row["prove_due"]
    beat = every_s is not None and (beat_due is None or beat_due <= now)
    proof = proof_due is not None and proof_due <= now
    values = {"id": row["id"], "heartbeat_seen": beat_due, "prove_seen": proof_due}
    if beat:
        every = timedelta(seconds=every_s)
        beat_due = now + every if beat_due is None else beat_due + ((now - beat_due) // every + 1) * every
    if proof_due is None or proof or proof_due > now + AGAIN:
        times = usual_proofs(row["kind"]) if row["prove_at"] is None else row["prove_at"]
        proof_due = next_of(times, now, row["settings"].get("zone")) or NEVER
        if row["failing"] and proof_due < NEVER:
            proof_due = min(proof_due, now + AGAIN)
    claimed = await conn.execute(SQL.claim, {**values, "heartbeat_due": beat_due, "prove_due": proof_due})
    return await claimed.fetchone() is not None and (beat or proof)


def _beat(row: DictRow, now: datetime, told: DictRow) -> Beat:
    lang: Lang = row["lang"] or "en"
    picture = {
        "consumer": row["code"],
        "heartbeat_s": row["heartbeat_s"],
        "active_alerts": told["active_alerts"],
        "last_round": told["last_round"] and utc(told["last_round"]),
    }
    consumer = Consumer(row["id"], row["code"], row["url"], row["secret"], row["login"], row["query"], row["settings"])
    delivery = Delivery(f"{row['code']}.{int(now.timestamp() * 1000)}", "heartbeat", now, picture, lang, test=True)
    return Beat(row["kind"], consumer, delivery)


class Heartbeats:
    """Sends them over the channels of deliveries. Several processes may run it."""

    def __init__(self, pool: Pool, channels: Mapping[str, Channel]) -> None:
        self._pool, self._channels, self._deliveries = pool, channels, Deliveries(pool)
        self._under_way: set[asyncio.Task[None]] = set()
        self._store = Backoff(log, "heartbeats go out again")

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for beat in await self._due():
                    task = group.create_task(self._send(beat), name=f"heartbeat.{beat.consumer.code}")
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                await asyncio.sleep(EVERY_S)

    async def _due(self) -> list[Beat]:
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return []
        async with self._noted():
            with sorted_errors():
                async with self._pool.connection() as conn:
                    return await due(conn, list(self._channels), room)
        return []

    async def _send(self, beat: Beat) -> None:
        channel = self._channels[beat.kind]
        async with self._noted():
            if isinstance(channel, PacedChannel) and not await self._deliveries.take(beat.consumer, 1, channel.pace):
                return  # so much goes out to it that it proves itself
            answer = await channel.send(beat.consumer, beat.delivery)
            await note(self._pool, beat.consumer.id, answer)

    @asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        try:
            yield
        except HubError as error:
            self._store.failed("heartbeats wait for the store: %s", error)
        else:
            self._store.succeeded()
