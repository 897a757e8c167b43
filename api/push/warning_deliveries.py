"""Sends official warnings to the consumers that want them: at least once, in order per warning, with a stable id.

They are 预警, of the types ganzhi.warning.*, and never an alert: nobody acknowledges them, and nothing escalates.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from api.push.channel import Accepted, Answer, Channel, Consumer, Delivery, Refused, TryAgain
from api.push.deliveries import Deliveries
from api.push.pace import PacedChannel
from hub.backoff import Backoff
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 0.5
AT_ONCE = 32
"""Under way at a time, of one consumer four; those that hang leave the connections to alerts."""
LEASE_S = 30.0
"""Longer than a channel may take; after a kill -9 what was under way goes out again after it."""
WAITS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Before the second attempt, the third, ...; the last before each further one."""
GIVE_UP = timedelta(days=1)


class _Claim(NamedTuple):
    id: int
    kind: str
    """Of its consumer."""
    attempts: int
    consumer: Consumer
    delivery: Delivery


class WarningDeliveries:
    """Several processes may run it; each claim belongs to one."""

    def __init__(self, pool: Pool, channels: Mapping[str, Channel]) -> None:
        self._pool, self._channels = pool, channels
        self._deliveries = Deliveries(pool)
        self._under_way: set[asyncio.Task[None]] = set()
        self._store = Backoff(log, "warnings go out again")

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for claim in await self._claimed():
                    task = group.create_task(self._send(claim), name=f"warning.{claim.delivery.id}")
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                await asyncio.sleep(EVERY_S)

    async def _claimed(self) -> list[_Claim]:
        if (room := AT_ONCE - len(self._under_way)) <= 0:
            return []
        values = {"kinds": list(self._channels), "limit": room, "lease_s": LEASE_S}
        try:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                    await cursor.execute(SQL.claim, values)
                    found = [_claim(row) for row in await cursor.fetchall()]
        except HubError as error:
            self._store.failed("warnings wait for the store: %s", error)
            return []
        self._store.succeeded()
        return found

    async def _send(self, claim: _Claim) -> None:
        channel = self._channels[claim.kind]
        try:
            if isinstance(channel, PacedChannel):
                # Robots count messages, and half of what they take is left to alerts.
                pace = channel.pace._replace(burst=channel.pace.burst // 2)
                if not await self._deliveries.take(claim.consumer, 1, pace):
                    await self._execute(SQL.not_now, {"id": claim.id, "wait_s": pace.every_s})
                    return
            await self._settle(claim, await channel.send(claim.consumer, claim.delivery))
        except HubError as error:  # it goes out again after its lease, with the same id
            self._store.failed("warnings wait for the store: %s", error)

    async def _settle(self, claim: _Claim, answer: Answer) -> None:
        wait_s = WAITS_S[min(claim.attempts, len(WAITS_S)) - 1]
        values: dict[str, Any] = {"id": claim.id, "give_up": GIVE_UP, "wait_s": wait_s}
        values |= {"consumer_id": claim.consumer.id, "state": "pending"}
        values["hold_s"] = answer.hold_s if isinstance(answer, TryAgain) else 0.0
        values["error"] = None if isinstance(answer, Accepted) else str(answer.reason)
        if isinstance(answer, Accepted):
            values["state"] = "delivered"
        elif isinstance(answer, Refused):
            values["state"] = "given_up"
            log.error("consumer %s refuses warnings: %s", claim.consumer.code, answer.reason)
        await self._execute(SQL.settle, values)

    async def _execute(self, statement: str, values: Mapping[str, Any]) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(statement.encode(), values)


def _claim(row: Mapping[str, Any]) -> _Claim:
    lang: Lang = row["lang"] or "zh"
    consumer = Consumer(
        row["consumer_id"], row["code"], row["url"], row["secret"], row["login"], row["query"], row["settings"]
    )
    id_, data = f"{row['warning_id']}.{row['seq']}", told(row, lang)
    delivery = Delivery(id_, f"warning.{row['kind']}", row["at"], data, lang, data["area"] or None)
    return _Claim(row["id"], row["channel"], row["attempts"], consumer, delivery)


def told(row: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """The data of the event: the warning, with a title that says what it is."""
    picture = row["picture"]
    texts: Mapping[str, str] = picture["texts"].get(lang) or next(iter(picture["texts"].values()), {})
    kind = text(f"warning.kind.{picture['kind']}", lang)
    headline = texts.get("headline") or picture["event"] or kind
    change = text(f"warning.change.{row['kind']}", lang)
    divisions = [division.ljust(12, "0") for division in picture["divisions"]]
    return {
        **picture,
        "title": text("warning.title", lang, change=change, headline=headline),
        "kind_name": kind,
        "divisions": divisions,
        "region": divisions[0] if divisions else None,
        "third_party": "third_party" in picture["remarks"],
    }
