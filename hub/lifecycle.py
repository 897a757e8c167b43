"""Process lifecycle: parts started in phases, one task group, drain with a deadline.

A process is a list of parts. They are opened phase by phase, each with its tasks in the group of the process. On
SIGTERM or SIGINT all of them stop taking, then they are drained along the way of a message, then what still runs is
cancelled, and the parts are closed in the reverse order of their opening. A server that is away may be waited for by
each of them: after CLOSE_S the process is left.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from enum import IntEnum
from typing import Any, ClassVar, NoReturn

log = logging.getLogger(__name__)

CLOSE_S = 5.0
"""After the time of the drain, for all that is cancelled and closed, and until the process ends."""
Named = tuple[str, Coroutine[Any, Any, None]]
"""A task by its name."""


class Phase(IntEnum):
    """Start order of parts; they are closed in reverse order."""

    STORE = 0
    """The right to the store."""
    ENGINE = 1
    """What takes deliveries to their commit."""
    SOURCES = 2
    """What hands deliveries over."""
    API = 3
    """What others ask, and what is told to others."""


DRAINED = (Phase.SOURCES, Phase.ENGINE, Phase.API, Phase.STORE)
"""The way of a message: what hands over ends before what commits, and that before what tells of the commit."""


class Part:
    """Base class of process components; override what is needed."""

    phase: ClassVar[Phase]

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Start up, create tasks in `group`, then yield; the tasks have ended when it is closed."""
        yield

    def reasons(self) -> list[str]:
        """Why the process is not ready; empty when it is."""
        return []

    def stop_taking(self) -> None:
        """Stop accepting work."""

    async def drain(self) -> None:
        """Wait until all accepted work is settled; not called on a hard stop."""


class _Ended(Exception):
    """All parts are drained; remaining tasks are cancelled."""


def left(finished: bool) -> NoReturn:
    """End the process at once, as a kill does: nothing is lost by it."""
    log.warning("something that is away is still waited for: left as it is, %g s after drain_s", CLOSE_S)
    logging.shutdown()
    os._exit(0 if finished else 1)


class Lifecycle:
    """Runs the parts of a process until stopped.

    A second signal, or `drain_s` after the first, is the hard stop: nothing unsettled is lost by it, for senders
    deliver again what was not acknowledged.
    """

    def __init__(self, parts: Sequence[Part], drain_s: float, leave: Callable[[bool], None] = left) -> None:
        """`leave`: how the process ends that has not ended CLOSE_S after `drain_s`, told whether all was settled."""
        self._parts, self._drain_s, self._leave = sorted(parts, key=lambda part: part.phase), drain_s, leave
        self._opened: list[Part] = []
        self._stopping, self._finished = asyncio.Event(), False
        self._under_way: asyncio.Timeout | None = None
        """What a signal cuts short: the opening, or the drain."""

    async def run(self) -> bool:
        """Run until SIGTERM, SIGINT, `stop`, or a task fails; True when all accepted work was settled."""
        async with AsyncExitStack() as stack:
            with _on_signals(self._signalled):
                try:
                    async with asyncio.TaskGroup() as group:
                        await self._open(stack, group)
                        await self._stopping.wait()
                        log.info("stopping: accepting nothing more, finishing what was accepted")
                        self._leave_after(self._drain_s + CLOSE_S)
                        for part in self._opened:
                            part.stop_taking()
                        self._finished = await self._drain()
                        raise _Ended
                except* _Ended:
                    log.debug("all tasks have ended")
        return self._finished

    def stop(self) -> None:
        """Stop gracefully; interrupts the startup of parts."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._cut()

    def _signalled(self) -> None:
        if self._stopping.is_set():
            self._drain_s = 0.0
            self._leave_after(CLOSE_S)
            self._cut()
        self.stop()

    def _leave_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, lambda: self._leave(self._finished))

    def _cut(self) -> None:
        if self._under_way is not None and not self._under_way.expired():
            self._under_way.reschedule(asyncio.get_running_loop().time())

    async def _open(self, stack: AsyncExitStack, group: asyncio.TaskGroup) -> None:
        """Open the parts in order unless stopped in between."""
        async with self._cuttable(None):
            for part in self._parts:
                await stack.enter_async_context(part.opened(group))
                self._opened.append(part)

    async def _drain(self) -> bool:
        async with self._cuttable(self._drain_s):
            for phase in DRAINED:
                for part in self._opened:
                    if part.phase is phase:
                        await part.drain()
            return True
        log.warning("stopped before everything was committed; what is unacknowledged will be delivered again")
        return False

    @asynccontextmanager
    async def _cuttable(self, seconds: float | None) -> AsyncIterator[None]:
        """Run the block until a timeout or an interruption, then abandon it."""
        try:
            async with asyncio.timeout(seconds) as limit:
                self._under_way = limit
                yield
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._under_way = None


@contextmanager
def _on_signals(call: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
