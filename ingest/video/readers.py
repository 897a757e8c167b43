"""The processes that read streams: some for all cameras, and one for streams that have ended another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence
from ingest.video.reader import Reader

WARD_S = 60.0
"""A stream that has been read alone for so long without harm is read among others again."""


class Readers:
    """All of a hub."""

    def __init__(self, processes: int, cameras: int, make: Callable[[str, int], Reader] = Reader) -> None:
        self._shared = [make(f"video reader {number + 1}", cameras) for number in range(processes)]
        self._ward = make("video reader for one", 1)
        self._alone = asyncio.Lock()
        self._streams = dict.fromkeys(self._shared, 0)
        """Those that wait for their turn to be opened, too."""
        self.all = [*self._shared, self._ward] if processes else []

    @asynccontextmanager
    async def one(self, *, alone: bool) -> AsyncIterator[Reader]:
        """One with room for a stream. CameraFailed when there is none."""
        if alone:
            async with self._alone:
                yield self._ward
            return
        streams = self._streams
        reader = min(self._shared, key=lambda each: streams[each], default=None)
        if reader is None or streams[reader] >= reader.most:
            raise CameraFailed("answer", Sentence("camera.failed.no_room"))
        streams[reader] += 1
        try:
            yield reader
        finally:
            streams[reader] -= 1
