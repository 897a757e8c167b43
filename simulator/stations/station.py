"""A station on a line: it waits for the reply, sends again, dials again, and keeps what it measures meanwhile."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, cast

from simulator.stations.speech import Report, Speech

MOST_BUFFERED = 64 << 10
"""Bytes that the other side may send without a frame among them; then the station hangs up."""


class Manners(NamedTuple):
    """How patient stations are; in seconds."""

    patience_s: float = 5.0
    """For a reply."""
    resends: int = 3
    """Of a report that is not answered, before the station hangs up and dials again."""
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    """Between dialling in vain and dialling again; each time twice as long."""
    keeps: int = 10_000
    """Reports in its memory; the oldest are lost when it is full."""


class Told(NamedTuple):
    """A report that was acknowledged."""

    report: Report
    waited_s: float
    """From when it was sent last to its reply."""


class Station(asyncio.Protocol):
    """One station. It dials as long as it has not ended; `say` gives it something to report."""

    def __init__(
        self,
        speech: Speech,
        address: tuple[str, int],
        acknowledged: Callable[[Told], None],
        manners: Manners | None = None,
    ) -> None:
        self.speech, self._address, self._acknowledged = speech, address, acknowledged
        self._manners = manners or Manners()
        self._waiting: deque[Report] = deque()
        self._under_way: Report | None = None
        self._sent_at = 0.0
        self._tries = self._vain = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._ended = False
        self.connections = self.resends = self.forgotten = 0
        """How often it connected, sent something again, and lost something for want of memory."""

    @property
    def pending(self) -> int:
        """Reports that are not acknowledged yet."""
        return len(self._waiting) + (self._under_way is not None)

    def begin(self) -> None:
        """Dial."""
        self._dialling = asyncio.create_task(self._dial(), name="station")

    def say(self, report: Report) -> None:
        """Report it once what came before is acknowledged."""
        if len(self._waiting) >= self._manners.keeps:
            self._waiting.popleft()
            self.forgotten += 1
        self._waiting.append(report)
        self._next()

    def hang_up(self) -> None:
        """Cut the line, as a network does; it dials again."""
        if self._transport is not None:
            self._transport.abort()

    async def end(self) -> None:
        """Hang up for good."""
        self._ended = True
        self._still()
        if self._transport is not None:
            self._transport.abort()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.gather(self._dialling, return_exceptions=True)

    async def _dial(self) -> None:
        loop, manners = asyncio.get_running_loop(), self._manners
        while not self._ended:
            if self._vain:
                pause = min(manners.longest_pause_s, manners.first_pause_s * 2 ** min(self._vain - 1, 16))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 no secret: a spread of dialling
            self._vain += 1  # until something is acknowledged: who hangs up at once is as good as away
            try:
                await loop.create_connection(lambda: self, *self._address)
            except OSError:
                continue
            return

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, and send what is not acknowledged yet."""
        self._transport, self._buffer, self._tries = cast(asyncio.Transport, transport), b"", 0
        self.connections += 1
        if self.speech.greeting:
            self._transport.write(self.speech.greeting)
        if self._under_way is not None:
            self._send(self._under_way)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Look for the acknowledgement that is waited for; others are of what was sent before."""
        frames, self._buffer = self.speech.frames(self._buffer + data)
        if len(self._buffer) > MOST_BUFFERED:
            self.hang_up()
        for frame in frames:
            key, report = self.speech.acknowledged(frame), self._under_way
            if report is None or key != report.key:
                continue
            self._still()
            self._under_way, self._tries, self._vain = None, 0, 0
            self._acknowledged(Told(report, time.monotonic() - self._sent_at))
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Dial again."""
        self._transport = None
        self._still()
        if not self._ended:
            self._vain = max(self._vain, 1)
            self.begin()

    def _next(self) -> None:
        if self._transport is not None and self._under_way is None and self._waiting:
            self._under_way = self._waiting.popleft()
            self._send(self._under_way)

    def _send(self, report: Report) -> None:
        if self._transport is None:
            return
        self._still()
        self._tries += 1
        self._sent_at = time.monotonic()
        self._transport.write(report.frame)
        self._timer = asyncio.get_running_loop().call_later(self._manners.patience_s, self._unanswered)

    def _unanswered(self) -> None:
        if self._tries > self._manners.resends:
            self.hang_up()
        elif self._under_way is not None:
            self.resends += 1
            self._send(self._under_way)

    def _still(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
