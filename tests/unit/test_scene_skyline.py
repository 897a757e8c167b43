"""A strip is looked at more closely where a sky ends at land, and nowhere else."""

import numpy as np

from analytics.video.scenes.skyline import SIZE, land_of, strip_of

COLUMNS = np.arange(160)


def _under_a_sky(line: np.ndarray) -> np.ndarray:
    """Dark land below a line."""
    texture = np.random.default_rng(3).normal(0, 4, (90, 160))
    grey = np.where(np.arange(90)[:, None] > line[None, :], 90 + texture, 220)
    return grey.astype(np.uint8)


def test_hills_under_a_sky_have_a_strip_around_their_line() -> None:
    strip = strip_of(_under_a_sky(45 + 2 * np.sin(COLUMNS / 12)))
    assert strip is not None
    assert strip.top < 43
    assert strip.bottom > 47
    frame = np.zeros((360, 640, 3), np.uint8)
    assert strip.of(frame).shape == (SIZE[1], 640, 3)
    assert strip.place((0.25, 0.0, 0.5, 1.0)) == (0.25, round(strip.top / 90, 3), 0.5, round(strip.bottom / 90, 3))


def test_roofs_of_many_heights_are_no_skyline() -> None:
    roofs = np.repeat(np.random.default_rng(5).integers(10, 70, 16), 10)
    assert strip_of(_under_a_sky(roofs)) is None


def test_a_room_has_none_nor_has_land_at_the_upper_border() -> None:
    assert strip_of(np.full((90, 160), 120, np.uint8)) is None
    assert strip_of(_under_a_sky(np.full(160, 4))) is None


def test_the_land_lies_below_the_line() -> None:
    picture = np.where(np.arange(SIZE[1])[:, None] > 40, 90, np.full(SIZE[0], 230)).astype(np.float32)
    land = land_of(picture)
    assert not land[:38].any()
    assert land[43:].all()
