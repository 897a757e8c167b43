"""A diagnosis from two frames, against what was remembered."""

from collections.abc import Mapping
from functools import cache

import cv2
import numpy as np
import pytest

from analytics.video.finding import Cue
from analytics.video.quality.quick import quick
from analytics.video.view import Image
from tests.support.video_faults import FAULTS, Moment
from tests.support.video_scenes import place, seen


@cache
def remembered() -> bytes:
    """After two patrols."""
    return quick(pair(7), quick(pair(1), None)[1])[1]


def pair(number: int) -> list[Image]:
    return [seen(place(), number), seen(place(), number + 1)]


def told(scores: Mapping[str, Cue]) -> set[str]:
    return {kind for kind, cue in scores.items() if cue.score >= 0.5}


def test_a_place_is_remembered_in_a_few_hundred_bytes_and_known_again() -> None:
    assert len(remembered()) < 1000
    scores, again = quick(pair(20), remembered())
    assert told(scores) == set()
    assert len(again) == len(remembered())


@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"freeze", "under_exposure", "over_exposure"}))
def test_a_fault_is_told_and_not_remembered(kind: str) -> None:
    frames = [FAULTS[kind](Moment(frame, frame, number / 5, number, 2, 1)) for number, frame in enumerate(pair(30))]
    scores, reference = quick(frames, remembered())
    assert told(scores) == {kind}
    assert reference == remembered()


@pytest.mark.parametrize(("gain", "kind"), [(0.1, "under_exposure"), (3.0, "over_exposure")])
def test_light_that_hides_the_place_is_told(gain: float, kind: str) -> None:
    frames = [np.clip(frame * gain + (80 if gain > 1 else 8), 0, 255).astype(np.uint8) for frame in pair(40)]
    assert told(quick(frames, remembered())[0]) == {kind}


def test_night_is_another_mode_that_is_remembered_beside_day() -> None:
    grey = [np.repeat(frame[:, :, 1:2] // 2 + 20, 3, axis=2) for frame in pair(50)]
    scores, both = quick(grey, remembered())
    assert told(scores) == set()
    assert len(remembered()) < len(both) < 1500
    assert told(quick(pair(60), both)[0]) == set()


@pytest.mark.parametrize("gain", [0.45, 0.35, 0.25])
def test_a_colour_camera_by_night_is_neither_covered_nor_moved(gain: float) -> None:
    night = [np.clip(frame * (gain * 1.05, gain, gain * 0.9) + 14, 0, 255).astype(np.uint8) for frame in pair(55)]
    assert told(quick(night, remembered())[0]) == set()
    covered = [frame.copy() for frame in night]
    for frame in covered:
        frame[:, : frame.shape[1] // 2] = 20
    assert "occlusion" in told(quick(covered, remembered())[0]), "and what covers half of it is told by night, too"


@pytest.mark.parametrize("size", [(320, 180), (352, 288), (1920, 1080)])
def test_a_camera_whose_resolution_has_changed_shows_the_same_place(size: tuple[int, int]) -> None:
    changed = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in pair(65)]
    assert not told(quick(changed, remembered())[0]) & {"moved", "occlusion"}


@pytest.mark.parametrize("reference", [b"", b"\x00", b"\x01", b"\x01\x01abc", bytes(3000), b"\xff" * 3000])
def test_bytes_that_are_none_of_it_are_no_reference(reference: bytes) -> None:
    assert told(quick(pair(70), reference)[0]) == set()


def test_one_frame_is_enough_and_none_is_not() -> None:
    assert told(quick(pair(80)[:1], remembered())[0]) == set()
    with pytest.raises(ValueError, match="a frame"):
        quick([], None)
