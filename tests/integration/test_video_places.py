"""A stream that shows nothing holds no place among others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from analytics.video.settings import VideoSettings
from app.video import threads
from app.video.looking import Looking
from app.video.streams import Streams
from devices.cameras.camera_url import parse_url
from devices.cameras.failure import CameraFailed
from hub.video_settings import Video
from hub.words.sentence import Sentence
from ingest.cameras.connections import Wanted
from ingest.video import following
from ingest.video.following import VideoFollowing
from ingest.video.marks import made
from ingest.video.messages import Open
from ingest.video.rtp import Unit

PATIENCE_S = 20.0


async def test_a_stream_whose_pictures_cannot_be_decoded_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "BLIND_S", 0.1)
    marks, joins = made()
    joins.unlink()
    streams, told = Streams(marks, lambda _report: None), Open(0, "cam", "rtsp://127.0.0.1/", [])
    looking = Looking(0, VideoSettings(), 5.0, lambda _report: None, None)

    async def read() -> None:
        async with asyncio.timeout(PATIENCE_S), streams._running(told, "h264", looking) as put:
            while True:
                put(Unit(b"\0\0\0\1\x65nothing", is_key=True, is_needed=True, size=(640, 360)))
                await asyncio.sleep(0.01)

    with pytest.raises(CameraFailed) as failed:
        await read()
    assert failed.value.sentence == Sentence("camera.failed.decoder")


async def test_a_stream_that_is_not_open_in_time_keeps_no_other_from_being_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "PERMIT_S", 0.05)
    following_ever = asyncio.Event()

    async def follow(*_given: object) -> None:
        following_ever.set()
        await asyncio.Event().wait()

    @asynccontextmanager
    async def one(*, alone: bool) -> AsyncIterator[Any]:
        yield SimpleNamespace(follow=follow)

    async def addresses(*_given: object) -> list[str]:
        return ["127.0.0.1"]

    url, _ = parse_url("rtsp", "rtsp://127.0.0.1/1")
    wanted = Wanted("cam", "rtsp", url.shown, None, datetime.now(UTC), (), "cam")
    findings, readers = cast("Any", SimpleNamespace(closed=lambda: None)), cast("Any", SimpleNamespace(one=one))
    opening = asyncio.Semaphore(1)
    outgoing = cast("Any", SimpleNamespace(addresses=addresses))
    followed = VideoFollowing(wanted, url, None, findings, readers, outgoing, Video(), opening)
    task = asyncio.create_task(followed.follow())
    async with asyncio.timeout(PATIENCE_S):
        await following_ever.wait()
        assert opening.locked()
        await opening.acquire()
    opening.release()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not opening.locked()
