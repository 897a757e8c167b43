"""Faults of the picture: each is found on a street that is made up, as itself; and no weather is a fault.

Two frames a second are enough for the diagnosis, which looks at one. Real clips: ./run bench video.
"""

from collections.abc import Iterable

import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.finding import Finding
from analytics.video.settings import VideoSettings
from analytics.video.view import Image
from tests.support.video_faults import FAULTS, faulty
from tests.support.video_scenes import Frames, still
from tests.support.video_weather import WEATHERS

BEGIN = 10.0


def thinned(frames: Frames) -> Frames:
    """The first two frames of each second: what is between them tells nothing."""
    return ((t, frame) for t, frame in frames if t % 1 < 0.3)


def active(frames: Iterable[tuple[float, Image]]) -> list[Finding]:
    analysis = CameraAnalysis(VideoSettings())
    return [found for t, frame in frames for found in analysis.see(t, frame) if found.state == "active"]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_found_as_itself(kind: str) -> None:
    found = active(faulty(thinned(still(19)), kind, 1, BEGIN, seed=1))
    assert [one.kind for one in found] == [kind]
    assert BEGIN < found[0].t <= BEGIN + 8
    assert found[0].cues


@pytest.mark.heavy
@pytest.mark.parametrize("weather", WEATHERS)
def test_weather_is_no_fault(weather: str) -> None:
    seconds = 130 if weather == "infrared" else 60
    assert active(thinned(WEATHERS[weather](seconds, 7))) == []
