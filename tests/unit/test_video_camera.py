"""Frames in, findings out."""

import numpy as np
import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.settings import VideoSettings
from analytics.video.view import Image
from tests.support.video_scenes import place, seen


def test_a_capped_lens_is_told_once_and_its_end() -> None:
    analysis, found = CameraAnalysis(VideoSettings()), []
    for number in range(60):
        dark = 10 <= number < 30
        found += analysis.see(number / 2, seen(place() // (20 if dark else 1), number))
    assert [(one.kind, one.state, one.zone) for one in found] == [("black", "active", None), ("black", "ended", None)]
    assert 5 <= found[0].t <= 9
    assert 15 <= found[1].t <= 20
    assert found[0].cues["dark"] > 0.5


def test_a_stream_without_frames_is_a_signal_that_is_lost() -> None:
    analysis, found = CameraAnalysis(VideoSettings()), []
    for number in range(30):
        found += analysis.see(float(number), None if 5 <= number < 15 else seen(place(), number))
    assert [(one.kind, one.state, one.cues.get("no_frame")) for one in found] == [
        ("signal_loss", "active", 1.0),
        ("signal_loss", "ended", None),
    ]


def test_what_is_not_asked_for_is_not_told() -> None:
    analysis = CameraAnalysis(VideoSettings(kinds=frozenset({"freeze"})))
    assert [one for number in range(20) for one in analysis.see(number, None)] == []


def test_cost_is_counted_by_detector() -> None:
    analysis = CameraAnalysis(VideoSettings())
    analysis.see(0.0, np.zeros((1080, 1920, 3), np.uint8))
    assert analysis.cost["quality"] > 0
    assert analysis.cost["reduce"] > 0


@pytest.mark.parametrize(
    "frame", [np.zeros((0, 3, 3), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros(9, np.uint8)]
)
def test_what_is_no_frame_is_refused(frame: Image) -> None:
    with pytest.raises(ValueError, match="frame"):
        CameraAnalysis(VideoSettings()).see(0.0, frame)


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no time"):
        CameraAnalysis(VideoSettings()).see(float("nan"), place())


def test_what_is_held_does_not_go_on_over_a_jump_of_the_time() -> None:
    analysis, dark = CameraAnalysis(VideoSettings(kinds=frozenset({"black"}))), place() // 30
    found = [one for t in (100.0, 101.0, 300.0, 301.0, 302.0, -5.0, -4.0) for one in analysis.see(t, dark)]
    assert [(one.t, one.state) for one in found] == [(302.0, "active")]
