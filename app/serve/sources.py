"""Sources of a hub process, and the engine interface they submit to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from hub.lifecycle import Part, Phase
from hub.pipeline import Sink


class Engine(Part):
    """Commits deliveries: in this process, in worker processes, or by forwarding to the bus."""

    phase = Phase.ENGINE
    sink: Sink
    """Receives deliveries."""
    gated: Sink
    """Receives what devices send: the pictures in it pass the privacy gate first (app/serve/pictures.py)."""


class Source(Protocol):
    """Submits what it reads until `stop`; `run` returns after the last submission."""

    @property
    def connected(self) -> bool:
        """Whether the source is connected."""

    @property
    def behind(self) -> bool:
        """Whether what its server kept for it, from before the connection, is not all submitted yet."""

    def reasons(self) -> list[str]:
        """What else keeps it from reading; empty if nothing does."""

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
        """Run until `drain` ends; connections stay open until everything is settled."""
        self._taking = [group.create_task(source.run(), name=name) for name, source in self._sources.items()]
        try:
            yield
        finally:
            for source in self._sources.values():
                source.close()

    def reasons(self) -> list[str]:
        """Servers that are down, and what else keeps the sources from reading."""
        down = [f"not connected to {name}" for name, source in self._sources.items() if not source.connected]
        return down + [reason for source in self._sources.values() for reason in source.reasons()]

    def not_heard(self) -> list[str]:
        """Why something that was sent may not be received yet: `reasons`, and what servers kept."""
        behind = [f"{name} had kept messages" for name, source in self._sources.items() if source.behind]
        return self.reasons() + behind

    def stop_taking(self) -> None:
        """Stop the sources."""
        for source in self._sources.values():
            source.stop()

    async def drain(self) -> None:
        """Wait until the sources have submitted everything."""
        for taking in self._taking:
            await taking
