"""What every detector of the analysis of video must keep, whatever it looks for."""

import pickle
from collections.abc import Iterable

import numpy as np
import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.detector import Detector, Key
from analytics.video.detectors import ALL
from analytics.video.finding import Cue, Finding
from analytics.video.kinds import KINDS
from analytics.video.settings import Line, VideoSettings, Zone
from analytics.video.view import Image, View, reduced
from tests.support.video_scenes import FPS, place, seen, still

SIDES = ((1, 1), (2, 2), (7, 3), (3, 200), (641, 361), (360, 640), (1919, 1081))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
SETTINGS = VideoSettings(
    kinds=frozenset(KINDS),
    zones=(Zone(name="all", polygon=WHOLE),),
    lines=(Line(name="mid", begin=(0, 0.5), end=(1, 0.5)),),
)
GAINS = (1.0, 1.0, 1.0, 0.8, 1.0, 1.2)
"""Of the light, 6 s each."""
MOST_STATE = 5 << 20
"""Bytes of a camera's state, as pickle writes it: all scenes together have 4.3 MB, the skyline 0.8 MB of them."""


@pytest.fixture(params=sorted(ALL))
def detector(request: pytest.FixtureRequest) -> Detector:
    return ALL[request.param](SETTINGS)


def odd_frames() -> Iterable[tuple[float, Image]]:
    """Sizes that change, plain colours, noise, a picture in grey; each for long enough to be judged."""
    random, t = np.random.default_rng(5), 0.0
    frames = [np.zeros((height, width, 3), np.uint8) for width, height in SIDES]
    frames += [np.full((360, 640, 3), grey, np.uint8) for grey in (0, 1, 128, 255)]
    frames += [random.integers(0, 256, (height, width, 3), np.uint8) for width, height in SIDES]
    frames += [np.repeat(place()[:, :, :1], 3, axis=2), np.ascontiguousarray(place()[:, ::-1])[::2, ::2]]
    for frame in frames:
        for _ in range(9):
            yield t, frame
            t += 0.4


def told(detector: Detector, frames: Iterable[tuple[float, Image]]) -> list[dict[Key, Cue]]:
    """All scores, frame by frame, as `CameraAnalysis` makes its views."""
    last: View | None = None
    out: list[dict[Key, Cue]] = []
    for t, bgr in frames:
        small = reduced(bgr)
        view = View(t, small, last if last is not None and last.bgr.shape == small.shape else None)
        out.append(dict(detector.scores(view)))
        view.previous, last = None, view
    return out


def test_names_its_kinds(detector: Detector) -> None:
    assert set(detector.kinds) <= set(KINDS)
    assert detector.name in ALL


def test_scores_are_numbers_of_its_kinds_whatever_comes(detector: Detector) -> None:
    for number, scores in enumerate(told(detector, odd_frames())):
        for (kind, _), (score, cues, box) in scores.items():
            assert kind in detector.kinds
            assert 0.0 <= score <= 1.0, (number, kind)
            assert all(np.isfinite(value) for value in cues.values()), (number, kind, cues)
            left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
            assert 0 <= left < right <= 1, (number, kind, box)
            assert 0 <= top < bottom <= 1, (number, kind, box)


def test_frames_are_not_changed(detector: Detector) -> None:
    frames = list(still(3))
    before = [frame.copy() for _, frame in frames]
    told(detector, frames)
    assert all(np.array_equal(frame, kept) for (_, frame), kept in zip(frames, before, strict=True))


def test_the_same_frames_have_the_same_scores(detector: Detector) -> None:
    again = ALL[detector.name](SETTINGS)
    assert told(detector, still(6)) == told(again, still(6))


def test_time_that_goes_back_is_a_new_start_and_no_end(detector: Detector) -> None:
    told(detector, still(4, start=1e6))
    scores = told(detector, still(4, start=-50.0))
    assert any(scores)


def test_state_is_bounded(detector: Detector) -> None:
    told(detector, odd_frames())
    random = np.random.default_rng(1)
    for number in range(40):
        told(detector, [(100 + number / FPS, random.integers(0, 256, (360, 640, 3), np.uint8))])
    assert len(pickle.dumps(detector)) < MOST_STATE


def test_nothing_is_found_where_nothing_happens_and_the_light_changes_by_steps() -> None:
    """By all of them at once. As a camera that regulates its exposure: 20 % darker, then brighter, within a frame."""
    analysis = CameraAnalysis(SETTINGS)
    found: list[Finding] = []
    for number in range(round(6 * len(GAINS) * FPS)):
        gain = GAINS[int(number / FPS / 6)]
        lit = np.clip(place() * gain, 0, 255).astype(np.uint8)
        found += analysis.see(number / FPS, seen(lit, number))
    assert found == []
