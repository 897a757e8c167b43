"""One worker of `hub serve --workers N`: takes blocks from its parent, decides, commits, answers."""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from app.serve.engine import Stages, watch
from hub.children import STOP
from hub.lifecycle import Lifecycle, Named
from hub.settings import Settings
from hub.store.pool import open_pool
from hub.telemetry import Counters
from ingest.handover.source import HandedSource

log = logging.getLogger(__name__)


async def work(settings: Settings, socket: Path) -> bool:
    """Serve the parent until it says stop, on `socket`; True when everything taken was settled."""
    counters, stopping = Counters(), asyncio.Event()
    lifeline = asyncio.create_task(_heed_parent(stopping, socket), name="lifeline")
    async with open_pool(settings.database) as pool:
        stages = Stages(settings, pool, counters)
        await stages.load()
        source = HandedSource(socket, stages.sink, counters, stages.reasons)
        taking = asyncio.ensure_future(source.run())

        async def drain() -> None:
            await taking
            await stages.drain()

        background: list[Named] = [*stages.tasks(), ("handed", watch(taking)), ("parent", watch(lifeline))]
        return await Lifecycle(source.stop, drain, settings.drain_s, stopping).run(background)


async def _heed_parent(stopping: asyncio.Event, socket: Path) -> None:
    """Stop when the parent says so; end at once when it has died: what it read will be delivered to a new one."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    if await reader.readline() != STOP:
        log.error("the parent process has died: ending")
        _tidy(socket)
        os._exit(1)  # like a kill: a commit from now on could cross with one of the next parent's workers
    stopping.set()


def _tidy(socket: Path) -> None:
    """Remove what the parent could not: the socket, and the directory when this was the last."""
    socket.unlink(missing_ok=True)
    with suppress(OSError):
        socket.parent.rmdir()
