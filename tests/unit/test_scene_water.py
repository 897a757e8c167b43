"""What water must have around it (analytics/video/scenes/water.py)."""

import numpy as np
import pytest

from analytics.video.scenes.background import Background
from analytics.video.scenes.masks import areas
from analytics.video.scenes.water import CELLS, Water, _Look
from analytics.video.settings import read_settings
from analytics.video.view import View

ROWS, COLUMNS = CELLS[1], CELLS[0]


def judged(apart_around: float = 1.0, edges_away: float = 8.0, top: int = 8, drawn: bool = True) -> float:
    """The score of smooth water over six rows of a floor, which came from the left in 8 s."""
    background = Background()
    view = View(0.0, np.full((90, 160, 3), 120, np.uint8))
    water = Water(background, areas("flood", read_settings({"kinds": ["flood"]})))
    wet = np.zeros((ROWS, COLUMNS), bool)
    wet[top : top + 6, 4:28] = True
    water._lasting[wet] = 1.0
    water._since[wet] = np.tile(np.linspace(9, 1, 24, dtype=np.float32), 6)
    had = np.full(wet.shape, 8.0, np.float32)
    look = _Look(
        np.where(wet, np.float32(20), np.float32(apart_around)),
        np.where(wet, np.float32(1), np.float32(edges_away)),
        had,
        np.full((*wet.shape, 3), 110, np.uint8),
        view,
        background.seen(view),
    )
    return water._judged(wet, np.ones_like(wet), 1.0, look, drawn).score


def test_it_ends_somewhere_and_leaves_the_edges_around_it() -> None:
    assert judged() > 0.8
    assert judged(apart_around=18.0) < 0.3
    assert judged(edges_away=4.0) < 0.3


@pytest.mark.parametrize(("top", "drawn", "found"), [(0, False, False), (0, True, True), (1, False, True)])
def test_what_hangs_from_the_upper_border_is_smoke_unless_somebody_drew_the_ground_there(
    top: int, drawn: bool, found: bool
) -> None:
    assert (judged(top=top, drawn=drawn) > 0.5) == found
