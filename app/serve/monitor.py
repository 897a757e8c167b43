"""The monitor of a process without the role api: a small HTTP server from before its start until after its drain."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.http.server import configured
from api.monitor import create_monitor
from hub.settings import Settings
from hub.store.pool import Pool
from hub.telemetry import Counters


@asynccontextmanager
async def monitored(
    settings: Settings, counters: Counters, reasons: Callable[[], list[str]], pool: Pool | None
) -> AsyncIterator[list[asyncio.Future[None]]]:
    """Serve while the block runs, also while it waits for a store; what serves, to be watched, or nothing."""
    hub = settings.hub
    if hub.monitor_port is None:
        yield []
        return
    server = configured(create_monitor(counters, reasons, pool), hub.monitor_host, hub.monitor_port, 2)
    serving = asyncio.ensure_future(server.serve())
    try:
        yield [serving]
    finally:
        server.should_exit = True
        await serving
