"""An engine and the sources in front of it: what a hub process takes."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from app.serve.engine import watch
from hub.lifecycle import Named
from hub.pipeline import Sink


class Engine(Protocol):
    """Takes deliveries to their commit: the stages in this process, those of worker processes, or the bus."""

    @property
    def sink(self) -> Sink:
        """Where sources hand over what they read."""

    async def load(self) -> None:
        """Get ready; waits for a store that is not there yet."""

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""

    async def drain(self) -> None:
        """Return once everything that was handed over is settled."""

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""


class Source(Protocol):
    """Hands over what it reads until `stop`; `run` ends when it has handed over the last."""

    @property
    def connected(self) -> bool:
        """Whether messages can come."""

    async def run(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class Intake:
    """A part of a hub: an engine, and sources by the server that each of them reads from."""

    def __init__(self, engine: Engine, sources: Mapping[str, Source]) -> None:
        self._engine, self._sources = engine, sources
        self._taking: list[asyncio.Future[None]] = []

    async def load(self) -> None:
        """Load the engine."""
        await self._engine.load()

    def tasks(self) -> list[Named]:
        """What has to run, by name; once. Sources go on through a stop: `drain` waits for their end."""
        self._taking = [asyncio.ensure_future(source.run()) for source in self._sources.values()]
        taking = [(name, watch(work)) for name, work in zip(self._sources, self._taking, strict=True)]
        return [*self._engine.tasks(), *taking]

    def reasons(self) -> list[str]:
        """What of the engine, and which servers."""
        away = [f"not connected to {name}" for name, source in self._sources.items() if not source.connected]
        return self._engine.reasons() + away

    def stop_taking(self) -> None:
        """Stop the sources."""
        for source in self._sources.values():
            source.stop()

    async def drain(self) -> None:
        """Return once the sources have ended and everything they handed over is settled."""
        await asyncio.gather(*self._taking)
        await self._engine.drain()

    def close(self) -> None:
        """End the connections of the sources."""
        for source in self._sources.values():
            source.close()
