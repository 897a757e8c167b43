"""How far this process has come: by it hold times end without another reading, wherever the devices are decided."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError

from analytics.rules.reception import Reception
from analytics.rules.slots import LONG_AGO
from app.serve.heartbeat import often
from devices.health.heartbeat import MARGIN, HeartbeatLoop
from hub.errors import HubError
from hub.lifecycle import Part, Phase
from hub.models import Delivery, Micros, now_micros
from hub.settings import Health
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.handover.blocks import Mark
from ingest.handover.dispatch import Dispatcher
from ingest.kafka.source import KafkaSource

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 0.2
"""Between two marks: so much later a hold time may end with workers."""
BUS_EVERY_S = 0.5
"""Between two looks on the bus."""


class OwnReception(Reception):
    """Of a process that receives what all devices send."""

    def __init__(self, since: Callable[[], Micros | None], until: Callable[[], Micros]) -> None:
        self._since, self._until = since, until

    def since(self) -> Micros | None:
        return self._since()

    def until(self) -> Micros:
        return self._until()

    def owns(self, device: str) -> bool:
        return True


class WorkerMarks(Part):
    """Tells the workers how far the reading process has come, in order with their messages."""

    phase = Phase.ENGINE

    def __init__(
        self,
        settings: Health,
        sink: Dispatcher,
        reasons: Callable[[], list[str]],
        until: Callable[[], Micros],
        permitted: Callable[[], bool],
    ) -> None:
        """`reasons` tells why nothing is received; nothing is either while it is not `permitted`. Up to `until`
        everything is."""
        self._sink, self._permitted, self._full_at = sink, permitted, 0
        self._loop = HeartbeatLoop(self._tell, reasons, until, often(settings, EVERY_S))

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Tell them a few times a second."""
        group.create_task(self._loop.run(), name="marks")
        yield

    async def _tell(self, since: Micros | None, until: Micros) -> None:
        if self._sink.full:  # what was received may wait to be submitted
            self._full_at = now_micros()
        elif until > self._full_at:
            self._sink.tell(Mark(since if self._permitted() else None, until))


class BusReception(Part, Reception):
    """Of a worker on the bus: what the edges had received is in Kafka, and the worker has committed it.

    What edges tell of themselves is read first, and then the partitions up to where Kafka's log ends: whatever an edge
    had received is before that end.
    """

    phase = Phase.SOURCES

    def __init__(self, pool: Pool, source: KafkaSource) -> None:
        self._pool, self._source = pool, source
        self._assignment = source.assignment
        self._since: Micros | None = None
        self._until: Micros = 0

    def since(self) -> Micros | None:
        return self._since if self._assignment and self._assignment == self._source.assignment else None

    def until(self) -> Micros:
        return self._until

    def owns(self, device: str) -> bool:
        return self._source.owns(device)

    def timer(self) -> Delivery:
        """A delivery without messages that counts only while the partitions are this worker's."""
        return self._source.timer()

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Look again and again how far it has come."""
        group.create_task(self._run(), name="reception")
        yield

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BUS_EVERY_S)
            try:
                await self._look()
            except (HubError, KafkaError, OSError) as error:
                log.debug("it is not known how far the bus is read: %s", error)
                self._since = None

    async def _look(self) -> None:
        assignment, asked = self._source.assignment, now_micros()
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.edges_heard)).fetchone()
        edges, since, until = row or (0, None, 0)
        if not await self._source.read_up():
            self._since = None
            return
        self._assignment = assignment
        if edges:
            self._since, self._until = since, until
        else:  # those that were here are gone, with what they had not passed on; or there were none, only third parties
            self._since, self._until = LONG_AGO if self._source.bus_unused else None, asked - MARGIN
