"""What hands deliveries over in a hub process, and what they are handed to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from hub.lifecycle import Part, Phase
from hub.pipeline import Sink


class Engine(Part):
    """Takes deliveries to their commit: the stages in this process, those of worker processes, or the bus."""

    phase = Phase.ENGINE
    sink: Sink
    """Where sources hand over what they read."""


class Source(Protocol):
    """Hands over what it reads until `stop`; `run` ends when it has handed over the last."""

    @property
    def connected(self) -> bool:
        """Whether messages can come."""

    async def run(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class Sources(Part):
    """Sources by the server that each of them reads from."""

    phase = Phase.SOURCES

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._taking: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Take until the end of `drain`; connections stay until the last is settled."""
        self._taking = [group.create_task(source.run(), name=name) for name, source in self._sources.items()]
        try:
            yield
        finally:
            for source in self._sources.values():
                source.close()

    def reasons(self) -> list[str]:
        """Which servers are away."""
        return [f"not connected to {name}" for name, source in self._sources.items() if not source.connected]

    def stop_taking(self) -> None:
        """Stop the sources."""
        for source in self._sources.values():
            source.stop()

    async def drain(self) -> None:
        """Return once the sources have handed over the last."""
        for taking in self._taking:
            await taking
