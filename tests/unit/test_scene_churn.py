"""What a move explains of a change, and what it does not."""

import cv2
import numpy as np

from analytics.video.scenes.churn import churned
from analytics.video.view import Image

GROUND = np.zeros((18, 32), np.bool_)
GROUND[8:16, 4:28] = True


def texture(seed: int) -> Image:
    coarse = np.random.default_rng(seed).integers(30, 220, (22, 40), np.uint8)
    made: Image = cv2.resize(coarse, (160, 90), interpolation=cv2.INTER_LINEAR)
    return made


def test_two_things_that_drive_each_its_own_way_are_explained() -> None:
    before, now = texture(1), texture(1)
    now[45:65], now[65:] = np.roll(before[45:65], 5, axis=1), np.roll(before[65:], -3, axis=1)
    assert churned(now, before, GROUND) < 0.3


def test_what_is_another_with_each_frame_is_not() -> None:
    assert churned(texture(2), texture(1), GROUND) > 0.5


def test_where_nothing_changes_nothing_churns() -> None:
    assert churned(texture(1), texture(1), GROUND) == 0.0
