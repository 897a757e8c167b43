"""One connection of a DTU: it says who it is, then its slaves are polled. The only place here that has a socket."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from hub.models import Micros
from ingest.polling.line import Line, Order, Outcome, Slave
from ingest.polling.registration import LONGEST, Registered, Registration

QUIET_S = 0.5
"""After so much silence a registration is complete that has no end of its own."""
AGAIN_S = 10.0
"""How often it is looked whether a DTU that nobody knows has been registered meanwhile."""


BYTES_PER_S, BURST = 16_000, 64_000
"""What comes faster ends the connection: no serial line is so fast, and nonsense takes time to look through."""


class Desk(Protocol):
    """What a connection asks of the server that it belongs to."""

    registration: Registration
    tokens: tuple[bytes, ...]
    registers_within_s: float
    silence_s: float

    def admits(self, dtu: "Dtu") -> bool:
        """Whether there is room for a connection; it is counted from then on."""

    def known(self, dtu: "Dtu", who: Registered) -> str | None:
        """The code of the device that a DTU is; None while it is not registered. Raises Unwelcome."""

    def slaves(self, code: str) -> list[Slave]:
        """What hangs on its line."""

    def opened(self, dtu: "Dtu") -> None:
        """It is known, and polled from now on."""

    def became(self, dtu: "Dtu", outcome: Outcome) -> None:
        """What became of a request."""

    def heard(self, dtu: "Dtu", now: Micros) -> None:
        """Something came of it."""

    def closed(self, dtu: "Dtu") -> None:
        """It has gone."""

    def now(self) -> Micros:
        """The time by a clock that nobody sets: a line must not wait for an hour because of that."""

    @property
    def full(self) -> bool:
        """Whether nothing more can be stored at the moment."""


class Unwelcome(Exception):
    """A DTU whose secret is wrong, or that may not connect"""


class Dtu(asyncio.Protocol):
    """A connection. Before it has said who it is, it costs a timer and at most LONGEST bytes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._timer: asyncio.TimerHandle | None = None
        self._who: Registered | None = None
        self.code = ""
        """Of the device, once it is known."""
        self.line: Line | None = None
        self.since = desk.now()
        self.peer = ""
        self._room, self._filled = BURST, self._loop.time()
        self.told = False
        """Whether a dead letter tells that nobody knows it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the registration."""
        self._transport = cast(asyncio.Transport, transport)
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._desk.admits(self):
            self.abort()
            return
        self._arm(self._desk.registers_within_s, self.abort)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        moment = self._loop.time()
        self._room = min(BURST, self._room + int((moment - self._filled) * BYTES_PER_S)) - len(data)
        self._filled = moment
        if self._room < 0:
            self.abort()
            return
        if self.line is not None:
            now = self._desk.now()
            self.line.take(data, now)
            self._desk.heard(self, now)
            self.pump()
            return
        self._unread = (self._unread + data)[-LONGEST:]
        if self._who is None:
            self._read(quiet=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = None
        self._desk.closed(self)

    def abort(self) -> None:
        """End the connection now; nothing that is out is waited for."""
        if self._transport is not None:
            self._transport.abort()

    def pump(self) -> None:
        """Send what is due, tell what became of requests, and come back in time."""
        line, transport = self.line, self._transport
        if line is None or transport is None:
            return
        now = self._desk.now()
        if now - line.heard_at > self._desk.silence_s * 1e6:
            self.abort()
            return
        if self._desk.full:
            line.hold(now)
        octets = line.turn(now)
        while line.outcomes:
            self._desk.became(self, line.outcomes.popleft())
        if octets is not None:
            transport.write(octets)
        due = line.due()
        silent = line.heard_at + int(self._desk.silence_s * 1e6) + 1
        self._arm((min(silent, silent if due is None else due) - now) / 1e6, self.pump)

    def assign(self, slaves: list[Slave]) -> None:
        """Poll these slaves from now on: the registry has changed."""
        if self.line is not None:
            self.line.assign(slaves, self._desk.now())
            self.pump()

    def order(self, order: Order) -> bool:
        """Send a command when the line is free; False when it has gone or too many wait."""
        if self.line is None or self._transport is None or not self.line.order(order):
            return False
        self.pump()
        return True

    def _read(self, quiet: bool) -> None:
        who = self._desk.registration.read(self._unread, quiet)
        if who is None:
            if quiet:
                self._arm(self._desk.registers_within_s, self.abort)
            else:
                self._arm(QUIET_S, self._settle)
            return
        self._who, self._unread = who, who.rest
        self.welcome()

    def _settle(self) -> None:
        self._read(quiet=True)

    def welcome(self) -> None:
        """Begin to poll a DTU that has said who it is, or wait until somebody registers it."""
        if self._who is None or self.line is not None or self._transport is None:
            return
        try:
            code = self._desk.known(self, self._who)
        except Unwelcome:
            self.abort()
            return
        if code is None:
            self._arm(AGAIN_S, self.welcome)
            return
        now = self._desk.now()
        self.code = code
        tokens = (*self._desk.tokens, self._who.text)
        self.line = Line(self._desk.slaves(code), tokens, now)
        if self._unread:
            self.line.take(self._unread, now)
            self._unread = b""
        self._desk.opened(self)
        self.pump()

    def _arm(self, seconds: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(seconds, 0.0), call)
