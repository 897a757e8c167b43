"""The HTTP server of view libraries (视图库): a source that answers after the commit, and tells who went silent."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from starlette.requests import Request as HttpRequest
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.backoff import Backoff
from hub.errors import HubError
from hub.viid_settings import Viid
from ingest.holding import Holding, NotTakenError
from ingest.viid.limits import MISSES
from ingest.viid.registrations import Registrations
from ingest.viid.service import Service

log = logging.getLogger(__name__)

CHECK_S = 1.0


class HttpServer(Protocol):
    """What serves an application."""

    should_exit: bool

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`, and what is under way then."""


Serving = Callable[[ASGIApp], HttpServer]
Binding = Callable[[], AbstractContextManager[list[socket.socket]]]
"""Binds the sockets; ConfigError where it cannot."""


class ViidServer:
    """See Source in app/serve/sources.py."""

    behind = False

    def __init__(
        self, settings: Viid, holding: Holding, registrations: Registrations, service: Service, serving: Serving,
        binding: Binding,
    ) -> None:  # fmt: skip
        self._settings, self._holding, self._registrations = settings, holding, registrations
        self._service, self._serving, self._binding = service, serving, binding
        self._server: HttpServer | None = None
        self._bound = False
        self._stopped = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether it listens."""
        return self._bound

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def stop(self) -> None:
        """Take nothing more; what is held is still answered."""
        self._stopped.set()
        self._holding.stop()
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Nothing is open once `run` has returned."""

    async def run(self) -> None:
        """Listen until `stop`, trying again; returns once all requests are answered."""
        backoff = Backoff(log, "view libraries can register")
        while not self._stopped.is_set():
            try:
                await self._registrations.load(self._now())
                with self._binding() as sockets:
                    backoff.succeeded()
                    await self._serve(sockets)
                return
            except (OSError, HubError) as error:
                backoff.failed("view libraries cannot register: %s", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff.next_s()):
                        await self._stopped.wait()

    async def _serve(self, sockets: list[socket.socket]) -> None:
        self._server = server = self._serving(self._app)
        async with asyncio.TaskGroup() as group:
            checking = group.create_task(self._check(), name="viid.silence")
            self._bound = True
            try:
                if not self._stopped.is_set():
                    await server.serve(sockets)
            finally:
                self._bound = False
                checking.cancel()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await self._service.answer(HttpRequest(scope, receive))
            await response(scope, receive, send)
        elif scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _check(self) -> None:
        """Tell who was not heard for so long that it is gone, and what was dropped, as soon as it can be stored."""
        while True:
            await asyncio.sleep(CHECK_S)
            with suppress(HubError):  # it stays counted
                await self._registrations.write()
            for id_ in self._registrations.silent(self._now() - MISSES * self._settings.keepalive_s):
                try:
                    await self._service.left(id_)
                    log.info("%s was not heard for %g s", id_, MISSES * self._settings.keepalive_s)
                except (NotTakenError, HubError) as error:
                    log.debug("that %s is gone is told later: %s", id_, error)
                    break

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
