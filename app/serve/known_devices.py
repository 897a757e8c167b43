"""Devices that an edge knows, to tell by which station sends what: its registry, kept up to date."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.registry.registry import Registry
from hub.backoff import Backoff
from hub.errors import HubError
from hub.lifecycle import Part, Phase
from hub.store.listen import REGISTRY, listen
from hub.store.pool import Pool

log = logging.getLogger(__name__)


class KnownDevices(Part):
    """Refreshes the registry of a process that has no engine or API to do so; an outage leaves it as it is."""

    phase = Phase.STORE

    def __init__(self, url: str, pool: Pool, registry: Registry) -> None:
        self._url, self._pool, self._registry = url, pool, registry
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Read the devices now, and whenever one changes."""
        self._changed.set()
        group.create_task(listen(self._url, [REGISTRY], lambda *_: self._changed.set()), name="listen")
        group.create_task(self._keep_fresh(), name="registry")
        yield

    async def _keep_fresh(self) -> None:
        backoff = Backoff()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._registry.refresh(self._pool)
                backoff.succeeded()
            except HubError as error:
                log.debug("the registry stays as it is until the store is back: %s", error)
                self._changed.set()
                await backoff.wait()
