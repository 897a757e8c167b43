"""How a process of the hub starts, runs and stops: named tasks, a soft stop, a drain with a deadline, a hard stop."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

Named = tuple[str, Coroutine[Any, Any, None]]
"""A task by its name."""


@dataclass(slots=True)
class Lifecycle:
    """What runs for ever, what takes work in, and what must be finished before the end.

    Order of a stop: `stop_taking` is called, then `drain` is awaited for at most `drain_s`, then the background
    tasks are cancelled. A second signal, or the deadline, is the hard stop: nothing unsettled is lost by it,
    for senders deliver again what was not acknowledged.
    """

    stop_taking: Callable[[], None]
    drain: Callable[[], Awaitable[None]]
    drain_s: float
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, background: Sequence[Named]) -> bool:
        """Run until SIGTERM or SIGINT, or until a task fails; True when everything taken was settled."""
        loop = asyncio.get_running_loop()
        hard = asyncio.Event()

        def on_signal() -> None:
            if self.stopping.is_set():
                hard.set()
            self.stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work, name=name) for name, work in background]
                await self.stopping.wait()
                log.info("stopping: taking nothing more, finishing what was taken")
                self.stop_taking()
                finished = await self._drain(hard)
                for task in tasks:
                    task.cancel()
                return finished
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _drain(self, hard: asyncio.Event) -> bool:
        drain = asyncio.ensure_future(self.drain())
        cut = asyncio.create_task(hard.wait(), name="lifecycle.hard")
        await asyncio.wait({drain, cut}, timeout=self.drain_s, return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()
        if drain.done():
            drain.result()
            return True
        drain.cancel()
        with suppress(asyncio.CancelledError):
            await drain
        log.warning("stopped before everything was committed; what is unacknowledged will be delivered again")
        return False
