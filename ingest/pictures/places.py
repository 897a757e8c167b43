"""What is kept of cameras' places, so that the first picture after a restart shows them: place alone, and no person."""

import asyncio
import logging
import random
import time

from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

OF_S, KEEP_S = 0.2, 2.0
"""A store that does not answer by then holds no picture up: it is coarse."""
AGAIN_S = 3600.0
"""How often the place of a camera is written, or tried to be: some 50 KB each time."""
WAITING = 256
"""Places of cameras that wait for the store; of the others it is handed over at their next occasion."""
MAX_BYTES = 1 << 20
"""Of a place; three views of two looks each have 0.4 MB before they are compressed."""
CAMERAS = 100_000
AT_ONCE = 2
"""Connections at most that pictures wait with: whoever stores and pages has the others, however slow the store is."""
ALL = 10_000
"""Those of video, which asks when a stream begins, as the pool lets them."""


class Places:
    """Of pictures, or of video: the two see a camera's place in different frames. Errors of the store are logged."""

    def __init__(self, pool: Pool, source: str, at_once: int = ALL) -> None:
        """`at_once`: cameras at most that the store is asked about; others wait for their turn within the same time."""
        self._pool, self._source = pool, source
        self._handed_at: dict[str, float] = {}
        self._waiting: dict[str, bytes] = {}
        self._arrived = asyncio.Event()
        self._asking = asyncio.Semaphore(at_once)

    async def of(self, camera: str) -> bytes:
        """What is kept of a camera's place; empty: nothing, or the store does not answer."""
        try:
            async with asyncio.timeout(OF_S):
                with sorted_errors():
                    async with self._asking, self._pool.connection() as conn:
                        told = {"camera": camera, "source": self._source}
                        found = await (await conn.execute(SQL.place, told)).fetchall()
        except (HubError, TimeoutError) as error:
            log.debug("the place of %s is not known: %s", camera, error)
            return b""
        if found:  # after a restart not all are written at once: each at some time of the hour
            self._handed_at.setdefault(camera, time.monotonic() - AGAIN_S * random.random())  # noqa: S311 no secret
        return bytes(found[0][0]) if found else b""

    def keep(self, camera: str, place: bytes) -> None:
        """Hand over what is place now, for `run`: once an hour, whether the store takes it or not; the newest alone."""
        now = time.monotonic()
        if len(place) > MAX_BYTES:
            return
        if camera not in self._waiting:
            if now - self._handed_at.get(camera, -AGAIN_S) < AGAIN_S or len(self._waiting) >= WAITING:
                return
            if len(self._handed_at) >= CAMERAS:
                self._handed_at.clear()
            self._handed_at[camera] = now
        self._waiting[camera] = place
        self._arrived.set()

    async def run(self) -> None:
        """Write what is handed over, one after the other, until cancelled: beside pictures and alarms."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                camera = next(iter(self._waiting))
                await self.write(camera, self._waiting.pop(camera))

    async def write(self, camera: str, place: bytes) -> None:
        """Write what is place now; of what is no device in use nothing is kept."""
        try:
            async with asyncio.timeout(KEEP_S):
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await conn.execute(SQL.keep, {"camera": camera, "source": self._source, "place": place})
        except (HubError, TimeoutError) as error:
            log.debug("the place of %s is not kept: %s", camera, error)
