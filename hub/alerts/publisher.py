"""Publishes endings to the deciding stage, and clears the alerts of retired devices.

One of all processes on a database does it. An ending is noted in the transaction that ends the alert, and deleted once
its message is committed; what is not deleted is published again, by whoever leads then.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import uuid5

import psycopg

from hub.alerts.apply import apply
from hub.alerts.endings import Ending, ending_raw
from hub.lifecycle import Part, Phase
from hub.models import AlertChange, Delivery, Micros, Outcome, Raw, now_micros
from hub.pipeline import Sink
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
AT_ONCE = 500
"""Endings of one delivery, and alerts of one transaction: bounds memory and the time that the lock is held."""


class EndingPublisher(Part):
    """Runs on the leader; publishes to the same sink as device messages."""

    phase = Phase.SOURCES

    def __init__(self, settings: Settings, sink: Sink, permitted: Callable[[], bool] = lambda: True) -> None:
        """It does not compete for leadership unless `permitted`."""
        self._url, self._sink, self._permitted = settings.database.url, sink, permitted
        self._stopping = asyncio.Event()
        self._received: Micros = 0

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Compete for leadership, and publish."""
        group.create_task(lead(self._url, "endings", self.work, self._permitted), name="endings")
        yield

    def stop_taking(self) -> None:
        """Stop publishing; pending endings are published after the next start."""
        self._stopping.set()

    async def work(self, conn: psycopg.AsyncConnection) -> float:
        """Publish everything pending; returns the seconds until the next poll."""
        await clear_retired(conn)
        while not self._stopping.is_set():
            rows = await (await conn.execute(SQL.pending, {"limit": AT_ONCE})).fetchall()
            if not rows:
                break
            await self._commit([self._raw(Ending(*ending), device) for _, device, *ending in rows])
            await conn.execute(SQL.published, {"change_ids": [change_id for change_id, *_ in rows]})
        return EVERY_S

    async def _commit(self, raws: Sequence[Raw]) -> None:
        """Wait until they are settled."""
        settled = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            for letter in outcome.refused.values():
                log.warning("an ending of %s could not be published: %s", letter.device, letter.detail)
            if not settled.done():
                settled.set_result(None)

        await self._sink.submit(Delivery(raws, settle))
        await settled

    def _raw(self, ending: Ending, device: str) -> Raw:
        self._received = max(now_micros(), self._received + 1)
        return ending_raw(ending, device, self._received)


async def clear_retired(conn: psycopg.AsyncConnection) -> int:
    """Clear the alerts of retired devices; returns their number."""
    cleared = 0
    while rows := await (await conn.execute(SQL.lasting_of_retired, {"limit": AT_ONCE})).fetchall():
        now = now_micros()
        changes = [
            AlertChange(
                uuid5(alert_id, "retired"), alert_id, "cleared", now, rule_id, target, device_id, series_id, level,
                title, actor="hub", note="the device is retired",
            )
            for alert_id, rule_id, target, device_id, series_id, level, title in rows
        ]  # fmt: skip
        async with conn.transaction():
            results = await apply(conn, changes)
        done = sum(result.outcome == "applied" for result in results)
        log.info("%d alerts of retired devices are cleared", done)
        cleared += done
        if not done:  # others were faster
            break
    return cleared
