"""A frame around what an event is about (ingest/pictures/framing.py): it shows where, and nothing of what is there."""

import numpy as np

from ingest.pictures.background import Tiles
from ingest.pictures.blocks import Stir
from ingest.pictures.framing import draw_frame
from ingest.pictures.work import passed
from tests.support.pictures import decoded

BOX = 0.4, 0.3, 0.5, 0.5
YELLOW = np.array((60, 230, 255))


def around(picture: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is yellow."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - YELLOW).max(axis=2) < 60)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_it_is_around_it_and_within_the_picture() -> None:
    picture = np.zeros((360, 640, 3), np.uint8)
    draw_frame(picture, BOX)
    left, top, right, bottom = around(picture)
    assert 240 <= left < 256 < 320 < right <= 336
    assert 90 <= top < 108 < 180 < bottom <= 198
    assert not picture[108:180, 256:320].any(), "what it is around is left as it was"
    for size in ((360, 640, 3), (2, 3, 3), (1, 1, 3)):
        whole = np.zeros(size, np.uint8)
        draw_frame(whole, (0.0, 0.0, 1.0, 1.0))
        assert whole.any()


def test_its_lines_tell_nothing_of_what_is_behind_them() -> None:
    dark, noise = np.zeros((90, 160, 3), np.uint8), np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    made, other = dark.copy(), noise.copy()
    draw_frame(made, BOX)
    draw_frame(other, BOX)
    drawn = (made != dark).any(axis=2)
    assert np.array_equal(made[drawn], other[drawn])
    assert np.array_equal(other[~drawn], noise[~drawn])


def test_a_picture_is_put_in_blocks_as_it_is_without_a_frame() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (360, 640, 3), np.uint8)
    place: Tiles = np.zeros((45, 80), np.bool_)
    framed, bare = (decoded(passed(picture.copy(), place, Stir(b"seed"), box).jpeg) for box in (BOX, None))
    left, top, right, bottom = around(framed)
    assert 240 <= left < 256 < 320 < right <= 336
    apart = np.abs(framed.astype(int) - bare.astype(int)).max(axis=2)
    assert apart[top + 12 : bottom - 12, left + 12 : right - 12].max() <= 8, "the same blocks within, but for JPEG"
    assert apart[:, : left - 16].max() <= 8
