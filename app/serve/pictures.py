"""The privacy gate for pictures as a part of a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.lifecycle import Part, Phase
from hub.settings import Settings
from ingest.pictures.gate import Gate


class PictureGate(Part):
    """Keeps the processes of the gate; it is closed after the sources, which wait for its answers."""

    phase = Phase.ENGINE

    def __init__(self, settings: Settings) -> None:
        self.gate = Gate(settings.pictures)
        """For sources of cameras: `await gate.passed(camera, jpeg)`."""

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Keep the processes until the end."""
        group.create_task(self.gate.run(), name="pictures")
        yield
