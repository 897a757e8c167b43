"""A way to one superior platform over UDP or TCP: whole messages in, bytes out; none of other addresses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from devices.codecs.gb28181.sip import cut
from hub.errors import DecodeError, TransientError
from hub.words.sentence import Sentence

OPEN_S = 10.0
UNREAD_BYTES = 1 << 20
"""That a platform over TCP does not read; one that reads nothing would make the hub keep all that it is told."""

Take = Callable[[bytes, int], None]
"""Told a message, and the port of the platform that it comes from: some answer from another one over UDP."""


class SuperiorError(TransientError):
    """The superior platform cannot be told anything now"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Link:
    """Open until `ended` has its reason."""

    def __init__(self, transport: str, host: str, port: int, take: Take) -> None:
        self.transport, self.host, self.port, self._take = transport, host, port, take
        self.ended: asyncio.Future[SuperiorError] = asyncio.get_running_loop().create_future()
        self._wire: asyncio.Transport | asyncio.DatagramTransport | None = None
        self._rest = b""

    @property
    def local(self) -> tuple[str, int]:
        """The hub's own end."""
        name = ("127.0.0.1", 0) if self._wire is None else self._wire.get_extra_info("sockname")
        return name[0], name[1]

    def made(self, wire: asyncio.BaseTransport) -> None:
        """It is connected."""
        self._wire = cast(asyncio.Transport | asyncio.DatagramTransport, wire)

    def send(self, octets: bytes, port: int = 0) -> bool:
        """Write a message, over UDP to that port where it is given; False where it is gone."""
        wire = self._wire
        if wire is None or wire.is_closing():
            return False
        if self.transport == "udp":
            cast(asyncio.DatagramTransport, wire).sendto(octets, (self.host, port or self.port))
            return True
        stream = cast(asyncio.Transport, wire)
        stream.write(octets)
        if stream.get_write_buffer_size() > UNREAD_BYTES:
            self.end(Sentence("forward.reads_nothing", seconds="0"))
        return True

    def datagram(self, octets: bytes, host: str, port: int) -> None:
        """One message; empty ones keep a way through a NAT open. Of another address it is nobody's."""
        if host == self.host and octets.strip(b"\r\n\0 "):
            self._take(octets, port)

    def stream(self, octets: bytes) -> None:
        """Some of a stream; where no message can begin there is no way to find the next one."""
        try:
            found = cut(self._rest + octets)
        except DecodeError as error:
            self.end(Sentence("forward.gb28181.unreadable", error=str(error.detail)))
            return
        self._rest = found.rest
        for message in found.messages:
            self._take(message, self.port)

    def end(self, reason: Sentence) -> None:
        """Close it; the first reason counts."""
        if not self.ended.done():
            self.ended.set_result(SuperiorError(reason))
        if self._wire is not None:
            self._wire.abort()


@asynccontextmanager
async def linked(transport: str, addresses: Sequence[str], port: int, own_port: int, take: Take) -> AsyncIterator[Link]:
    """Open a way to the first of some addresses that can be reached; SuperiorError when none can."""
    last: Exception | None = None
    for address in addresses:
        link = Link(transport, address, port, take)
        try:
            async with asyncio.timeout(OPEN_S):
                await _connect(link, own_port)
        except (OSError, TimeoutError) as error:
            last = error
            continue
        try:
            yield link
        finally:
            link.end(Sentence("forward.cut", error="closed"))
        return
    told = str(last) or f"no connection within {OPEN_S:.0f} s"
    raise SuperiorError(Sentence("forward.unreachable", address=f"{', '.join(addresses)}:{port}", error=told))


async def _connect(link: Link, own_port: int) -> None:
    loop, own = asyncio.get_running_loop(), (("::" if ":" in link.host else "0.0.0.0"), own_port)  # noqa: S104
    if link.transport == "udp":
        await loop.create_datagram_endpoint(lambda: _Datagrams(link), (_own_host(link.host, link.port), own_port))
    else:
        await loop.create_connection(lambda: _Stream(link), link.host, link.port, local_addr=own if own_port else None)


def _own_host(host: str, port: int) -> str:
    """The address of this machine that calls that one; nothing is sent for it. OSError where there is no way."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        name: str = probe.getsockname()[0]
        return name


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link.made(transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._link.datagram(data, addr[0], addr[1])


class _Stream(asyncio.Protocol):
    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link.made(transport)

    def data_received(self, data: bytes) -> None:
        self._link.stream(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.end(Sentence("forward.cut", error=str(exc) if exc else "the platform has closed the connection"))
