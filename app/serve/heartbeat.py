"""Heartbeat part: records whether this process receives from devices, in the store or on the bus."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from devices.addressing import LISTENING, finding
from devices.health.heartbeat import MARGIN, STALLED_S, HeartbeatLoop, HeartbeatRow, Tell, process_name
from hub.errors import TransientError
from hub.lifecycle import Part, Phase
from hub.models import Delivery, Micros, Outcome, Raw, now_micros
from hub.pipeline import Sink
from hub.settings import Health
from hub.store.pool import Pool

BUS_EVERY_S = 1.0
"""How often an edge says that it hears: so much later a hold time may end on the bus."""


class Row(Protocol):
    """Where heartbeats are written."""

    async def put(self, since: Micros | None, until: Micros) -> None: ...
    async def end(self) -> None: ...


class Heartbeat(Part):
    """Writes heartbeats while all sources are connected; a hub waiting for another one writes none."""

    phase = Phase.ENGINE  # drained behind the engine: until then what the sources handed over is heard

    def __init__(
        self,
        settings: Health,
        row: Row,
        reasons: Callable[[], list[str]],
        permitted: Callable[[], bool] = lambda: True,
        until: Callable[[], Micros] = lambda: now_micros() - MARGIN,
    ) -> None:
        self._row, self._permitted = row, permitted
        tell: Tell = self._tell
        self._hearing = HeartbeatLoop(tell, reasons, until, settings)

    def connected_since(self) -> Micros | None:
        """Since when all sources are connected without a gap; None while one is not, or another hub has the session."""
        return self._hearing.since if self._permitted() else None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Write heartbeats forever."""
        group.create_task(self._hearing.run(), name="ears")
        yield

    async def drain(self) -> None:
        """Remove the heartbeat: other processes take over."""
        await self._row.end()

    async def _tell(self, since: Micros | None, until: Micros) -> None:
        if self._permitted():
            await self._row.put(since, until)
        else:
            await self._row.end()


def store_heartbeat(pool: Pool, ears: bool = True) -> HeartbeatRow:
    """Heartbeat row of a process with a database; `ears` unless it reads from the bus."""
    return HeartbeatRow(pool, f"sources of {process_name()}", ears)


def often(settings: Health, every_s: float) -> Health:
    """Settings of a heartbeat that is written at least so often."""
    return settings.model_copy(update={"seen_every_s": min(every_s, settings.seen_every_s)})


class BusHeartbeat:
    """Heartbeat of an edge without a database: published on the bus, after the messages it covers."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def put(self, since: Micros | None, until: Micros) -> None:
        """Wait until it is published, and before that until everything is that it covers: partitions are apart.

        Raises TransientError where that took long, for the bus was away: `since` is from before that.
        """
        asked = time.monotonic()
        told = msgspec.json.encode({"source": f"edge {process_name()}", "since": since, "until": until})
        for raws in ([], [Raw(finding("", LISTENING), told, until)]):
            await self._published(raws)
        if since is not None and (waited := time.monotonic() - asked) > STALLED_S:
            raise TransientError(f"the bus took nothing for {waited:.1f} s")

    async def _published(self, raws: Sequence[Raw]) -> None:
        settled = asyncio.Event()

        async def settle(_outcome: Outcome) -> None:
            settled.set()

        await self._sink.submit(Delivery(raws, settle))
        await settled.wait()

    async def end(self) -> None:
        """Nothing to do: the heartbeat of an ended edge expires."""
