"""What is no object, whatever stands there (analytics/video/scenes/objects.py)."""

import numpy as np
import pytest

from analytics.video.scenes.background import Background
from analytics.video.scenes.masks import areas
from analytics.video.scenes.objects import Objects
from analytics.video.settings import read_settings
from analytics.video.view import View

EVERYWHERE = [[0, 0], [1, 0], [1, 1], [0, 1]]
SETTINGS = {"zones": [{"name": "here", "kinds": ["object_left"], "polygon": EVERYWHERE, "after_s": 5}]}


@pytest.mark.parametrize(("x", "y", "found"), [(40, 40, True), (0, 40, False), (152, 40, False), (40, 0, False)])
def test_what_the_border_of_the_picture_cuts_is_none(x: int, y: int, found: bool) -> None:
    background, last, best = Background(), None, 0.0
    objects = Objects(background, areas("object_left", read_settings(SETTINGS)), ())
    for number in range(2 * 22):
        frame = np.full((90, 160, 3), 100, np.uint8)
        if number > 2 * 10:
            frame[y : y + 8, x : x + 8] = 200
        view = View(number / 2, frame, last)
        best = max(best, *(cue.score for cue in objects.scores(view).values()), 0.0)
        view.previous, last = None, view
    assert (best > 0.5) == found
