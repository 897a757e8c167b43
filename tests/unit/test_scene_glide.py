"""A picture that has moved as a whole is told from one in which something moves."""

import numpy as np

from analytics.video.scenes.glide import Glide, shifted
from analytics.video.view import Image
from tests.support.scenes import noise

LAND = np.clip(120 + 30 * noise(np.random.default_rng(3), 130, 220, 4), 0, 255).astype(np.uint8)


def _from(columns: int, rows: int) -> Image:
    return np.ascontiguousarray(LAND[20 + rows : 110 + rows, 30 + columns : 190 + columns])


def test_a_camera_that_glides_is_followed() -> None:
    assert Glide().seen(_from(4, 2), _from(0, 0)) == (4, 2)
    assert Glide().seen(_from(0, 0), _from(6, 4)) == (-6, -4)


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
