"""What is kept of cameras' places, so that the first picture after a restart shows them: place alone, and no person."""

import asyncio
import logging
import time

from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

OF_S, KEEP_S = 0.2, 2.0
"""A store that does not answer by then holds no picture up: it is coarse."""
AGAIN_S = 3600.0
"""How often the place of a camera is written: some 50 KB each time."""
MAX_BYTES = 1 << 20
"""Of a place; three views of two looks each have 0.4 MB before they are compressed."""
CAMERAS = 100_000


class Places:
    """Of pictures, or of video: the two see a camera's place in different frames. Errors of the store are logged."""

    def __init__(self, pool: Pool, source: str) -> None:
        self._pool, self._source = pool, source
        self._kept_at: dict[str, float] = {}

    async def of(self, camera: str) -> bytes:
        """What is kept of a camera's place; empty: nothing, or the store does not answer."""
        try:
            async with asyncio.timeout(OF_S):
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        told = {"camera": camera, "source": self._source}
                        found = await (await conn.execute(SQL.place, told)).fetchall()
        except (HubError, TimeoutError) as error:
            log.debug("the place of %s is not known: %s", camera, error)
            return b""
        return bytes(found[0][0]) if found else b""

    async def keep(self, camera: str, place: bytes) -> None:
        """Keep what is place now, once an hour; of what is no device in use nothing is kept."""
        now = time.monotonic()
        if now - self._kept_at.get(camera, -AGAIN_S) < AGAIN_S or len(place) > MAX_BYTES:
            return
        try:
            async with asyncio.timeout(KEEP_S):
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await conn.execute(SQL.keep, {"camera": camera, "source": self._source, "place": place})
        except (HubError, TimeoutError) as error:
            log.debug("the place of %s is not kept: %s", camera, error)
            return
        if len(self._kept_at) >= CAMERAS:
            self._kept_at.clear()
        self._kept_at[camera] = now
