"""Presence detection: decides every few seconds which devices are online and publishes `offline` events.

One of all processes on a database does it. A finding is noted with the decision and marked as told once its
event is stored; what is not marked is told again, by whoever leads then, with the same id.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import msgspec
import psycopg

from devices.addressing import PRESENCE
from devices.addressing import finding as finding_of
from devices.health.completeness import EVERY_S, count_completeness
from devices.health.decision import decide
from devices.health.presence_rows import read_heard, read_watched, write_verdict
from hub.lifecycle import Part, Phase
from hub.models import Delivery, Micros, Outcome, Raw, now_micros
from hub.pipeline import Sink
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Findings of one delivery."""


class Finding(NamedTuple):
    """A device that went offline or came back, not yet published."""

    device_id: int
    code: str
    active: bool
    at: datetime
    cause: str | None
    seen_at: datetime | None


class Presence(Part):
    """Runs on the leader; submits its findings to the same sink as device messages."""

    phase = Phase.SOURCES

    def __init__(self, settings: Settings, sink: Sink, permitted: Callable[[], bool] = lambda: True) -> None:
        """It does not compete for leadership unless `permitted`."""
        self._settings, self._health = settings, settings.health
        self._sink, self._permitted = sink, permitted
        self._stopping = asyncio.Event()
        self._last: Micros = 0
        self._received: Micros = 0

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Ask to lead, and decide."""
        for name, work in (("presence", self._work), ("completeness", self._count)):
            group.create_task(lead(self._settings.database.url, name, work, self._permitted), name=name)
        yield

    def stop_taking(self) -> None:
        """Stop publishing: submitted findings are settled with everything else, pending ones after the next start."""
        self._stopping.set()

    async def _work(self, conn: psycopg.AsyncConnection) -> float:
        began = time.monotonic()
        await self.evaluate(conn)
        took = time.monotonic() - began
        await self._tell(conn)
        return max(self._health.every_s, 9 * took)  # at most a tenth of the time of the store

    async def _count(self, conn: psycopg.AsyncConnection) -> float:
        await count_completeness(conn, self._health.keep_days)
        return EVERY_S

    async def evaluate(self, conn: psycopg.AsyncConnection) -> int:
        """Run one evaluation; returns the number of devices that changed."""
        await conn.execute(SQL.forget, {"forget_s": self._health.forget_s})
        async with conn.transaction():
            await conn.execute("set transaction isolation level repeatable read")
            heard = await read_heard(conn)
            if heard is None or heard.until <= self._last:
                return 0
            watched = await read_watched(conn, heard.at, self._health.least_silence_s)
            verdict = decide(watched, heard.until, heard.since, round(self._health.status_hold_s * 1e6))
            changed = await write_verdict(conn, watched, verdict, heard.at)
        self._last = heard.until
        return changed

    async def _tell(self, conn: psycopg.AsyncConnection) -> None:
        """Publish pending findings, then mark them as published."""
        while not self._stopping.is_set():
            rows = await (await conn.execute(SQL.untold, {"limit": AT_ONCE})).fetchall()
            findings = [Finding(*row) for row in rows]
            if not findings:
                return
            log.info("%d devices went offline or came back, such as %s", len(findings), findings[0].code)
            await self._store([self._raw(finding) for finding in findings])
            told = {"device_id": [f.device_id for f in findings], "finding_at": [f.at for f in findings]}
            await conn.execute(SQL.told, told)

    async def _store(self, raws: Sequence[Raw]) -> None:
        """Wait until the findings are settled: stored, or refused because the device is no longer active."""
        settled = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            for letter in outcome.refused.values():
                log.warning("a finding about %s could not be stored: %s", letter.device, letter.detail)
            if not settled.done():
                settled.set_result(None)

        await self._sink.submit(Delivery(raws, settle))
        await settled

    def _raw(self, finding: Finding) -> Raw:
        state = "active" if finding.active else "inactive"
        micros = round(finding.at.timestamp() * 1e6)
        event = {
            "id": f"hub.offline.{micros}.{state}",
            "ts": finding.at.isoformat(),
            "kind": "offline",
            "state": state,
            "attributes": {
                **({"cause": finding.cause} if finding.cause else {}),
                **({"heard_at": finding.seen_at.isoformat()} if finding.seen_at else {}),
            },
        }
        self._received = max(now_micros(), self._received + 1)
        return Raw(finding_of(finding.code, PRESENCE), msgspec.json.encode(event), self._received)
