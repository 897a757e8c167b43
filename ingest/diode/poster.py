"""Posts the files of an edge one-way: each so many times, whatever is answered; what was posted is noted by number."""

import asyncio
import heapq
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx

from hub.backoff import Backoff
from hub.diode_settings import Diode
from ingest.diode.outbox import Outbox

log = logging.getLogger(__name__)
WAITING = 10_000
"""Files that wait for being posted again; with more the oldest does not wait any longer."""
TIMEOUT_S = 30.0

Send = Callable[[bytes], Awaitable[None]]
"""Raises OSError or httpx.TransportError where it could not be sent."""


class Poster:
    """Follows the archive; goes on where it was, and posts again what may not have been posted so often."""

    def __init__(
        self, settings: Diode, outbox: Outbox, send: Send, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._outbox, self._send, self._clock = settings, outbox, send, clock
        self._again: list[tuple[float, int, int]] = []
        """When, which number, how many times then."""
        self._next = 0
        self._backoff = Backoff(log, "files are posted again")

    async def run(self) -> None:
        """Post for ever."""
        archive = self._outbox.archive
        mark = await asyncio.to_thread(_noted, self._mark)
        self._next = max(mark, archive.kept_from)
        while True:
            self._outbox.written.clear()
            if (found := self._due()) is None:
                wait = self._again[0][0] - self._clock() if self._again else None
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._outbox.written.wait()
            else:
                await self._post(*found)

    def _due(self) -> tuple[int, int] | None:
        """Number and times left of the file that is to be posted now."""
        if self._again and (self._again[0][0] <= self._clock() or len(self._again) >= WAITING):
            _, number, left = heapq.heappop(self._again)
            return number, left
        if self._next < self._outbox.archive.next:
            self._next += 1
            return self._next - 1, self._settings.post_times
        return None

    async def _post(self, number: int, left: int) -> None:
        path = self._outbox.archive.path(number)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:  # not kept any more, as the edge has told
            return
        while True:
            try:
                await self._send(content)
                break
            except (OSError, httpx.TransportError) as error:
                self._backoff.failed(
                    "nothing can be posted to %s: %s", self._settings.post, error or type(error).__name__
                )
                await self._backoff.wait()
        self._backoff.succeeded()
        if left > 1:
            heapq.heappush(self._again, (self._clock() + self._settings.post_again_s, number, left - 1))
        lowest = min((each[1] for each in self._again), default=self._next)
        await asyncio.to_thread(_note, self._mark, lowest)

    @property
    def _mark(self) -> Path:
        return self._outbox.archive.path(0).parent / f".posted-{self._outbox.archive.chain}"


async def post(client: httpx.AsyncClient, url: str, content: bytes) -> None:
    """Send a file; no answer that comes is believed, whatever it says, nor is one that does not come."""
    try:
        async with client.stream("POST", url, content=content, headers={"Content-Type": "application/octet-stream"}):
            return
    except (httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError):
        return  # all of it was sent


def _noted(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0  # all that is kept is posted again: twice is once


def _note(path: Path, number: int) -> None:
    draft = path.with_suffix(".tmp")
    draft.write_text(str(number), encoding="ascii")
    draft.replace(path)
