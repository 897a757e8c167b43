"""Windows of time hold by the clock where a camera is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.finding import Cue
from analytics.video.settings import read_settings
from analytics.video.view import View
from app.video.looking import Looking
from devices.cameras.camera_url import parse_url
from hub.video_settings import Video
from ingest.cameras.connections import Wanted
from ingest.video.following import VideoFollowing
from tests.support.video_scenes import place

SETTINGS = read_settings({})


class Times:
    """A detector that keeps the time of day it is told."""

    name, kinds = "times", ("black",)

    def __init__(self) -> None:
        self.told: list[datetime | None] = []

    def scores(self, view: View) -> dict[tuple[str, str | None], Cue]:
        """Nothing."""
        self.told.append(view.when)
        return {}


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    """In place of all detectors."""
    kept = Times()
    monkeypatch.setattr("analytics.video.camera.detectors", lambda *_: [kept])
    return kept


def test_the_clock_is_asked_at_each_frame(times: Times) -> None:
    hours = iter(range(24))
    analysis = CameraAnalysis(SETTINGS, lambda: datetime(2026, 3, 29, next(hours), tzinfo=UTC))
    for t in (5e6, 5e6 + 1, 0.0):
        analysis.see(t, place())
    assert [when and when.hour for when in times.told] == [0, 1, 2]


@pytest.mark.parametrize(("zone", "ahead"), [("Asia/Shanghai", timedelta(hours=8)), ("UTC", timedelta(0)), ("", None)])
def test_it_is_that_of_the_camera(times: Times, zone: str, ahead: timedelta | None) -> None:
    Looking(0, SETTINGS, 5.0, lambda _report: None, None, zone).see(0.0, place())
    (when,) = times.told
    assert (when and when.utcoffset()) == ahead
    assert when is None or abs(datetime.now(UTC) - when) < timedelta(minutes=5)


def test_the_zone_of_the_device_goes_to_the_process_that_looks() -> None:
    url, _ = parse_url("rtsp", "rtsp://10.0.0.1/1")
    wanted = Wanted("cam", "rtsp", url.shown, None, datetime.now(UTC), (), "cam", None, "Asia/Urumqi")
    nobody = cast("Any", None)
    following = VideoFollowing(wanted, url, None, nobody, nobody, nobody, Video(), asyncio.Semaphore())
    assert following._open(3, []).zone == "Asia/Urumqi"
