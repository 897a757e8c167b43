"""How the stream of one camera is opened again and again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from devices.cameras.camera_url import parse_url
from devices.cameras.failure import CameraFailed
from hub.access.outgoing import Outgoing
from hub.video_settings import Video
from ingest.cameras.connections import Wanted
from ingest.video import following as followings
from ingest.video.findings import Findings
from ingest.video.following import VideoFollowing
from ingest.video.messages import Ended, Figures, Open, Pace, Report, Up, ended
from ingest.video.reader import Reader
from ingest.video.readers import Readers

URL, _ = parse_url("rtsp", "rtsp://127.0.0.1:5554/1")


class Stream:
    """A child that shows a stream for so many seconds, of which it takes all there is."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 100.0
        self.opened: list[Open] = []
        self.slowed_to: Pace | None = None

    def monotonic(self) -> float:
        return self.now

    @asynccontextmanager
    async def one(self, *, alone: bool) -> AsyncIterator["Stream"]:
        assert not alone
        yield self

    async def follow(self, wanted: Callable[[int], Open], take: Callable[[Report], Awaitable[None]]) -> Ended:
        self.opened.append(wanted(0))
        await take(Up(0, "h264", 640, 360))
        self.now += self.seconds
        await take(Figures(0, self.seconds, self.seconds, 1, 1, 1, 0, {}))
        if self.slowed_to is not None:
            await self.each.set_pace(self.slowed_to)
        return ended(0, "answer", "gone")

    async def pace(self, _slot: int, _pace: Pace) -> None:
        """It is told."""

    async def addresses(self, *_: object) -> list[str]:
        return ["127.0.0.1"]

    async def shown(self) -> None:
        """Of its findings."""

    def closed(self) -> None:
        """Of its findings."""

    each: VideoFollowing


def _followed(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> VideoFollowing:
    return followed_at(URL.shown, stream, cast("Outgoing", stream), monkeypatch)


def followed_at(told: str, stream: Stream, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch) -> VideoFollowing:
    """As the hub follows the camera at a URL."""
    monkeypatch.setattr(followings, "time", stream)
    url, _ = parse_url("rtsp", told)
    wanted = Wanted("c", "rtsp", url.shown, None, datetime.now(UTC), (), "c", {"kinds": []})
    findings = cast("Findings", SimpleNamespace(shown=stream.shown, closed=stream.closed, clips={}))
    stream.each = VideoFollowing(
        wanted, url, None, findings, cast("Readers", stream), outgoing, Video(),
        asyncio.Semaphore(9),
    )  # fmt: skip
    return stream.each


@pytest.mark.parametrize(("seconds", "soon"), [(15.0, False), (25.0, True)])
async def test_only_a_stream_that_has_lasted_is_opened_again_soon(
    seconds: float, soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(seconds)
    each = _followed(stream, monkeypatch)
    for _ in range(6):
        with pytest.raises(CameraFailed):
            await each.follow()
        wait_s = each._backoff.next_s()
    assert (wait_s <= 2) is soon, "one that shows a frame and hangs up is called less and less often"


async def test_what_a_stream_takes_is_guessed_from_its_pace_until_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(15.0)
    each = _followed(stream, monkeypatch)
    assert each.load is None, "nothing is known yet"
    each._reader, each.figures = cast("Reader", stream), Figures(0, 10.0, 2.0, 1, 1, 1, 0, {})
    assert each.load is not None
    assert (each.load.cpu, each.load.is_guess) == (pytest.approx(0.2), False)
    await each.set_pace(Pace.HALF)
    assert (each.load.cpu, each.load.is_guess) == (pytest.approx(0.12), True)
    await each.set_pace(Pace.KEYS)
    assert (each.load.cpu, each.load.pace) == (pytest.approx(0.024), Pace.KEYS)


async def test_a_stream_that_breaks_off_is_opened_again_at_the_pace_it_was_slowed_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Stream(5.0)
    each = _followed(stream, monkeypatch)
    for pace in (Pace.KEYS, Pace.SPARSE, None):
        stream.slowed_to = pace
        with pytest.raises(CameraFailed):
            await each.follow()
    assert [told.pace for told in stream.opened] == [Pace.FULL, Pace.KEYS, Pace.SPARSE]
