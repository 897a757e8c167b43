"""A faint plume at a skyline is told from what drifts, stops, steps or turns brighter as a whole."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from analytics.video.scenes.background import Background
from analytics.video.scenes.plume import Plume
from analytics.video.view import SMALL, View

WIDE, HIGH = SMALL
ROWS, COLUMNS = np.mgrid[0:HIGH, 0:WIDE].astype(np.float32)
BEGIN = 12
Paint = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def best(paint: Paint, seconds: int = 28, watched: int = 255) -> float:
    """The highest score of looks once a second at hills under a sky, in which `paint` makes something happen."""
    random = np.random.default_rng(4)
    ground = np.where(50 + 3 * np.sin(COLUMNS / 9) < ROWS, 90 + 8 * random.normal(size=(HIGH, WIDE)), 200.0)
    place = Background()
    plume = Plume(place, np.full((HIGH, WIDE), watched, np.uint8))
    last, most = None, 0.0
    for t in range(seconds):
        grey = paint(ground.copy(), t, random) + random.normal(0, 0.7, ground.shape)
        picture = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
        view = View(float(t), picture, last)
        most = max(most, plume.cue(view).score)
        view.previous, last = None, view
    return most


def rises(levels: float) -> Paint:
    """A plume of so many grey levels that grows by a pixel a second, leans and stirs."""

    def paint(grey: np.ndarray, t: int, random: np.random.Generator) -> np.ndarray:
        up = 50 - ROWS
        wide = 1.5 + 0.25 * np.maximum(up, 0)
        body = np.exp(-(((COLUMNS - 80 - 0.4 * up) / wide) ** 2)) * (up >= 0) * np.clip(t - BEGIN - up, 0, 1)
        folds = cv2.GaussianBlur(random.normal(0, 5, grey.shape), (0, 0), 2)
        plume: np.ndarray = levels * body * (1 + np.clip(folds, -0.6, 0.6))
        return grey + plume if t >= BEGIN else grey

    return paint


def stops(grey: np.ndarray, t: int, _: np.random.Generator) -> np.ndarray:
    """A lorry comes to the skyline and stops there."""
    x = min(10 + 12 * max(t - BEGIN, 0), 80)
    if t >= BEGIN:
        grey[42:52, x : x + 12] = 120
    return grey


def drifts(grey: np.ndarray, t: int, _: np.random.Generator) -> np.ndarray:
    """A cloud crosses the sky."""
    made: np.ndarray = grey + 25 * np.exp(-(((COLUMNS - 6 * (t - BEGIN)) / 12) ** 2 + ((ROWS - 25) / 8) ** 2))
    return made


def lights_up(grey: np.ndarray, t: int, _: np.random.Generator) -> np.ndarray:
    """The sun comes out: the sky grows brighter for half a minute, and the exposure takes a step."""
    made: np.ndarray = grey * (1.0 if t < BEGIN else 1.08) + np.where(ROWS < 50, max(t - BEGIN, 0), 0)
    return made


def dawns(grey: np.ndarray, t: int, _: np.random.Generator) -> np.ndarray:
    """Light that spreads upwards from the skyline as a plume does, but evenly: it never stirs."""
    up = 50 - ROWS
    body = np.exp(-(((COLUMNS - 80) / (2 + 0.4 * np.maximum(up, 0))) ** 2)) * (up >= 0)
    made: np.ndarray = grey + body * np.clip(0.5 * (t - BEGIN - up), 0, 14)
    return made


@pytest.mark.parametrize("levels", [11, -11])
def test_a_plume_that_hardly_differs_from_its_sky_is_found(levels: float) -> None:
    assert best(rises(levels)) >= 0.5


@pytest.mark.parametrize("paint", [stops, drifts, lights_up])
def test_what_does_not_rise_from_a_place_of_its_own_is_none(paint: Paint) -> None:
    assert best(paint) < 0.3


def test_light_that_spreads_as_a_plume_does_but_never_stirs_is_none() -> None:
    assert best(dawns, 42) < 0.3


def test_it_is_nothing_new_where_smoke_is_ignored() -> None:
    assert best(rises(11), watched=0) == 0
