"""The part of a process that polls DTUs: a source for each port, who may connect, what is kept of how lines do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex

from devices.commands.delivery import CommandDelivery
from devices.commands.sessions import Session, Sessions
from devices.credentials.directory import Directory
from devices.health.heartbeat import process_name
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.backoff import Backoff
from hub.errors import HubError
from hub.lifecycle import Part, Phase
from hub.pipeline import Sink
from hub.settings import Settings
from hub.store.listen import REGISTRY, listen
from hub.store.pool import Pool
from ingest.polling.source import TRANSPORT, DtuSource
from ingest.polling.standing import Standings

log = logging.getLogger(__name__)

DOWNLINK = "ganzhi_downlink"
"""The channel on which commands are offered."""
STORE_EVERY_S = 5.0
"""How old what people see of lines may be."""


class Dtus(Part):
    """Before the sources are opened: reads the registry, and keeps it fresh for them."""

    phase = Phase.ENGINE

    def __init__(self, settings: Settings, pool: Pool, registry: Registry, sink: Sink) -> None:
        """`registry` may be one that others keep fresh, too."""
        self._url, self._pool = settings.database.url, pool
        holder = f"{process_name()}/{token_hex(4)}"
        self._sessions = Sessions(pool, holder)
        self._commands = CommandDelivery(pool, holder, [self._sessions])
        self._standings, self._directory = Standings(), Directory(registry)
        self._changed = asyncio.Event()
        self._held: dict[int, Session] = {}
        self._sources = {
            f"DTUs at port {listener.port}": DtuSource(listener, registry, sink, self._standings, self._verified)
            for listener in settings.polling.listeners
        }

    @property
    def sources(self) -> Mapping[str, DtuSource]:
        """By name."""
        return self._sources

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Read who is registered, waiting for the store; then keep it fresh."""
        if not self._sources:
            yield
            return
        backoff = Backoff(log, "the store is there for DTUs")
        while True:
            try:
                await self._read()
                await self._standings.load(self._pool)
                break
            except HubError as error:
                backoff.failed("waiting for the store: %s", error)
                await backoff.wait()
        backoff.succeeded()
        group.create_task(listen(self._url, [REGISTRY, DOWNLINK], self._heard), name="dtus.listen")
        group.create_task(self._commands.run(), name="dtus.commands")
        group.create_task(self._keep_fresh(), name="dtus.registry")
        storing = group.create_task(self._keep_storing(), name="dtus.standings")
        for source in self._sources.values():
            group.create_task(self._keep_sessions(source), name="dtus.sessions")
        try:
            yield
        finally:
            storing.cancel()
            await self._store()
            await self._commands.end()

    def _heard(self, channel: str, payload: str) -> None:
        if channel == DOWNLINK:
            self._commands.heard(payload)
        else:
            self._changed.set()

    def _verified(self, code: str, secret: str) -> bool:
        found = self._directory.by_password(code, secret)
        return found is not None and found.code == code

    async def _read(self) -> None:
        await self._directory.refresh(self._pool)
        for source in self._sources.values():
            source.changed()

    async def _keep_fresh(self) -> None:
        backoff = Backoff()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._read()
                backoff.succeeded()
            except HubError as error:
                log.debug("DTUs are polled as before until the store is back: %s", error)
                self._changed.set()
                await backoff.wait()

    async def _keep_storing(self) -> None:
        while True:
            await asyncio.sleep(STORE_EVERY_S)
            await self._store()

    async def _store(self) -> None:
        try:
            await self._standings.store(self._pool)
        except HubError as error:
            log.debug("how lines do is stored later: %s", error)

    async def _keep_sessions(self, source: DtuSource) -> None:
        """Open and close sessions in the store as DTUs come and go: commands go to the process that has them."""
        waiting: asyncio.Queue[tuple[Device, bool]] = asyncio.Queue()
        source.commands.came = lambda device: waiting.put_nowait((device, True))
        source.commands.went = lambda device: waiting.put_nowait((device, False))
        backoff = Backoff()
        while True:
            device, came = await waiting.get()
            while True:
                try:
                    held = self._held.pop(device.id, None)
                    if held is not None:
                        await self._sessions.close(held)
                    if came:
                        self._held[device.id] = await self._sessions.open(device.id, TRANSPORT, source.commands.send)
                    backoff.succeeded()
                    break
                except HubError as error:
                    log.debug("the session of %s is told later: %s", device.code, error)
                    await backoff.wait()
