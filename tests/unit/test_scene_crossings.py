"""Counting what crosses a line."""

import numpy as np
import pytest

from analytics.video.finding import Cue
from analytics.video.scenes.background import Background
from analytics.video.scenes.crossings import MOST, Crossings, _runs
from analytics.video.settings import Line
from analytics.video.view import View


@pytest.mark.parametrize(
    ("on", "runs"),
    [("0000", []), ("0110", [(1, 3)]), ("0100", []), ("11011", [(0, 5)]), ("1100011", [(0, 2), (5, 7)])],
)
def test_stretches_of_a_line(on: str, runs: list[tuple[int, int]]) -> None:
    assert _runs(np.array([one == "1" for one in on])) == runs


def crossed(xs: list[float | None]) -> list[Cue]:
    """The crossings that a thing of 20 x 12 pixels makes that is at these places from frame to frame."""
    crossings = Crossings(Background(), [Line(name="l", begin=(0.5, 1), end=(0.5, 0), event=True)])
    last, found = None, list[Cue]()
    for number, x in enumerate([None] * 20 + xs + [None] * 4):
        frame = np.full((90, 160, 3), 90, np.uint8)
        if x is not None:
            frame[40:52, max(int(x) - 10, 0) : max(int(x) + 10, 0)] = 220
        view = View(number / 5, frame, last)
        found += (cue for cue in crossings.scores(view).values() if cue.score > 0)
        view.previous, last = None, view
    return found


def test_through_and_back_to_where_it_came_from() -> None:
    (cue,) = crossed([40, 52, 64, 76, 88, 100, 112])
    assert cue.box is not None
    left, top, right, bottom = cue.box
    assert left < 0.5 < right < left + 0.1
    assert (top, bottom) == pytest.approx((40 / 90, 52 / 90), abs=0.02)
    assert not crossed([40, 52, 64, 68, 64, 52, 40])


def test_what_waits_before_a_line_does_not_cross_it() -> None:
    assert not crossed([40, 50, 58, 58, 58, 58, 50, 40])


def test_stretches_are_bounded() -> None:
    assert MOST <= 64
