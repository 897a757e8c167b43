"""Follows the stream of alerts of one camera or recorder (Hikvision ISAPI)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from devices.cameras.failure import CameraFailed
from devices.cameras.isapi_service import IsapiService
from devices.codecs.isapi.multipart import Splitter, boundary_of
from hub.words.sentence import Sentence
from ingest.cameras.alerts import Alerts
from ingest.cameras.following import STEADY_S, Following

SILENT_S = 60.0
"""A stream has a heartbeat every 10 s: one that is silent for so long is opened anew."""
PICTURE_S = 0.25
"""How long a document waits for its picture, whose bytes follow at once where there is one."""


class IsapiFollowing(Following):
    """One stream."""

    def __init__(self, name: str, service: IsapiService, alerts: Alerts, opening: asyncio.Semaphore) -> None:
        super().__init__(name, opening)
        self._service, self._alerts = service, alerts

    async def follow(self) -> None:
        """See Following."""
        async with AsyncExitStack() as stack:
            async with self.budget():
                head, blocks = await stack.enter_async_context(self._service.alerts())
            self.opened()
            await self._read(Splitter(boundary_of(head.headers.get("content-type", ""))), blocks)

    async def _read(self, splitter: Splitter, blocks: AsyncIterator[bytes]) -> None:
        """Until the stream ends, which is a failure: it has no end."""
        began = heard = time.monotonic()
        reading: asyncio.Future[bytes] | None = None
        try:
            while True:
                reading = reading or asyncio.ensure_future(_next(blocks))
                held = self._alerts.waits
                await asyncio.wait({reading}, timeout=PICTURE_S if held else SILENT_S)
                now = time.monotonic()
                if not reading.done():
                    if held and not splitter.waits:
                        await self._alerts.flush()
                    elif now - heard > SILENT_S:
                        raise CameraFailed("answer", Sentence("camera.failed.silent", seconds=f"{SILENT_S:g}"))
                    continue
                block, reading, heard = reading.result(), None, now
                if not block:
                    raise CameraFailed("answer", Sentence("camera.failed.ended"))
                self.standing.heard()
                if now - began > STEADY_S:
                    self.steady()
                for part in splitter.feed(block):
                    await self._alerts.take(part)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            await self._alerts.flush()


async def _next(blocks: AsyncIterator[bytes]) -> bytes:
    """The next block; empty at the end."""
    return await anext(blocks, b"")
