"""Monitoring endpoint of processes without the role api, available from startup until after the drain."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.http.server import configured
from api.monitor import create_monitor
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.pool import Pool
from hub.telemetry import Counters


class Monitor(Part):
    """Available even while the process waits for the store; opened first, drained last."""

    phase = Phase.STORE

    def __init__(
        self,
        settings: Settings,
        port: int,
        counters: Counters,
        reasons: Callable[[], list[str]],
        pool: Pool | None,
        sockets: list[socket.socket],
    ) -> None:
        """`sockets` are bound to the monitor's address."""
        self._server = configured(create_monitor(counters, reasons, pool), settings.hub.monitor_host, port, 2)
        self._sockets = sockets
        self._serving: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Serve."""
        self._serving = group.create_task(self._server.serve(self._sockets), name="monitor")
        yield

    async def drain(self) -> None:
        """End the server."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
