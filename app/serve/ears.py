"""A part of a hub: tells whether this process is connected to where devices send, in the store or into the bus."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from devices.addressing import LISTENING
from devices.health.hearing import MARGIN, Hearing, ListeningRow, Tell, now_micros, process_name
from hub.lifecycle import Named
from hub.models import HUB, Delivery, Micros, Outcome, Raw
from hub.pipeline import Sink
from hub.settings import Settings
from hub.store.pool import Pool


class Row(Protocol):
    """Where it is told."""

    async def put(self, since: Micros | None, until: Micros) -> None: ...
    async def end(self) -> None: ...


class Ears:
    """Its sources hear while there is no reason why not; a hub that waits for another one says nothing."""

    def __init__(
        self,
        settings: Settings,
        row: Row,
        reasons: Callable[[], list[str]],
        permitted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._row, self._permitted = row, permitted
        tell: Tell = self._tell
        self._hearing = Hearing(tell, reasons, lambda: now_micros() - MARGIN, settings.health)

    async def load(self) -> None:
        """Nothing is needed."""

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""
        return [("ears", self._hearing.run())]

    def reasons(self) -> list[str]:
        """Those that matter are told by the sources."""
        return []

    def stop_taking(self) -> None:
        """What still comes is heard."""

    async def drain(self) -> None:
        """Say goodbye: from now on the others hear everything."""
        await self._row.end()

    def close(self) -> None:
        """Nothing is left open."""

    async def _tell(self, since: Micros | None, until: Micros) -> None:
        if self._permitted():
            await self._row.put(since, until)
        else:
            await self._row.end()


def ears_of_store(pool: Pool, ears: bool = True) -> ListeningRow:
    """The row of a process that has the store; `ears` unless it reads from the bus."""
    return ListeningRow(pool, f"sources of {process_name()}", ears)


class BusRow:
    """The row of an edge, which has no store: it goes through the bus, behind what the edge has heard."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def put(self, since: Micros | None, until: Micros) -> None:
        """Returns once it is in the bus."""
        settled = asyncio.Event()

        async def settle(_outcome: Outcome) -> None:
            settled.set()

        told = msgspec.json.encode({"source": f"edge {process_name()}", "since": since, "until": until})
        await self._sink.submit(Delivery([Raw(HUB, LISTENING, told, until)], settle))
        await settled.wait()

    async def end(self) -> None:
        """An edge that has ended is forgotten after a while."""
