"""One connection of a client: uvicorn's protocol, with a bound on everything that a client makes it hold.

By itself uvicorn parses whatever arrives, 256 KiB at a time: each request in it becomes an object that waits for its
turn, and a request line, a header or a trailer may be of any length; 400 clients that read nothing filled 9 GiB. Here
a request is parsed once the answer to the one before it has gone out. Until then the socket is not read, and TCP holds
the client back.
"""

import asyncio
from typing import Any

import httptools
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.http.addresses import AT_ONCE, PIPELINED_AT_ONCE, Addresses
from api.problems import answer

PEER = "ganzhi.peer"
"""Under which a request's state names the other end of its connection."""
READ = 16 << 10
"""Bytes that are read at a time, that wait to be parsed, and of a body that its request has not taken."""
WRITE = 16 << 10
"""Bytes of an answer that wait for the client, before the request that has more to send waits, too."""
HEAD = 32 << 10
"""Bytes of a request line with its headers; READ more for trailers of a body, and for what a chunk says of itself."""
HEADERS = 100
"""Headers and trailers of one request; the shortest one costs forty times its size."""
UNWANTED = 0.1
"""What a piece of a body that comes after its answer counts as, in anonymous requests: 8 MB of them a second."""
_PIECES = 64
"""Parsed in one turn, before other connections have theirs: a body of line ends falls into thousands."""
_END = b"\r\n\r\n"
"""Of a head. A piece that is parsed ends at the first one, so that it holds at most one whole request."""


class State(ServerState):
    """What the connections of a server share."""

    def __init__(self, anonymous_per_s: float) -> None:
        super().__init__()
        self.addresses = Addresses(anonymous_per_s)


class _TooManyHeadersError(Exception):
    """More than HEADERS of them."""


class _Flow(FlowControl):
    """Reads only while the connection has room, whoever asks for more."""

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def resume_reading(self) -> None:
        if self._connection.has_room:
            super().resume_reading()


def peer_of(scope: Scope) -> str | None:
    """The address at the other end of a request's connection: a proxy's own, not the one that it tells."""
    peer: str | None = scope.get("state", {}).get(PEER)
    return peer


class Connection(HttpToolsProtocol, asyncio.BufferedProtocol):
    """Holds one request, at most READ bytes of what follows it, and at most twice WRITE bytes of its answer."""

    def __init__(
        self,
        config: Config,
        server_state: State,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._addresses = server_state.addresses
        self._address: str | None = None
        self._buffer = memoryview(b"")
        self._rest = b""
        self._unfinished = 0
        """Bytes parsed since the last part of a request was whole."""
        self.resting = False
        """Whether it waits for its turn."""
        self.refused = False
        """Whether nothing more is read: it is closed by the server, in a while, lest the client come back at once."""
        self.drained = 0
        """How often the client has made room for more of an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(self)
        transport.set_write_buffer_limits(WRITE)
        address = self.client[0] if self.client else ""
        self.app_state = {**self.app_state, PEER: address}
        if (full := self._addresses.open(address, self)) is None:
            self._address = address
        else:
            self._refuse(503, full)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._address is not None:
            self._addresses.close(self._address, self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room for what is received. It is kept for the moment only, as most connections are idle."""
        self._buffer = memoryview(bytearray(READ))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was received."""
        self._rest += self._buffer[:nbytes]
        self._buffer = memoryview(b"")
        self._feed()

    @property
    def idle(self) -> bool:
        """Whether no request is under way, or only one whose answer the client does not take."""
        return self.cycle is None or self.cycle.response_complete or self.refused or self.flow.write_paused

    def abort(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def resume_writing(self) -> None:
        self.drained += 1
        super().resume_writing()

    @property
    def has_room(self) -> bool:
        """Whether more may be read."""
        full = self.cycle is not None and not self.cycle.response_complete and len(self.cycle.body) >= READ
        return not (self._rest or self.resting or self.refused or full)

    @property
    def _answering(self) -> bool:
        """Whether a request is here in full, and its answer has not gone out."""
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.more_body)

    def _feed(self) -> None:
        """Parse what has arrived, up to the end of a request."""
        for _ in range(_PIECES):
            if not self._rest or self.resting or self._answering or self.transport.is_closing():
                break  # nothing is left, or it has to wait
            self._unset_keepalive_if_required()
            end = self._rest.find(_END)
            end = len(self._rest) if end < 0 else end + len(_END)
            piece, self._rest = self._rest[:end], self._rest[end:]
            self._parse(piece)
            if self.transport.get_protocol() is not self:
                return
        else:
            self.loop.call_soon(self._feed)
        if self.has_room:
            self.flow.resume_reading()
        else:
            self.flow.pause_reading()

    def _parse(self, piece: bytes) -> None:
        self._unfinished += len(piece)
        if self._unfinished > HEAD:
            self._refuse(431, f"a request's line and headers may have {HEAD:,} bytes")
            return
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():  # to anything else: the answer is an ordinary one
                self._upgrade()
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _TooManyHeadersError):
                self._refuse(431, f"a request may have {HEADERS} headers")
            else:
                self._refuse(400, "this is not HTTP/1.1")

    def _upgrade(self) -> None:
        """Let a WebSocket take over. What was sent before it was accepted is not read: nobody may send it."""
        self._rest = b""
        if self._address is not None:
            self._addresses.close(self._address, self)
        self.handle_websocket_upgrade()

    def _refuse(self, status: int, detail: str) -> None:
        """Read nothing more; answer with a problem, where that cannot be taken for a part of another answer."""
        self.refused, self._rest = True, b""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not (cycle.response_started or self.pipeline):
            problem = answer(status, detail, headers={"Connection": "close"})
            head = b"".join(b"%b: %b\r\n" % header for header in problem.raw_headers)
            self.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n", bytes(problem.body))))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def shutdown(self) -> None:
        if self.refused:
            self.abort()
        else:
            super().shutdown()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= HEADERS:
            raise _TooManyHeadersError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unfinished = 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Called by the parser; uvicorn does not need it."""
        self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)
        if self.cycle.response_complete:  # nobody wants it any more
            self._pay(UNWANTED, PIPELINED_AT_ONCE)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        scope, pipelined = self.cycle.scope, bool(self._rest)
        # A proxy sends what others ask over the same connection: they would rest for one whom the door did not let in.
        unasked = "caller" not in scope["state"] and scope["client"] == self.client
        super().on_response_complete()
        if pipelined or unasked:
            self._pay(1.0, PIPELINED_AT_ONCE if pipelined else AT_ONCE)
        self._feed()

    def _pay(self, requests: float, at_once: int) -> None:
        """Rest until the client's address may have so many more anonymous requests."""
        if self._address is None or self.transport.is_closing():
            return
        if wait := self._addresses.wait(self._address, self.loop.time(), requests, at_once=at_once):
            self.resting = True
            self._unset_keepalive_if_required()
            self.loop.call_later(wait, self._rested)

    def _rested(self) -> None:
        self.resting = False
        self._feed()
