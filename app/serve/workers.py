"""`hub serve --workers N`: one process reads and serves the API, N workers decode, decide and commit.

Each device has one worker, so that rules see its readings in one place and in order. Why the workers do not read
from the broker themselves is in docs/adr/0008.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from app.serve.engine import limits_of, wait_for_store
from app.serve.sources import Engine
from hub.children import Command, Supervisor
from hub.models import KeyOf, unknown_key
from hub.settings import Settings
from hub.telemetry import Counters
from ingest.handover.dispatch import Dispatcher


@dataclass(slots=True, frozen=True)
class WorkerOptions:
    """Number of workers, and the arguments they share with `hub serve`."""

    count: int
    arguments: list[str] = field(default_factory=list)


class WorkerPool(Engine):
    """Engine with a worker pool: starts workers, restarts dead ones, stops them after the drain."""

    sink: Dispatcher

    def __init__(
        self, settings: Settings, worker_options: WorkerOptions, counters: Counters, folder: Path, key_of: KeyOf
    ) -> None:
        """`folder` is a private directory for sockets; `key_of` as of the dispatcher."""
        self._settings = settings
        sockets = {str(number): folder / f"{number}.sock" for number in range(1, worker_options.count + 1)}
        self.sink = Dispatcher(list(sockets.values()), counters, limits_of(settings), key_of)
        hub = (sys.executable, "-m", "app.main", "worker")
        self._workers = {
            f"worker {number}": Supervisor(
                f"worker {number}",
                Command([*hub, number, str(worker_options.count), socket, *worker_options.arguments]),
            )
            for number, socket in sockets.items()
        }

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Wait for a store with the current schema, then start the workers."""
        await wait_for_store(self._settings.database.url)
        for name, worker in self._workers.items():
            group.create_task(worker.run(), name=name)
        for number, link in enumerate(self.sink.links, 1):
            group.create_task(link.run(), name=f"link {number}")
        yield

    async def drain(self) -> None:
        """Wait until everything submitted is settled, then stop the workers."""
        await self.sink.drained()
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            await worker.ended.wait()

    async def renew(self) -> None:
        """Restart all workers so that they reload state; unanswered blocks go to the new ones."""
        for worker in self._workers.values():
            await worker.kill()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return [reason for link in self.sink.links for reason in link.reasons()]


@contextmanager
def open_worker_pool(
    settings: Settings, worker_options: WorkerOptions, counters: Counters, key_of: KeyOf = unknown_key
) -> Iterator[WorkerPool]:
    """WorkerPool with a directory of mode 0700 for their sockets."""
    with TemporaryDirectory(prefix="ganzhi-") as folder:
        yield WorkerPool(settings, worker_options, counters, Path(folder), key_of)
