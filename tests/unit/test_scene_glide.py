"""A picture that has moved as a whole is told from one in which something moves."""

import cv2
import numpy as np
import pytest

from analytics.video.scenes.glide import Glide, shifted
from analytics.video.view import Image
from tests.support.scenes import noise

LAND = np.clip(120 + 30 * noise(np.random.default_rng(3), 520, 880, 16), 0, 255).astype(np.uint8)


def _from(columns: float, rows: float) -> Image:
    """What a camera sees of it; quarters of pixels count."""
    x, y = round(4 * (30 + columns)), round(4 * (20 + rows))
    seen: Image = cv2.resize(LAND[y : y + 360, x : x + 640], (160, 90), interpolation=cv2.INTER_AREA)
    return seen


def test_a_camera_that_glides_is_followed() -> None:
    assert Glide().seen(_from(4, 2), _from(0, 0)) == (4, 2)
    assert Glide().seen(_from(0, 0), _from(6, 4)) == (-6, -4)


def test_parts_of_pixels_are_known_and_kept_until_they_are_a_whole_one() -> None:
    glide, followed = Glide(), np.zeros(2)
    for frame in range(8):
        followed += glide.seen(_from(0.75 * frame, 0.5 * frame), _from(0.75 * (frame + 1), 0.5 * (frame + 1)))
        assert glide.exact == pytest.approx((-0.75, -0.5), abs=0.15)
    assert followed.tolist() == pytest.approx([-6, -4], abs=1)


def test_something_that_moves_before_a_place_that_stands_moves_nothing() -> None:
    before, now = _from(0, 0), _from(0, 0)
    before[30:80, 20:80], now[30:80, 40:100] = LAND[:50, :60], LAND[:50, :60]
    assert Glide().seen(before, now) == (0, 0)


def test_what_is_another_picture_or_the_same_has_not_moved() -> None:
    other = np.clip(120 + 30 * noise(np.random.default_rng(4), 90, 160, 4), 0, 255).astype(np.uint8)
    assert Glide().seen(_from(0, 0), other) == (0, 0)
    assert Glide().seen(_from(0, 0), _from(0, 0)) == (0, 0)


def test_what_was_learned_of_a_spot_moves_with_it() -> None:
    spot = np.zeros((90, 160), np.float32)
    spot[40, 50] = 7
    assert np.argwhere(shifted(spot, 3, -2)).tolist() == [[38, 53]]
