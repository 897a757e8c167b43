"""The processes that read streams: some for all cameras, and a few for streams that have ended another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence
from ingest.video.reader import Reader

WARDS = 4
"""Streams that are read alone at one time; each process is started when it is needed. Further ones wait their turn."""


class Readers:
    """All of a hub."""

    def __init__(self, processes: int, cameras: int, make: Callable[[str, int], Reader] = Reader) -> None:
        self._shared = [make(f"video reader {number + 1}", cameras) for number in range(processes)]
        wards = [make(f"video reader for one, {number + 1}", 1) for number in range(WARDS)]
        self._wards = asyncio.LifoQueue[Reader]()
        for ward in reversed(wards):
            self._wards.put_nowait(ward)
        self._streams = dict.fromkeys(self._shared, 0)
        """Those that wait for their turn to be opened, too."""
        self.all = [*self._shared, *wards] if processes else []

    @asynccontextmanager
    async def one(self, *, alone: bool) -> AsyncIterator[Reader]:
        """One with room for a stream. CameraFailed when there is none."""
        if alone:
            ward = await self._wards.get()
            try:
                yield ward
            finally:
                self._wards.put_nowait(ward)
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
