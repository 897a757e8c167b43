"""A stream that breaks its decoder ends the process that reads it: it is read alone then, and the others go on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.cameras.camera_url import parse_url
from hub.access.outgoing import Outgoing
from hub.children import Limits
from hub.clip import Clip
from hub.limit_settings import Outgoing as Listed
from hub.models import Origin
from hub.picture import Picture
from hub.settings import Settings
from hub.video_settings import Video
from hub.words.sentence import Sentence
from ingest.cameras.connections import Wanted
from ingest.video import reader as readers_of
from ingest.video.findings import Findings
from ingest.video.following import VideoFollowing
from ingest.video.messages import OpenFile, Up
from ingest.video.reader import Reader, ReaderEnded
from ingest.video.readers import Readers
from simulator.cameras.rtsp import RtspCamera, clip
from tests.integration.test_video_reader import Followed, running, stream
from tests.support.bad_decoder import ABORT, EAT, HANG
from tests.support.http_camera import HttpCamera
from tests.support.raw_avi import raw_avi

BAD_CHILD = (sys.executable, "-m", "tests.support.bad_decoder")
LIMITS = Limits(memory_bytes=2 << 30, file_bytes=0)
PATIENCE_S = 180.0


async def put(origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None) -> None:
    """Nothing is stored here."""


def note(_picture: Picture) -> None:
    raise AssertionError("a finding, though nothing is to be found")


def following(name: str, url: str, readers: Readers) -> VideoFollowing:
    """As the hub follows a camera."""
    outgoing = Outgoing(Settings(outgoing=Listed(camera=("127.0.0.0/8",))))
    findings = Findings(Origin("video", name, name, "frame", protocol="video"), put, note)
    parsed, _ = parse_url("rtsp", url)
    wanted = Wanted(name, "rtsp", parsed.shown, None, datetime.now(UTC), (), name, {"kinds": []})
    return VideoFollowing(wanted, parsed, None, findings, readers, outgoing, Video(silent_s=15), asyncio.Semaphore(9))


@asynccontextmanager
async def kept(readers: Readers, *followed: VideoFollowing) -> AsyncIterator[None]:
    """They are followed, again and again."""
    tasks = [asyncio.create_task(each.run()) for each in readers.all]
    tasks += [asyncio.create_task(each.run()) for each in followed]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: object, what: str) -> None:
    """It holds."""
    assert callable(condition)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 what others do tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not in {PATIENCE_S:g} s: {what}") from None


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param(ABORT, id="abort"),
        pytest.param(HANG, id="hang", marks=pytest.mark.heavy),
        pytest.param(EAT, id="eat", marks=pytest.mark.heavy),
    ],
)
async def test_a_stream_that_breaks_its_decoder_is_read_alone_and_the_others_go_on(
    breaks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers_of, "HANGS_S", 4.0)
    readers = Readers(1, 8, lambda name, most: Reader(name, most, BAD_CHILD, LIMITS))
    shared, *wards = readers.all

    def ended_alone() -> int:
        """In any ward: where a picture of the good one was being read, too, it may have been given the first."""
        return sum(each.restarts for each in wards)

    with HttpCamera() as good_camera, HttpCamera() as bad_camera:
        good = following("good", good_camera.url(), readers)
        bad = following("bad", bad_camera.url("snapshot"), readers)
        async with kept(readers, good, bad):
            await until(lambda: good.shown and bad.shown, "both are read")
            assert (shared.restarts, [each.pid for each in wards]) == (0, [None] * len(wards))
            bad_camera.show = lambda _number: breaks
            await until(lambda: bad.standing.state == "down", "the bad one is reported")
            assert bad.standing.error == Sentence("camera.failed.crashed")
            await until(lambda: good.shown and good.opened_times == 2, "the good one is read again")
            await until(lambda: ended_alone() == 1, "the bad one is read alone, and ends nothing but itself")
            assert bad.standing.error == Sentence("camera.failed.crashed")
            assert (shared.restarts, good.opened_times) == (1, 2)
            assert good.shown is not None
            bad_camera.show = good_camera.show
            await until(lambda: bad.standing.state == "up", "once it sends pictures again, it is up")


async def test_a_file_that_ends_its_process_is_named_and_a_stream_beside_it_comes_again(tmp_path: Path) -> None:
    (tmp_path / "raw.avi").write_bytes(raw_avi())
    async with RtspCamera(clip("street.h264")) as camera, running() as reader:
        beside = Followed(reader, stream(camera))
        await beside.until(Up)
        ends = {}
        for name, followed in (("raw", Followed(reader, OpenFile(0, str(tmp_path / "raw.avi")))), ("beside", beside)):
            with pytest.raises(ReaderEnded) as ended:
                await followed.ended()
            ends[name] = ended.value.guilty
        assert ends["raw"], "this version of OpenCV ends at it"
        again = Followed(reader, stream(camera))
        await again.until(Up)
        again.task.cancel()
        await asyncio.gather(again.task, return_exceptions=True)
