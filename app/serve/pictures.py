"""The privacy gate for pictures as a part of a process, and what stands before its engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.serve.sources import Engine
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.pool import Pool
from hub.telemetry import Counters
from ingest.pictures.embedded import GatedSink
from ingest.pictures.gate import Gate
from ingest.pictures.places import AT_ONCE, Places

WARM_S = 5.0
"""After which the processes are started, if no picture has come before: they do not slow the start of the hub."""


class PictureGate(Part):
    """Keeps the processes of the gate; it is closed after the sources, which wait for its answers."""

    phase = Phase.ENGINE

    def __init__(self, settings: Settings, counters: Counters, pool: Pool | None = None) -> None:
        """Without a pool nothing is known of places after a restart."""
        self.gate = Gate(settings.pictures, places=None if pool is None else Places(pool, "picture", AT_ONCE))
        """For sources of cameras: `await gate.passed(camera, jpeg)`."""
        counters.pictures = self.gate.outcomes

    def guard(self, engine: Engine) -> None:
        """Let the pictures in what devices send to an engine pass the gate first."""
        engine.gated = GatedSink(engine.sink, self.gate)

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Keep the processes until the end."""
        group.create_task(self.gate.run(), name="pictures")
        asyncio.get_running_loop().call_later(WARM_S, self.gate.warm)
        yield
