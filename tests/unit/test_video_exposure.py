"""Whether a step of the exposure is told from too much light."""

import cv2
import numpy as np
import pytest

from analytics.video.finding import Cue
from analytics.video.quality.exposure import over_exposure
from analytics.video.quality.measures import Measures
from analytics.video.quality.usual import ENOUGH, Usual
from analytics.video.view import View
from tests.support.video_scenes import Image, place


@pytest.fixture(scope="module")
def street() -> Image:
    """Of a mean grey of 100."""
    picture = place()
    return np.asarray(cv2.convertScaleAbs(picture, alpha=100 / float(picture.mean())), np.uint8)


def told(street: Image, gain: float, offset: float) -> tuple[Cue, float]:
    usual = Usual(Measures(View(0.0, street)))
    for _ in range(ENOUGH):
        usual.learn(Measures(View(0.0, street)))
    now = Measures(View(9.0, np.asarray(cv2.convertScaleAbs(street, alpha=gain, beta=offset), np.uint8)))
    return over_exposure(now, usual), now.mean - usual.mean


def test_a_step_of_the_exposure_that_takes_no_contrast_is_none(street: Image) -> None:
    cue, brighter = told(street, 1.55, 0.0)
    assert brighter > 47, "so much is too much light where contrast is lost"
    assert cue.score < 0.45
    assert cue.cues["contrast_kept"] > 0.9


def test_as_much_more_light_as_a_veil_is_too_much(street: Image) -> None:
    cue, brighter = told(street, 1.0, 65.0)
    assert brighter > 55
    assert cue.score >= 0.5
    assert cue.cues["contrast_kept"] < 0.1


def test_white_is_too_much_whatever_is_kept(street: Image) -> None:
    assert told(street, 2.6, 30.0)[0].score > 0.9
