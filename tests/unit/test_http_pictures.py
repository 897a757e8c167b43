"""Pictures of a camera over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devices.cameras.camera_url import parse_url
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import Head, HttpPeer, _chunks
from hub.words.sentence import Sentence
from ingest.video.http_pictures import pictures


class Trickling:
    """A camera that sends a byte after the other, and never a picture."""

    url, _ = parse_url("rtsp", "http://10.0.0.1/stream")

    def __init__(self, type_: str, status: int = 200) -> None:
        self._head = Head(status, {"content-type": type_}, ())

    @asynccontextmanager
    async def opened(self, _method: str, _path: str) -> AsyncIterator[tuple[Head, AsyncIterator[bytes]]]:
        """Its answer."""
        yield self._head, self._blocks()

    async def _blocks(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b"\xff"


@pytest.mark.parametrize("type_", ["multipart/x-mixed-replace; boundary=b", "image/jpeg"])
async def test_a_picture_that_trickles_without_an_end_is_given_up(type_: str) -> None:
    waiting = anext(pictures(cast("HttpPeer", Trickling(type_)), 5.0, 0.04))
    with pytest.raises(CameraFailed) as failed:
        await asyncio.wait_for(waiting, 5)
    assert isinstance(failed.value.sentence, Sentence)
    assert failed.value.sentence.key == "camera.failed.no_frames"


async def test_a_camera_that_sends_the_hub_elsewhere_is_told_so() -> None:
    with pytest.raises(CameraFailed) as failed:
        await anext(pictures(cast("HttpPeer", Trickling("text/html", 302)), 5.0, 1.0))
    assert failed.value.sentence == Sentence("camera.failed.redirect", path="/stream")


@pytest.mark.parametrize("told", [b"-1", b"+1", b"0x1", b"1_0", b"", b"\xff", b"123456789"])
async def test_a_chunk_without_a_size_ends_an_answer(told: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data((told + b"\r\n\r\n") * 9)
    reader.feed_eof()
    with pytest.raises(ValueError, match="a chunk without a size"):
        await anext(_chunks(reader))
