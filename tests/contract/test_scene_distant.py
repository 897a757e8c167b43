"""Low smoke before far hills is told from the sun on them, from lamps and from clouds; marks around it hide nothing."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from analytics.video.scenes.background import Background
from analytics.video.scenes.distant import Distant
from analytics.video.view import View

ROWS, COLUMNS = np.mgrid[0:360, 0:640].astype(np.float32)
BEGIN = 14
Paint = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
RANDOM = np.random.default_rng(2)
LINE = 180 + 4 * np.sin(COLUMNS / 60)
TEXTURE = cv2.GaussianBlur(RANDOM.normal(0, 120, ROWS.shape), (0, 0), 2).astype(np.float32)
LAND = np.where(LINE + 22 + 5 * np.sin(COLUMNS / 25) < ROWS, 70, 110) + TEXTURE
PLACE = np.where(LINE < ROWS, LAND, 245).astype(np.float32)
GRAIN = [RANDOM.normal(0, 1.5, ROWS.shape).astype(np.float32) for _ in range(3)]


def best(paint: Paint, seconds: int = 30, draw: bool = False, watched: int = 255) -> float:
    """The highest score of looks once a second."""
    random, place = np.random.default_rng(4), Background()
    distant = Distant(place, np.full((90, 160), watched, np.uint8))
    last, most = None, 0.0
    for t in range(seconds):
        grey = paint(PLACE.copy(), t, random) + GRAIN[t % 3]
        picture = cv2.cvtColor(np.clip(grey, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        if draw and t > BEGIN:
            x, y = (int(one) for one in random.integers(-3, 4, 2))
            cv2.rectangle(picture, (290 + x, 165 + y), (370 + 2 * t + x, 205 + y), (10, 225, 120), 2)
        view = View(float(t), picture, last)
        most = max(most, distant.cue(view).score)
        view.previous, last = None, view
    return most


def drifts_low(grey: np.ndarray, t: int, random: np.random.Generator) -> np.ndarray:
    """White smoke that the wind lays down: 4 pixels further each second, and one higher."""
    if t < BEGIN:
        return grey
    along = COLUMNS - 300
    wide = 3 + 0.05 * np.maximum(along, 0)
    body = np.exp(-(((ROWS - 189 + 0.3 * along) / wide) ** 2)) * (along >= 0) * np.clip(4 * (t - BEGIN) - along, 0, 1)
    folds = cv2.GaussianBlur(random.normal(0, 6, grey.shape).astype(np.float32), (0, 0), 3)
    veil = np.clip(0.6 * body * (1 + np.clip(folds, -0.7, 0.7)), 0, 1)
    made: np.ndarray = grey + veil * (235 - grey)
    return made


def sun(grey: np.ndarray, t: int, random: np.random.Generator) -> np.ndarray:
    """A gap in the clouds lights some hills, and passes on."""
    spot = np.exp(-(((COLUMNS - 300 - 4 * (t - BEGIN)) / 40) ** 2) - ((ROWS - 200) / 14) ** 2) * (LINE < ROWS)
    made: np.ndarray = grey * (1 + min(max(t - BEGIN, 0) / 8, 1) * (0.6 + 0.1 * random.normal()) * spot)
    return made


def lamp(grey: np.ndarray, t: int, random: np.random.Generator) -> np.ndarray:
    """One that is switched on, and flickers."""
    halo = np.exp(-(((COLUMNS - 300) / 9) ** 2) - ((ROWS - 196) / 9) ** 2)
    made: np.ndarray = grey + (150 + 40 * random.normal()) * halo * (t >= BEGIN)
    return made


def cloud(grey: np.ndarray, t: int, _: np.random.Generator) -> np.ndarray:
    """One that comes up from behind the hills, darker than the sky."""
    body = np.exp(-(((COLUMNS - 300) / 60) ** 2) - ((ROWS - 190 + 3 * max(t - BEGIN, 0)) / 20) ** 2)
    made: np.ndarray = grey - 70 * body * (LINE >= ROWS) * (t >= BEGIN)
    return made


@pytest.mark.parametrize("draw", [False, True])
def test_low_smoke_is_found_with_and_without_marks_around_it(draw: bool) -> None:
    assert best(drifts_low, draw=draw) >= 0.6


@pytest.mark.parametrize("paint", [sun, lamp, cloud])
def test_what_hides_nothing_is_none(paint: Paint) -> None:
    assert best(paint) < 0.3


def test_it_is_nothing_new_where_smoke_is_ignored() -> None:
    assert best(drifts_low, watched=0) == 0
