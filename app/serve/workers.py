"""`hub serve --workers N`: one process reads and faces the outside, N others decode, decide and commit.

Each device has one worker, so that rules see its readings in one place and in order. Why the workers do not read
from the broker themselves is in docs/adr/0008.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from app.serve.engine import limits_of, wait_for_store
from hub.children import Command, Supervisor
from hub.lifecycle import Named
from hub.settings import Settings
from hub.telemetry import Counters
from ingest.handover.dispatch import Dispatcher


@dataclass(slots=True, frozen=True)
class Crew:
    """How many workers, and the arguments of `hub worker` that they share with `hub serve`."""

    count: int
    arguments: list[str] = field(default_factory=list)


class Workers:
    """The engine of a hub with workers: starts them, starts a dead one again, and ends them after a drain."""

    def __init__(self, settings: Settings, crew: Crew, counters: Counters, folder: Path) -> None:
        """`folder` is a private directory for sockets."""
        self._settings = settings
        sockets = {str(number): folder / f"{number}.sock" for number in range(1, crew.count + 1)}
        self.sink = Dispatcher(settings.mqtt.prefix, list(sockets.values()), counters, limits_of(settings))
        hub = (sys.executable, "-m", "app.main", "worker")
        self._workers = {
            f"worker {number}": Supervisor(f"worker {number}", Command([*hub, number, socket, *crew.arguments]))
            for number, socket in sockets.items()
        }

    async def load(self) -> None:
        """Wait for a store with the right schema; the workers load from it by themselves."""
        await wait_for_store(self._settings.database.url)

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""
        keep = [(name, worker.run()) for name, worker in self._workers.items()]
        return keep + [(f"link {number}", link.run()) for number, link in enumerate(self.sink.links, 1)]

    async def drain(self) -> None:
        """Return once everything that was handed over is settled; the workers are told to end then."""
        await self.sink.drained()
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            await worker.ended.wait()

    async def renew(self) -> None:
        """Have all workers load anew what the store holds; what they had not answered goes to the new ones."""
        for worker in self._workers.values():
            await worker.kill()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return [reason for link in self.sink.links for reason in link.reasons()]


@contextmanager
def open_workers(settings: Settings, crew: Crew, counters: Counters) -> Iterator[Workers]:
    """Workers with a directory of mode 0700 for their sockets."""
    with TemporaryDirectory(prefix="ganzhi-") as folder:
        yield Workers(settings, crew, counters, Path(folder))
