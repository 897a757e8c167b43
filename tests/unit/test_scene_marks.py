"""Boxes and labels that somebody drew into a picture are told from things, and what is around them is put there."""

import cv2
import numpy as np
import pytest

from analytics.video.scenes.marks import marks, without

SIZE = 320, 64
GREEN, RED, YELLOW, MAGENTA = (10, 225, 120), (30, 30, 235), (20, 220, 245), (230, 20, 230)


def _land() -> np.ndarray:
    """A sky over hills, 640 x 128."""
    grey = np.where(np.arange(128)[:, None] < 70, 240.0, 100.0) + np.random.default_rng(1).normal(0, 3, (128, 640))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _grey(picture: np.ndarray) -> np.ndarray:
    grey: np.ndarray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return grey


@pytest.mark.parametrize("colour", [GREEN, RED, YELLOW, MAGENTA])
@pytest.mark.parametrize("thick", [1, 3])
def test_a_box_with_a_label_leaves_nothing_of_itself(colour: tuple[int, int, int], thick: int) -> None:
    bare = _land()
    drawn = bare.copy()
    cv2.rectangle(drawn, (200, 40), (330, 100), colour, thick)
    cv2.rectangle(drawn, (200, 32), (250, 39), colour, -1)
    cv2.putText(drawn, "smoke 65%", (202, 38), cv2.FONT_HERSHEY_SIMPLEX, 0.25, (0, 0, 0), 1)
    found = marks(drawn)
    assert found is not None
    apart = cv2.absdiff(without(_grey(drawn), found, SIZE), without(_grey(bare), None, SIZE))
    assert np.percentile(apart, 99.5) < 12 < np.percentile(cv2.absdiff(_grey(drawn), _grey(bare)), 99.5)


def test_a_red_lorry_and_its_rear_lights_are_things() -> None:
    picture = _land()
    cv2.rectangle(picture, (200, 60), (260, 100), RED, -1)
    cv2.rectangle(picture, (400, 90), (406, 94), RED, -1)
    assert marks(picture) is None


def test_a_picture_without_marks_has_none() -> None:
    assert marks(_land()) is None
