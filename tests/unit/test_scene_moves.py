"""What moves as it moved before is told from what changes without a way of its own."""

from collections.abc import Callable

import numpy as np
import pytest

from analytics.video.scenes.flicker import Flicker
from analytics.video.scenes.moves import Moves
from analytics.video.scenes.regions import Region
from analytics.video.view import SMALL, Image
from tests.support.scenes import noise

HERE = Region(20 * 30, 60, 30, 30, 20, 75.0, 40.0, np.ones((20, 30), np.bool_))
TEXTURE = 120 + 40 * noise(np.random.default_rng(1), 90, 200, 5)


def _drives(number: int) -> Image:
    return np.clip(TEXTURE[:, 40 - 3 * number : 200 - 3 * number], 0, 255).astype(np.uint8)


def _licks(number: int) -> Image:
    fresh = 120 + 40 * noise(np.random.default_rng(number), *SMALL[::-1], 5)
    return np.clip(fresh, 0, 255).astype(np.uint8)


def _sways(number: int) -> Image:
    aside = 20 + (0, 4, -3, 2, -4, 3, -2, 4)[number % 8]
    return np.clip(TEXTURE[:, aside : aside + 160], 0, 255).astype(np.uint8)


def _explained(red: Callable[[int], Image], frames: int) -> float:
    moves, seen = Moves(), Flicker()
    mask = np.zeros(SMALL[::-1], np.uint8)
    mask[HERE.box] = 255
    for number in range(frames):
        now = red(number)
        colour = np.dstack([now // 8, now // 2, now])
        if not number:
            seen.begin(mask, colour)
            continue
        seen.learn(mask, colour, 0.2)
        moves.learn(slice(28, 52), slice(58, 92), colour, seen, 0.2)
    return moves.explained(HERE)


def test_what_drives_on_is_explained_by_its_move_and_what_changes_anew_is_not() -> None:
    assert _explained(_drives, 8) > 0.7
    assert _explained(_licks, 8) < 0.3


def test_a_move_that_does_not_go_on_explains_nothing() -> None:
    assert _explained(_sways, 8) < 0.45


def test_nothing_is_known_at_the_beginning_nor_after_it() -> None:
    moves = Moves()
    assert moves.explained(HERE) == pytest.approx(0.0)
    assert _explained(_drives, 1) == pytest.approx(0.0)
