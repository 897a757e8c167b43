"""Pictures of a camera over HTTP: MJPEG, which never ends, or a snapshot that is asked for again and again."""

import asyncio
import time
from collections.abc import AsyncIterator

from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import Head, HttpPeer
from devices.cameras.isapi_service import check_status
from devices.codecs.isapi.multipart import Splitter, boundary_of
from hub.words.sentence import Sentence

SNAPSHOTS = 2.0
"""A camera is asked for no more than so many snapshots a second."""
MAX_PICTURE = 4 << 20


async def pictures(peer: HttpPeer, fps: float, silent_s: float) -> AsyncIterator[bytes]:
    """JPEG after JPEG, without an end. CameraFailed."""
    path = peer.url.path or "/"
    while True:
        began = time.monotonic()
        async with peer.opened("GET", path) as (head, blocks):
            check_status(head.status, path)
            type_ = head.headers.get("content-type", "").lower()
            if type_.startswith("multipart/"):
                async for picture in _parts(head, blocks, silent_s):
                    yield picture
                raise CameraFailed("answer", Sentence("camera.failed.stream_ended"))
            if not type_.startswith(("image/jpeg", "image/jpg", "image/png")):
                told = repr(type_.partition(";")[0][:40])
                raise CameraFailed("path", Sentence("camera.failed.no_pictures", path=path, told=told))
            picture = await _whole(blocks, silent_s)
        yield picture
        await asyncio.sleep(max(0.0, began + 1 / min(fps, SNAPSHOTS) - time.monotonic()))


async def _parts(head: Head, blocks: AsyncIterator[bytes], silent_s: float) -> AsyncIterator[bytes]:
    splitter = Splitter(boundary_of(head.headers.get("content-type", "")))
    while True:
        block = await _next(blocks, silent_s)
        if not block:
            return
        for part in splitter.feed(block):
            if part.is_picture:
                yield part.body


async def _whole(blocks: AsyncIterator[bytes], silent_s: float) -> bytes:
    told = bytearray()
    while block := await _next(blocks, silent_s):
        told += block
        if len(told) > MAX_PICTURE:
            raise CameraFailed("answer", Sentence("camera.failed.long", most=MAX_PICTURE >> 20))
    return bytes(told)


async def _next(blocks: AsyncIterator[bytes], silent_s: float) -> bytes:
    try:
        async with asyncio.timeout(silent_s):
            return await anext(blocks, b"")
    except TimeoutError:
        raise CameraFailed("answer", Sentence("camera.failed.no_frames", seconds=f"{silent_s:g}")) from None
