"""`hub serve --workers N`: one process reads and faces the outside, N others decode, decide and commit.

Each device has one worker, so that rules see its readings in one place and in order. Why the workers do not read
from the broker themselves is in docs/adr/0008.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import uniform
from signal import Signals
from tempfile import TemporaryDirectory

from app.serve.engine import limits_of, wait_for_store
from hub.lifecycle import Named
from hub.settings import Settings
from hub.telemetry import Counters
from ingest.handover.dispatch import Dispatcher

log = logging.getLogger(__name__)

RETRY_MIN_S, RETRY_MAX_S = 0.1, 15.0
STEADY_S = 10.0
"""A worker that lived for so long is started again at once."""

STOP = b"stop\n"
"""What a worker is told on its standard input; its bare end means that the parent has died."""


@dataclass(slots=True, frozen=True)
class Crew:
    """How many workers, and the arguments of `hub worker` that they share with `hub serve`."""

    count: int
    arguments: list[str] = field(default_factory=list)


class Workers:
    """The engine of a hub with workers: starts them, starts a dead one again, and ends them after a drain."""

    def __init__(self, settings: Settings, crew: Crew, counters: Counters, folder: Path) -> None:
        """`folder` is a private directory for sockets."""
        self._settings, self._crew = settings, crew
        self._sockets = {number: folder / f"{number}.sock" for number in range(1, crew.count + 1)}
        limits = limits_of(settings)
        self.sink = Dispatcher(settings.mqtt.prefix, list(self._sockets.values()), counters, limits)
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = False

    async def load(self) -> None:
        """Wait for a store with the right schema; the workers load from it by themselves."""
        await wait_for_store(self._settings.database.url)

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""
        keep = [(f"worker {number}", self._keep(number)) for number in self._sockets]
        return keep + [(f"link {number}", link.run()) for number, link in enumerate(self.sink.links, 1)]

    async def drain(self) -> None:
        """Return once everything that was handed over is settled and the workers have ended."""
        await self.sink.drained()
        self._stopping = True
        for process in self._processes.values():
            if process.stdin is not None:
                process.stdin.write(STOP)
        for process in self._processes.values():
            await process.wait()

    async def renew(self) -> None:
        """Have all workers load anew what the store holds; what they had not answered goes to the new ones."""
        for process in list(self._processes.values()):
            if process.returncode is None:
                process.kill()
            await process.wait()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return [reason for link in self.sink.links for reason in link.reasons()]

    async def _keep(self, number: int) -> None:
        """Run a worker and start it again whenever it ends; sooner the longer it has lived."""
        wait = RETRY_MIN_S
        while not self._stopping:
            process = self._processes[number] = await self._start(number)
            began = asyncio.get_running_loop().time()
            try:
                code = await process.wait()
            except BaseException:  # a hard stop: nothing of what it has is acknowledged
                process.kill()
                raise
            if self._stopping:
                return
            if asyncio.get_running_loop().time() - began > STEADY_S:
                wait = RETRY_MIN_S
            log.error("worker %d ended (%s); starting it again", number, _told(code))
            await asyncio.sleep(wait * uniform(0.5, 1.0))  # noqa: S311 jitter, not a secret
            wait = min(wait * 2, RETRY_MAX_S)

    async def _start(self, number: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "app.main", "worker", str(number), str(self._sockets[number]), *self._crew.arguments),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the parent, which drains before it ends its workers
        )


@contextmanager
def open_workers(settings: Settings, crew: Crew, counters: Counters) -> Iterator[Workers]:
    """Workers with a directory of mode 0700 for their sockets."""
    with TemporaryDirectory(prefix="ganzhi-") as folder:
        yield Workers(settings, crew, counters, Path(folder))


def _told(code: int) -> str:
    return f"signal {-code}, {Signals(-code).name}" if code < 0 else f"exit status {code}"
