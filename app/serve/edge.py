"""Engine of an edge: forwards raw messages to Kafka, or to files for a data diode. It needs no database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import httpx

from app.serve.engine import limits_of
from app.serve.sources import Engine
from hub.models import HUB, Batch, KeyOf, unknown_key
from hub.pipeline import Pipeline
from hub.settings import Settings
from hub.stage import Stage
from hub.telemetry import Counters
from ingest.diode.outbox import Outbox
from ingest.diode.poster import TIMEOUT_S, Poster, post
from ingest.kafka.forwarder import Forwarder


class CountForwarded(Stage):
    """Counts forwarded messages."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def adopt(self, batch: Batch) -> None:
        """Add the batch's device messages."""
        self._counters.forwarded += len(batch.raws) - sum([raw.origin.transport == HUB for raw in batch.raws])


class BusEdge(Engine):
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


class DiodeEdge(Engine):
    """Settles deliveries once their messages are on the disk, in a file for the diode; it hears nothing after that."""

    sink: Pipeline

    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._settings, self._outbox = settings.diode, Outbox(settings.diode)
        limits = replace(limits_of(settings), linger_s=settings.diode.every_s)
        self.sink = Pipeline([CountForwarded(counters)], self._outbox.commit, limits, "the archive of the edge")
        self._working: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Write files, and post them."""
        await self._outbox.open()
        try:
            self._working = group.create_task(self.sink.run(), name="edge")
            if (url := self._settings.post) is not None:
                group.create_task(self._post(url), name="edge posts")
            yield
        finally:
            self._outbox.close()

    async def _post(self, url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
            await Poster(self._settings, self._outbox, partial(post, client, url)).run()

    async def drain(self) -> None:
        """Wait until everything submitted is on the disk; what is not posted yet is after the next start."""
        self.sink.drain()
        if self._working is not None:
            await self._working

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return ["nothing can be written for the data diode: holding back"] if self.sink.down else []


Edge = BusEdge | DiodeEdge


def edge_of(settings: Settings, counters: Counters, key_of: KeyOf) -> Edge | None:
    """The engine that passes on what a process of the bus is given; None: it has none."""
    if settings.kafka.servers:
        return BusEdge(settings, counters, key_of)
    return DiodeEdge(settings, counters) if settings.diode.edge is not None else None
