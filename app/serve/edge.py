"""Engine of an edge: forwards raw messages to Kafka. It needs no database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.serve.engine import limits_of
from app.serve.sources import Engine
from hub.models import HUB, Batch, KeyOf, unknown_key
from hub.pipeline import Pipeline
from hub.settings import Settings
from hub.stage import Stage
from hub.telemetry import Counters
from ingest.kafka.forwarder import Forwarder


class CountForwarded(Stage):
    """Counts forwarded messages."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def adopt(self, batch: Batch) -> None:
        """Add the batch's device messages."""
        self._counters.forwarded += len(batch.raws) - sum([raw.origin.transport == HUB for raw in batch.raws])


class Edge(Engine):
    """Settles deliveries once Kafka has acknowledged their messages."""

    sink: Pipeline

    def __init__(self, settings: Settings, counters: Counters, key_of: KeyOf = unknown_key) -> None:
        """`key_of` tells the devices of addresses, where devices are known."""
        self._forwarder = Forwarder(settings.kafka, key_of)
        self.sink = Pipeline([CountForwarded(counters)], self._forwarder.commit, limits_of(settings), "Kafka")
        self._working: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Forward messages; the first batch waits for Kafka if it is down."""
        self._working = group.create_task(self.sink.run(), name="edge")
        yield

    async def drain(self) -> None:
        """Wait until everything submitted is forwarded."""
        self.sink.drain()
        if self._working is not None:
            await self._working
        await self._forwarder.close()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return ["Kafka does not acknowledge: holding back"] if self.sink.down else []
