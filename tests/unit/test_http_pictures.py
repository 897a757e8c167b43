"""Pictures of a camera over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devices.cameras.camera_url import parse_url
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import Head, HttpPeer
from hub.words.sentence import Sentence
from ingest.video.http_pictures import pictures


class Trickling:
    """A camera that sends a byte after the other, and never a picture."""

    url, _ = parse_url("rtsp", "http://10.0.0.1/stream")

    def __init__(self, type_: str) -> None:
        self._head = Head(200, {"content-type": type_}, ())

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
