"""A worker of `hub serve --workers N`: receives blocks from its parent, decides, commits, responds."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from app.serve.core_dumps import no_core_dumps
from app.serve.engine import Stages
from app.serve.sources import Sources
from hub.children import STOP
from hub.lifecycle import Lifecycle, Part, Phase
from hub.settings import Settings
from hub.store.pool import open_pool
from hub.telemetry import Counters
from ingest.handover.source import HandedSource

log = logging.getLogger(__name__)


async def work(settings: Settings, socket: Path, share: tuple[int, int]) -> bool:
    """Serve the parent on `socket` until told to stop; True when all accepted work was settled.

    `share` is the number of this worker, from 1, and how many there are.
    """
    no_core_dumps()
    counters = Counters()
    async with open_pool(settings.database) as pool:
        stages = Stages(settings, pool, counters)
        source = HandedSource(socket, stages.sink, counters, stages.reasons, share)
        stages.receive(source)
        parent = Parent(socket)
        lifecycle = Lifecycle([parent, stages, Sources({"the reading process": source})], settings.drain_s)
        parent.stop = lifecycle.stop
        return await lifecycle.run()


class Parent(Part):
    """The worker's link to its parent process, which tells it when to stop."""

    phase = Phase.STORE

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.stop: Callable[[], None] = lambda: None
        """Called when the parent says so."""

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Watch the parent, even while waiting for the store."""
        group.create_task(self._heed(), name="parent")
        yield

    async def _heed(self) -> None:
        """Stop on request; exit at once when the parent died, as its messages will be redelivered."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        if await reader.readline() != STOP:
            log.error("the parent process has died: exiting")
            _tidy(self._socket)
            os._exit(1)  # like a kill: a commit from now on could cross with one of the next parent's workers
        self.stop()


def _tidy(socket: Path) -> None:
    """Remove the socket, and its directory if empty."""
    socket.unlink(missing_ok=True)
    with suppress(OSError):
        socket.parent.rmdir()
