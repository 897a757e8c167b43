"""Frames over UDP, by sender. What the hub has no room for is let go unanswered: it is sent again."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

from ingest.session.connection import Host
from ingest.session.peer import Hold, Peer
from ingest.session.stranger import KEPT_BYTES

PEERS = 20_000
"""Senders that are remembered; who is not is answered all the same."""
Address = tuple[Any, ...]


class Datagram(Peer):
    """A sender, by its address; it is forgotten, not disconnected."""

    __slots__ = ("_forget", "_to", "_transport")

    transport = "udp"

    def __init__(
        self, to: Address, transport: asyncio.DatagramTransport, now: float, forget: Callable[[], None]
    ) -> None:
        super().__init__(f"[{to[0]}]:{to[1]}" if ":" in to[0] else f"{to[0]}:{to[1]}", now)
        self._to, self._transport, self._forget = to, transport, forget

    def send(self, octets: bytes) -> bool:
        """See Peer."""
        if self.ended or self._transport.is_closing():
            return False
        self._transport.sendto(octets, self._to)
        return True

    def settled(self) -> None:
        """See Peer; nothing holds it."""

    def hold(self, why: Hold) -> None:
        """See Peer; nobody can make it wait."""

    def release(self, why: Hold) -> None:
        """See Peer."""

    def end(self, why: str) -> None:
        """See Peer."""
        if not self.ended:
            self.ended = True
            self._forget()


class Datagrams(asyncio.DatagramProtocol):
    """All senders of one socket, the newest of them remembered."""

    def __init__(self, host: Host, has_room: Callable[[], bool]) -> None:
        self._host, self._has_room = host, has_room
        self._transport: asyncio.DatagramTransport | None = None
        self._peers: OrderedDict[Address, Datagram] = OrderedDict()
        self.let_go = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take the frames of a datagram; one that is not whole never will be."""
        if self._transport is None or not self._has_room():
            self.let_go += 1
            return
        peer = self._peer(addr, self._transport)
        peer.heard_at = self._host.now()
        cut = self._host.dialect.frames(data)
        peer.skipped += cut.skipped
        if not cut.frames and not cut.rest and not peer.stations:
            peer.junk = data[:KEPT_BYTES]
            self._host.strange(peer)
        for octets in [*cut.frames, *([cut.rest] if cut.rest else [])]:
            self._host.take(peer, octets)

    def _peer(self, addr: Address, transport: asyncio.DatagramTransport) -> Datagram:
        peer = self._peers.get(addr)
        if peer is None:
            if len(self._peers) >= PEERS:
                next(iter(self._peers.values())).end("")
            peer = self._peers[addr] = Datagram(addr, transport, self._host.now(), lambda: self._ended(addr))
        self._peers.move_to_end(addr)
        return peer

    def _ended(self, addr: Address) -> None:
        peer = self._peers.pop(addr, None)
        if peer is not None:
            self._host.closed(peer)

    def check(self, now: float) -> None:
        """Forget who has been silent for long."""
        while self._peers:
            peer = next(iter(self._peers.values()))
            if now - peer.heard_at <= self._host.settings.idle_s:
                return
            peer.end("")
