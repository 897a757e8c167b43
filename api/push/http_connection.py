"""HTTP/1.1 connections to consumers: made to addresses that the guard of outgoing calls has allowed, and kept a while.

httpx and its pool took three quarters of what a delivery cost: the pool looks at each of its connections before and
after each request. Here an answer is parsed by httptools, and a connection that waits is found by its origin.
"""

import asyncio
import select
import ssl
from typing import NamedTuple

import httptools
import httpx

from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import Purpose

KEPT_S = 5.0
"""How long a connection waits for its next request."""
HEAD = 64 << 10
"""Bytes of the head of an answer."""


class ProtocolError(Exception):
    """What came is no answer in HTTP/1.1."""


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int


class HttpConnection(asyncio.Protocol):
    """One connection; one exchange at a time."""

    def __init__(self, origin: Origin, body_bytes: int) -> None:
        """Of a body `body_bytes` are read; one that has more ends the connection."""
        self.origin, self._body_bytes = origin, body_bytes
        self._transport: asyncio.Transport | None = None
        self.expiry: asyncio.TimerHandle | None = None
        self.open, self._asking = True, False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.status, self.phrase = 0, ""
        self.headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self.whole = self._keeps = False
        """Whether the body has come to its end, and the other side then goes on."""
        self._size = 0
        loop = asyncio.get_running_loop()
        self._head: asyncio.Future[None] = loop.create_future()
        self._end: asyncio.Future[None] = loop.create_future()

    @property
    def body(self) -> bytes:
        return bytes(self._body[: self._body_bytes])

    @property
    def over(self) -> bool:
        """Whether the body has ended, or as much of it came as is read."""
        return self._end.done()

    @property
    def usable(self) -> bool:
        """Whether the other side has neither ended it nor said anything meanwhile; the loop may not know it yet."""
        if self._transport is None or not self.open:
            return False
        look = select.poll()
        look.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return not look.poll(0)

    async def ask(self, request: bytes) -> None:
        """Send a request; returns once the head of its answer is there. OSError, ProtocolError."""
        if self._transport is None or not self.open:
            raise ConnectionResetError
        self._begin()
        self._asking = True
        self._transport.write(request)
        await self._head

    async def ended(self) -> bool:
        """Until the body has ended, or as much of it came as is read; whether the connection may be kept."""
        await self._end
        return self.open and self.whole and self._keeps

    def close(self) -> None:
        """End it at once."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse; what nobody asked for ends the connection."""
        self._size += len(data)
        if not self._asking:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ProtocolError(str(error)))
        if not self._head.done() and self._size > HEAD:
            self._fail(ProtocolError("the head of the answer does not end"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Its end: of a body without a length, too."""
        self.open = False
        if self._head.done() and not {b"content-length", b"transfer-encoding"} & {name for name, _ in self.headers}:
            self.whole = True
        self._fail(exc or ProtocolError("the connection ended before the answer"))

    def _fail(self, error: Exception) -> None:
        self.close()
        if not self._head.done() and self._asking:
            self._head.set_exception(error)
        if not self._end.done():
            self._end.set_result(None)

    def on_message_begin(self) -> None:
        """Called by the parser, as the rest. A second answer is nobody's: parsing ends, and the connection with it."""
        if not self._asking:
            raise ProtocolError

    def on_status(self, status: bytes) -> None:
        self.phrase += status.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status >= 200 and not self._head.done():
            self._head.set_result(None)

    def on_body(self, body: bytes) -> None:
        if len(self._body) <= self._body_bytes:
            self._body += body[: self._body_bytes + 1]
        if len(self._body) > self._body_bytes:
            self._fail(ProtocolError("the answer is too long"))

    def on_message_complete(self) -> None:
        if self.status < 200:  # 100 Continue: the answer is still to come
            self.headers, self.phrase = [], ""
            return
        self.whole, self._asking = len(self._body) <= self._body_bytes, False
        self._keeps = self._parser.should_keep_alive()
        if not self._end.done():
            self._end.set_result(None)


class HttpConnections:
    """Connections that wait for their next request, by origin; at most so many."""

    def __init__(self, outgoing: Outgoing, purpose: Purpose, tls: ssl.SSLContext, most: int, body_bytes: int) -> None:
        tls.set_alpn_protocols(["http/1.1"])
        self._outgoing, self._purpose, self._tls = outgoing, purpose, tls
        self._most, self._body_bytes = most, body_bytes
        self._waiting: dict[Origin, list[HttpConnection]] = {}
        self._count = 0

    async def to(self, url: httpx.URL) -> HttpConnection:
        """One that waits, or a new one. OutgoingRefused, and OSError, whose gaierror is a name that nobody knows.

        A new one leads to an address that was checked, while TLS and Host keep the name: what the name resolves to
        later (DNS rebinding) is never asked.
        """
        tls = url.scheme == "https"
        origin = Origin(url.scheme, url.raw_host.decode(), url.port or (443 if tls else 80))
        while waiting := self._waiting.get(origin):
            connection = waiting.pop()
            self._taken(connection)
            if connection.usable:
                return connection
            connection.close()
        failed: OSError | None = None
        for address in await self._outgoing.addresses(self._purpose, origin.host, origin.port):
            try:
                _, made = await asyncio.get_running_loop().create_connection(
                    lambda: HttpConnection(origin, self._body_bytes),
                    address,
                    origin.port,
                    ssl=self._tls if tls else None,
                    server_hostname=origin.host if tls else None,
                )
            except OSError as error:
                failed = failed or error
            else:
                return made
        raise failed or OSError("the name has no address")

    def keep(self, connection: HttpConnection) -> None:
        """For the next request; closed where there is no room, or after KEPT_S."""
        if self._count >= self._most or not connection.open:
            connection.close()
            return
        self._waiting.setdefault(connection.origin, []).append(connection)
        self._count += 1
        connection.expiry = asyncio.get_running_loop().call_later(KEPT_S, self._expire, connection)

    def close(self) -> None:
        """End those that wait."""
        for waiting in [*self._waiting.values()]:
            for connection in [*waiting]:
                self._expire(connection)

    def _expire(self, connection: HttpConnection) -> None:
        self._waiting[connection.origin].remove(connection)
        self._taken(connection)
        connection.close()

    def _taken(self, connection: HttpConnection) -> None:
        self._count -= 1
        if connection.expiry is not None:
            connection.expiry.cancel()
        if not self._waiting.get(connection.origin):
            self._waiting.pop(connection.origin, None)
