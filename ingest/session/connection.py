"""A TCP connection: bytes to frames, with the limits that keep one peer from using up what is there for all."""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Protocol, cast

from hub.session_settings import Session
from ingest.session.dialect import Dialect
from ingest.session.limits import BURST_S, REPLY_BYTES
from ingest.session.peer import Hold, Peer
from ingest.session.stranger import KEPT_BYTES

log = logging.getLogger(__name__)

JUNK_BYTES = 4096
"""Of what is no frame, from somebody who has not told who it is: it speaks something else."""
_KEPT_ALIVE = ((socket.TCP_KEEPIDLE, 120), (socket.TCP_KEEPINTVL, 30), (socket.TCP_KEEPCNT, 4))
"""A peer whose network is gone answers no probe: half-open connections end after four minutes."""


class Host(Protocol):
    """What a connection is part of."""

    settings: Session
    dialect: Dialect
    buffer: memoryview
    """What all connections read into: none keeps one of its own."""

    def now(self) -> float:
        """Seconds of the loop's clock."""

    def opened(self, peer: Peer) -> str | None:
        """A connection is there; why it may not stay, if not."""

    def take(self, peer: Peer, octets: bytes) -> None:
        """Take a frame, or a piece that cannot become one."""

    def strange(self, peer: Peer) -> None:
        """A sender of datagrams has sent one without a frame: `junk` is its beginning."""

    def closed(self, peer: Peer) -> None:
        """A connection that was let in has ended."""


class Connection(Peer, asyncio.BufferedProtocol):
    """One connection; one that was not let in ends at once."""

    __slots__ = ("_begun", "_frames", "_held", "_host", "_let_in", "_rest", "_transport")

    transport = "tcp"

    def __init__(self, host: Host) -> None:
        super().__init__("", host.now())
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._begun = 0.0
        """Since when a frame is not complete; 0: none is."""
        self._frames = host.settings.frames_per_s * BURST_S
        """How many may come before it is held, as of `heard_at`."""
        self._held = Hold.NOT
        self._let_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("?", 0)
        self.address = f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
        self._transport.set_write_buffer_limits(REPLY_BYTES)
        made: socket.socket = transport.get_extra_info("socket")
        with suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, seconds in _KEPT_ALIVE:
                made.setsockopt(socket.IPPROTO_TCP, option, seconds)
        why = self._host.opened(self)
        self._let_in = why is None
        if why is not None:
            self._transport.abort()

    @property
    def held(self) -> bool:
        """Whether it is not read for the moment."""
        return bool(self._held)

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio."""
        return self._host.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Cut what has come into frames."""
        now, dialect = self._host.now(), self._host.dialect
        read = self._rest + bytes(self._host.buffer[:nbytes])
        cut = dialect.frames(read)
        self._rest = cut.rest
        self._begun = 0.0 if not cut.rest else now if cut.frames or not self._begun else self._begun
        self.skipped += cut.skipped
        if cut.skipped and not self.stations and not self.junk:
            self.junk = read[:KEPT_BYTES]
        if len(cut.rest) > dialect.longest:
            self.end(f"a frame has more than the {dialect.longest:,} bytes of any")
        elif self.skipped > JUNK_BYTES and not self.stations:
            self.end(f"{self.skipped:,} bytes, and none of them is of a frame")
        self._refill(now)
        self.heard_at = now
        self._frames -= len(cut.frames)
        if self._frames < 0:
            self.hold(Hold.RATE)
        for octets in cut.frames:
            if not self.ended:
                self._host.take(self, octets)

    def eof_received(self) -> bool:
        """Who sends nothing more is still answered; see `settled`."""
        self.finished = True
        return bool(self.unanswered)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self.ended, self._transport = True, None
        self.junk = self.junk or self._rest[:KEPT_BYTES]
        if self._let_in:
            self._host.closed(self)

    def check(self, now: float) -> None:
        """Look at the limits that time brings, every second or so."""
        settings = self._host.settings
        if not self.stations and now - self.since > settings.login_s:
            self.end(f"no good frame within session.login_s, {settings.login_s:g} s")
        elif self._begun and now - self._begun > settings.frame_s and not self._held:
            octets, self._rest, self._begun = self._rest, b"", 0.0
            self._host.take(self, octets)
            self.end(f"a frame was not whole within session.frame_s, {settings.frame_s:g} s")
        elif now - self.heard_at > settings.idle_s:
            self.end(f"silent for session.idle_s, {settings.idle_s:g} s")
        elif self._held & Hold.RATE:
            self._refill(now)
            self.heard_at = now
            if self._frames > 0:
                self.release(Hold.RATE)

    def send(self, octets: bytes) -> bool:
        """See Peer; who reads none of its answers is disconnected."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(octets)
        if self._transport.get_write_buffer_size() > REPLY_BYTES:
            self.end("does not read what it is answered")
        return True

    def settled(self) -> None:
        """See Peer."""
        self.release(Hold.UNANSWERED)
        if self.finished and not self.unanswered:
            self.close()

    def hold(self, why: Hold) -> None:
        """See Peer."""
        if not self._held and self._transport is not None:
            self._transport.pause_reading()
        self._held |= why

    def release(self, why: Hold) -> None:
        """See Peer."""
        before, self._held = self._held, self._held & ~why
        if before and not self._held and self._transport is not None:
            self._transport.resume_reading()

    def end(self, why: str) -> None:
        """See Peer."""
        log.info("%s %s: %s", self._host.dialect.name, self.address, why)
        if self._transport is not None:
            self._transport.abort()
        self.ended = True

    def close(self) -> None:
        """End it once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def _refill(self, now: float) -> None:
        rate = self._host.settings.frames_per_s
        self._frames = min(self._frames + (now - self.heard_at) * rate, rate * BURST_S)
