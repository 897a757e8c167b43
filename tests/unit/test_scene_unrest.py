"""The unrest of all of a picture: a camera that is carried, one that stands, and cuts."""

import numpy as np

from analytics.video.scenes.unrest import Unrest
from analytics.video.view import SMALL, Image


def place(seed: int) -> Image:
    """Blocks of four pixels, wider than the picture."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 200, (SMALL[1] // 4 + 1, SMALL[0] // 2), np.uint8)
    made: Image = np.kron(blocks, np.ones((4, 4), np.uint8))[: SMALL[1]]
    return made


def part(picture: Image, column: int) -> Image:
    """What the camera sees of it."""
    return np.ascontiguousarray(picture[:, column : column + SMALL[0]])


def test_a_camera_that_is_carried_past_a_place_is_and_one_that_stands_is_not() -> None:
    scene, carried, stands = place(1), Unrest(), Unrest()
    for step in range(10):
        carried.seen(part(scene, 3 * step), part(scene, 3 * step + 3), 0.2)
        stands.seen(part(scene, 0), part(scene, 0), 0.2)
    assert carried.carried == 1
    assert stands.carried == 0


def test_light_that_a_fire_throws_over_all_of_it_is_no_unrest() -> None:
    scene, unrest = part(place(1), 0), Unrest()
    for step in range(10):
        unrest.seen(scene + np.uint8(20 * (step % 2)), scene + np.uint8(20 * ((step + 1) % 2)), 0.2)
    assert unrest.carried == 0


def test_a_cut_is_told_and_a_camera_that_pans_is_none() -> None:
    scene, unrest = place(1), Unrest()
    assert not unrest.seen(part(scene, 0), part(scene, 2), 0.2)
    assert unrest.seen(part(scene, 0), part(place(2), 0), 0.2)
