"""SIP over UDP and TCP: bytes to messages, with the limits that keep one peer from using up what is there for all."""

import asyncio
import socket
from collections import deque
from typing import Any, Protocol, cast

from devices.codecs.gb28181.sip import MAX_BODY, MAX_HEAD, cut
from hub.errors import DecodeError
from hub.words.sentence import Sentence
from ingest.sip.limits import REPLY_BYTES, STRANGER_BYTES, UNANSWERED, Rooms
from ingest.sip.peer import Peer, shown

_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104
PONG = b"\r\n"


class Host(Protocol):
    """What connections are part of."""

    rooms: Rooms

    def now(self) -> float:
        """Seconds of the loop's clock."""

    def opened(self, connection: "Connection") -> bool:
        """A connection is there; whether it may stay."""

    def closed(self, connection: "Connection") -> None:
        """A connection that was let in has ended."""

    def take(self, peer: Peer, octets: bytes) -> bool:
        """Take a message; whether it is under way to the commit, until `let_go`."""

    def unreadable(self, peer: Peer, octets: bytes, error: DecodeError) -> None:
        """What came is no message."""

    @property
    def full(self) -> bool:
        """Whether there is no room for more."""


class Datagram:
    """The sender of a datagram."""

    __slots__ = ("_transport", "host", "port")

    transport = "udp"

    def __init__(self, transport: asyncio.DatagramTransport, host: str, port: int) -> None:
        self._transport, self.host, self.port = transport, host, port

    @property
    def local(self) -> tuple[str, int]:
        """See Peer."""
        name = self._transport.get_extra_info("sockname")
        return towards(self.host) if name[0] in _ALL else name[0], name[1]

    def send(self, octets: bytes) -> bool:
        """See Peer."""
        if self._transport.is_closing():
            return False
        self._transport.sendto(octets, (self.host, self.port))
        return True

    def let_go(self, octets: bytes) -> None:
        """See Peer; nothing holds it."""


def towards(host: str) -> str:
    """The own address from which one is reached: where the hub listens at all it has, a device is told this one.

    The host itself where no way leads to it: nothing is sent to it then.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing
        except OSError:
            return host
        return str(probe.getsockname()[0])


class Datagrams(asyncio.DatagramProtocol):
    """All senders of one socket. What there is no room for is let go unanswered: it is sent again."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transport: asyncio.DatagramTransport | None = None
        self.dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """See asyncio; empty ones keep a way through a NAT open."""
        if self._transport is None or not data.strip(b"\r\n\0 "):
            return
        if self._host.full:
            self.dropped += 1
            return
        self._host.take(Datagram(self._transport, addr[0], addr[1]), data)

    def peer(self, host: str, port: int) -> Datagram | None:
        """Where something can be sent to; None once it is closed."""
        return None if self._transport is None else Datagram(self._transport, host, port)


class Connection(asyncio.Protocol):
    """One connection over TCP."""

    transport = "tcp"

    def __init__(self, host: Host) -> None:
        self._hub = host
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._messages = deque[bytes]()
        """Those that there was no room for yet: at most what is read at one time."""
        self._taken = (False, 0)
        """Of Rooms."""
        self._under_way = 0
        self._let_in = self._held = False
        self.host, self.port = "?", 0
        self.since = self.heard_at = host.now()
        self.registered = False
        """Whether somebody has registered over it."""

    @property
    def local(self) -> tuple[str, int]:
        """See Peer."""
        name = ("127.0.0.1", 0) if self._transport is None else self._transport.get_extra_info("sockname")
        return name[0], name[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("?", 0)
        self.host, self.port = name[0], name[1]
        self._transport.set_write_buffer_limits(REPLY_BYTES)
        self._let_in = self._hub.opened(self)
        if not self._let_in:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self.heard_at = self._hub.now()
        try:
            found = cut(self._rest + data)
        except DecodeError as error:
            self._hub.unreadable(self, self._rest + data, error)
            self.end()
            return
        self._rest = found.rest
        if found.pings and not found.messages:
            self.send(PONG)
        self._messages.extend(found.messages)
        self.hold()

    def hold(self) -> None:
        """Take what has come, and read on; no more while enough is under way, or the hub has no room."""
        while self._messages and not self._crowded and self._is_open:
            taken = self._hub.take(self, self._messages.popleft())
            self._under_way += taken
        self._account()
        if self._transport is None or not self._is_open:
            return
        wanted = self._crowded
        if wanted and not self._held:
            self._transport.pause_reading()
        elif self._held and not wanted:
            self._transport.resume_reading()
        self._held = wanted

    def _account(self) -> None:
        """Take room for what it keeps; where there is none it is disconnected."""
        size = len(self._rest) + sum(map(len, self._messages))
        if (self.registered, size) == self._taken:
            return
        self._hub.rooms.give(*self._taken)
        self._taken = (False, 0)
        most = MAX_HEAD + MAX_BODY if self.registered else STRANGER_BYTES
        if (self.registered or size <= most) and self._hub.rooms.take(self.registered, size):
            self._taken = (self.registered, size)
            return
        sentence = Sentence("refusal.bytes", size=f"{size:,}", most=f"{most:,}")
        self._hub.unreadable(self, self._rest, DecodeError("too_large", sentence))
        self._forget()
        self.end()

    def _forget(self) -> None:
        self._rest = b""
        self._messages.clear()
        self._hub.rooms.give(*self._taken)
        self._taken = (False, 0)

    @property
    def _crowded(self) -> bool:
        return self._under_way >= UNANSWERED or self._hub.full

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, octets: bytes) -> bool:
        """See Peer; who reads none of its answers is disconnected."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(octets)
        if self._transport.get_write_buffer_size() > REPLY_BYTES:
            self.end()
        return True

    def let_go(self, octets: bytes) -> None:
        """See Peer."""
        self._under_way -= 1
        self.hold()

    def end(self) -> None:
        """Disconnect it."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End it once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._transport = None
        self._forget()
        if self._let_in:
            self._let_in = False
            self._hub.closed(self)

    def __str__(self) -> str:
        return shown(self.host, self.port)
