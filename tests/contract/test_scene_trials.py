"""The events of the scene in trials: hard scenes made by kind and seed (`./run bench video-trials` tells figures)."""

from itertools import takewhile

import cv2
import numpy as np
import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.scenes.flame import Flame
from analytics.video.settings import read_settings
from analytics.video.view import View
from tests.support.scenes import noise
from tests.support.trial import Trial
from tests.support.trials import DANGEROUS, HARMLESS


def told(trial: Trial, seconds: float) -> list[tuple[str, float]]:
    """Kinds and times of what becomes active."""
    analysis = CameraAnalysis(read_settings(dict(trial.settings)))
    found = []
    for t, frame in takewhile(lambda frame: frame[0] < seconds, trial.frames):
        found += analysis.see(t, frame)
    return [(one.kind, one.t) for one in found if one.state == "active"]


@pytest.mark.parametrize(("name", "seed"), [("mast", 3), ("led_wall", 3), ("autumn", 4)])
def test_what_sways_or_shows_films_is_no_flame(name: str, seed: int) -> None:
    assert told(HARMLESS[name](seed, None), 5) == []


def test_a_fire_in_a_poor_stream_is_seen_all_the_time_from_three_seconds_on() -> None:
    made, low, before = DANGEROUS["fire_in_blocks"](2, None), [], None
    flame = Flame(np.full((90, 160), 255, np.uint8))
    for t, frame in takewhile(lambda frame: frame[0] < made.begin + 9, made.frames):
        view = View(t, frame, before)
        score = flame.scores(view)["flame", None].score
        before = View(t, frame)
        if t >= made.begin + 3 and score < 0.5:
            low.append(t)
    assert low == []


def test_wood_that_a_camera_is_carried_past_is_no_flame() -> None:
    rng = np.random.default_rng(1)
    wooden = cv2.GaussianBlur(noise(rng, 130, 220, 10), (0, 0), 2)[:, :, None] > 0.3
    grain, grey = noise(rng, 130, 220, 3)[:, :, None], noise(rng, 130, 220, 3)[:, :, None]
    place = np.where(wooden, [70, 125, 190] + grain * [35, 45, 45], 100 + 40 * grey).astype(np.float32)
    flame, before, high, at = Flame(np.full((90, 160), 255, np.uint8)), None, 0, np.zeros(2)
    for step in range(30):
        at = np.clip(at + rng.normal(0, 3, 2), -18, 18)
        seen = cv2.getRotationMatrix2D((110, 65), 3 * rng.normal(), 1 + 0.1 * np.sin(0.9 * step))
        seen[:, 2] += at - (30, 20)
        frame = cv2.warpAffine(place, seen, (160, 90), borderMode=cv2.BORDER_REFLECT)
        view = View(step / 5, np.clip(frame, 0, 255).astype(np.uint8), before)
        high += flame.scores(view)["flame", None].score >= 0.5
        before = View(view.t, view.bgr)
    assert high <= 2


def test_cars_that_stop_one_after_the_other_are_no_water() -> None:
    assert told(HARMLESS["red_cars"](2, None)._replace(settings={"kinds": ["flood"]}), 17) == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["foliage", "led_wall", "mast", "steam_red", "welding", "headlights"])
def test_what_is_harmless_is_no_flame(name: str) -> None:
    trial = HARMLESS[name](5, None)
    assert [kind for kind, _ in told(trial, trial.seconds) if kind == "flame" and kind not in trial.also] == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["fire_near", "fire_night", "fire_aerial", "fire_white"])
def test_flames_are_found_in_five_seconds(name: str) -> None:
    trial = DANGEROUS[name](5, None)
    flames = [t - trial.begin for kind, t in told(trial, trial.begin + 6) if kind == "flame"]
    assert len(flames) == 1
    assert 0 < flames[0] <= 5
