"""Water that bursts in, and what only looks like it, on a tiled floor of 160 x 90 that is watched for water."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from analytics.video.scenes.background import Background
from analytics.video.scenes.masks import areas
from analytics.video.scenes.water import Water
from analytics.video.settings import read_settings
from analytics.video.view import Image, View

BURSTS_S = 5.0


def floor() -> Image:
    picture = np.full((90, 160, 3), 150, np.uint8)
    picture[::9] = picture[:, ::12] = 90
    return picture


def churning(number: int) -> Image:
    """Brown water that is another with each frame, with things in it."""
    chance = np.random.default_rng(number)
    coarse = chance.integers(30, 200, (12, 20, 1), np.uint8).repeat(3, axis=2)
    water: Image = cv2.resize(coarse, (160, 90), interpolation=cv2.INTER_LINEAR)
    for x, y in ((number * 2 % 150, 60), (number * 3 % 150, 75)):
        water[y : y + 8, x : x + 8] = 20, 200, 230
    return water


def bursts_in(t: float, number: int, top: int = 50) -> Image:
    """From the left, in 4 s."""
    picture, far = floor(), int(np.clip((t - BURSTS_S) / 4, 0, 1) * 160)
    picture[top:, :far] = churning(number)[top:, :far]
    return picture


def fills(t: float, number: int) -> Image:
    """The same, darker and over most of the picture: the model of the place begins anew."""
    picture, far = floor(), int(np.clip((t - BURSTS_S) / 4, 0, 1) * 160)
    picture[25:, :far] = churning(number)[25:, :far] // 2
    return picture


def screen(t: float, number: int) -> Image:
    """What is there as a whole."""
    picture = floor()
    if t >= BURSTS_S:
        picture[30:] = churning(number)[30:]
    return picture


def glitter(t: float, number: int) -> Image:
    """Light that comes over the floor and plays on it: the tiles are seen through it."""
    picture, far = floor(), int(np.clip((t - BURSTS_S) / 4, 0, 1) * 160)
    lit = cv2.add(floor(), cv2.resize(churning(number), (160, 90)) // 2)
    picture[30:, :far] = lit[30:, :far]
    return picture


def pushed(t: float, number: int) -> Image:
    """A load that is pushed in and stands there."""
    picture, far = floor(), int(np.clip((t - BURSTS_S) / 4, 0, 1) * 160)
    picture[30:, :far] = churning(1)[30:, 160 - far :]
    return picture


def drives(t: float, number: int) -> Image:
    """A dark train that drives by."""
    picture, far = floor(), int(np.clip((t - BURSTS_S) / 4, 0, 1) * 160)
    picture[30:, :far] = np.roll(churning(1), 3 * number, axis=1)[30:, :far] // 2
    return picture


def scored(made: Callable[[float, int], Image], seconds: int = 14) -> list[float]:
    background, last, scores = Background(), None, []
    water = Water(background, areas("flood", read_settings({"kinds": ["flood"]})))
    for number in range(5 * seconds):
        view = View(number / 5, made(number / 5, number), last, None)
        scores += [cue.score for cue in water.scores(view).values() if "gone" in cue.cues]
        view.previous, last = None, view
    return scores


@pytest.mark.parametrize("made", [bursts_in, fills])
def test_water_that_bursts_in_is_a_torrent_however_much_it_fills(made: Callable[[float, int], Image]) -> None:
    assert max(scored(made)[-3:]) > 0.8


@pytest.mark.parametrize("made", [screen, glitter, pushed, drives])
def test_what_comes_as_a_whole_or_stands_is_none(made: Callable[[float, int], Image]) -> None:
    assert max(scored(made), default=0.0) < 0.5
