"""Pictures of a camera over HTTP: MJPEG, which never ends, or a snapshot that is asked for again and again."""

import asyncio
import time
from collections.abc import AsyncIterator

from devices.cameras.camera_url import masked
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import Head, HttpPeer
from devices.cameras.isapi_service import check_status
from devices.codecs.isapi.multipart import Splitter, boundary_of
from hub.words.sentence import Sentence
from ingest.video.toll import Toll

SNAPSHOTS = 2.0
"""A camera is asked for no more than so many snapshots a second."""
MAX_PICTURE = 4 << 20
BLOCK_MESSAGES = 2
"""What a block of a body costs, in messages: chunks have lines of their own."""
PICTURE_TIMES = 2
"""A picture may take so many times as long as silence, however its bytes come."""


async def pictures(peer: HttpPeer, fps: float, silent_s: float, toll: Toll | None = None) -> AsyncIterator[bytes]:
    """JPEG after JPEG, without an end. CameraFailed."""
    toll = toll or Toll()
    path = peer.url.path or "/"
    while True:
        began = time.monotonic()
        async with peer.opened("GET", path) as (head, blocks):
            if 300 <= head.status < 400:
                raise CameraFailed("path", Sentence("camera.failed.redirect", path=masked(path)))
            check_status(head.status, path)
            type_ = head.headers.get("content-type", "").lower()
            if type_.startswith("multipart/"):
                async for picture in _parts(head, blocks, silent_s, toll):
                    yield picture
                raise CameraFailed("answer", Sentence("camera.failed.stream_ended"))
            if not type_.startswith(("image/jpeg", "image/jpg", "image/png")):
                told = repr(type_.partition(";")[0][:40])
                raise CameraFailed("path", Sentence("camera.failed.no_pictures", path=masked(path), told=told))
            picture = await _whole(blocks, silent_s, toll)
        yield picture
        await asyncio.sleep(max(0.0, began + 1 / min(fps, SNAPSHOTS) - time.monotonic()))


async def _parts(head: Head, blocks: AsyncIterator[bytes], silent_s: float, toll: Toll) -> AsyncIterator[bytes]:
    splitter = Splitter(boundary_of(head.headers.get("content-type", "")))
    waited = _Waited(silent_s)
    while block := await waited.next(blocks):
        began = time.thread_time()
        parts = splitter.feed(block)
        worked_s = time.thread_time() - began
        for part in parts:
            if part.is_picture:
                yield part.body
                waited = _Waited(silent_s)
        if wait_s := toll.wait_s(BLOCK_MESSAGES, len(block), worked_s):
            await asyncio.sleep(wait_s)


async def _whole(blocks: AsyncIterator[bytes], silent_s: float, toll: Toll) -> bytes:
    told, waited = bytearray(), _Waited(silent_s)
    while block := await waited.next(blocks):
        told += block
        if wait_s := toll.wait_s(BLOCK_MESSAGES, len(block)):
            await asyncio.sleep(wait_s)
        if len(told) > MAX_PICTURE:
            raise CameraFailed("answer", Sentence("camera.failed.long", most=MAX_PICTURE >> 20))
    return bytes(told)


class _Waited:
    """How long a picture is waited for."""

    def __init__(self, silent_s: float) -> None:
        self._silent_s, self._until = silent_s, time.monotonic() + PICTURE_TIMES * silent_s

    async def next(self, blocks: AsyncIterator[bytes]) -> bytes:
        """What comes of it; b"" at the end. CameraFailed when it is late."""
        if time.monotonic() > self._until:
            raise _no_frames(PICTURE_TIMES * self._silent_s)
        try:
            async with asyncio.timeout(self._silent_s):
                return await anext(blocks, b"")
        except TimeoutError:
            raise _no_frames(self._silent_s) from None


def _no_frames(seconds: float) -> CameraFailed:
    return CameraFailed("answer", Sentence("camera.failed.no_frames", seconds=f"{seconds:g}"))
