"""HTTP server: uvicorn without signal handlers, protected against slow and greedy clients."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.addresses import ANONYMOUS_PER_S
from api.http.certificate import Certificate
from api.http.connection import WRITE, Connection, State
from api.http.interrupted import Interrupted
from api.http.socket import MESSAGE, Socket

HEADERS_S = 10.0
"""How long the head of a request may take. uvicorn itself closes only those that are idle after an answer (5 s)."""
HANDSHAKE_S = 10.0
"""How long a TLS handshake may take; asyncio itself would wait for a minute."""
STALLED_S = 60.0
"""How long a client may take nothing of its answer."""


class Server(uvicorn.Server):
    """Serves until `should_exit`; closes connections whose client neither asks nor reads in time."""

    def __init__(self, config: uvicorn.Config, certificate: Certificate | None, anonymous_per_s: float) -> None:
        super().__init__(config)
        self._certificate = certificate
        self._shared = State(anonymous_per_s)
        self.server_state = self._shared
        self._silent: dict[Any, tuple[Any, float]] = {}
        """By connection that waits for its client: what it has had from it, and since when it is no more."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the lifecycle."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; with a certificate on sockets that are given only."""
        if self._certificate is None:
            await super().startup(sockets)
            return
        await super().startup([])
        loop, config = asyncio.get_running_loop(), self.config

        def connection() -> Connection:
            return Connection(config, self._shared, self.lifespan.state)

        for each in sockets or []:
            listening = loop.create_server(
                connection,
                sock=each,
                ssl=self._certificate.context,
                ssl_handshake_timeout=HANDSHAKE_S,
                backlog=config.backlog,
            )
            self.servers.append(await listening)

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        if counter % 10 == 0:
            self._close_silent(time.monotonic())
            if self._certificate is not None:
                self._certificate.renew()
        return await super().on_tick(counter)

    def _close_silent(self, now: float) -> None:
        silent: dict[Any, tuple[Any, float]] = {}
        for connection in self.server_state.connections:
            waits = _waits_for_client(connection)
            if waits is None:
                continue
            had, patience = waits
            before = self._silent.get(connection)
            silent[connection] = before if before is not None and before[0] == had else (had, now)
            if now - silent[connection][1] > patience:
                connection.transport.abort()
        self._silent = silent


def _waits_for_client(connection: Any) -> tuple[Any, float] | None:
    """What a connection has had from its client so far, and for how long it may stay that; None: it is not waiting."""
    cycle = connection.cycle
    if unsent := connection.transport.get_write_buffer_size():
        return (cycle, connection.drained, unsent), STALLED_S
    return ((cycle,), HEADERS_S) if connection.idle and not connection.resting else None


class InPieces:
    """ASGI middleware that sends a large body in pieces, each when the client has made room for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_pieces(message: Message) -> None:
            body = memoryview(message.get("body", b""))
            while len(body) > WRITE:
                await send({**message, "body": body[:WRITE], "more_body": True})
                body = body[WRITE:]
            await send({**message, "body": body} if "body" in message else message)

        await self._app(scope, receive, in_pieces)


def configured(
    app: Any,
    host: str,
    port: int,
    graceful_s: float,
    certificate: Certificate | None = None,
    anonymous_per_s: float = ANONYMOUS_PER_S,
    gateways: Sequence[str] = (),
) -> Server:
    """Configure a server; on shutdown requests have `graceful_s`: a second before its end they are answered 503.

    With a certificate it speaks HTTPS. Gateways, addresses or networks, tell by X-Forwarded-For for whom they ask: the
    last address in it that is not a gateway's.
    """
    return Server(
        uvicorn.Config(
            InPieces(Interrupted(app)),
            host=host,
            port=port,
            http=Connection,
            ws=Socket,
            ws_max_size=MESSAGE,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            forwarded_allow_ips=["127.0.0.1", *gateways] if gateways else None,
            timeout_graceful_shutdown=max(1, int(graceful_s) - 1),
        ),
        certificate,
        anonymous_per_s,
    )
