"""No plate is told by a picture to who knows the car, where it stood, and where the blocks are.

Whoever does puts each plate that there could be in the same blocks, and takes the one that is most like what he sees.
"""

import numpy as np
import pytest

from ingest.pictures import blocks
from ingest.pictures.blocks import Stir, boxes_of, put_in_blocks
from tests.integration.test_street_pictures import plate, put
from tests.support.pictures import Array, street

WIDTH, HEIGHT = 640, 360
STREET = street(WIDTH, HEIGHT)
LETTERS = list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789")
RANDOM = np.random.default_rng(4)
PLATES = ["".join(RANDOM.choice(LETTERS, 6)) for _ in range(13)]
GRAIN = [RANDOM.integers(0, 8, STREET.shape, np.uint8) for _ in range(4)]
CAR, ALONE, NEAR = "a car", "a plate on what is place", "a car that fills the picture"


def seen(kind: str, text: str) -> Array:
    """What the camera has sent."""
    picture = STREET.copy()
    if kind == CAR:
        picture[160:300, 200:420] = (70, 60, 150)
        put(picture, plate(text, 110), 255, 255)
    elif kind == ALONE:
        put(picture, plate(text, 200), 200, 240)
    else:
        picture[60:340, 60:560] = (70, 60, 150)
        put(picture, plate(text, 240), 200, 240)
    return picture


def shown(kind: str, text: str, stir: Stir, number: int = 0) -> Array:
    """What the gate leaves of it."""
    picture = seen(kind, text)
    other = (picture != STREET).any(axis=2)
    picture += GRAIN[number]
    boxes = boxes_of(other.reshape(36, 10, 64, 10).any(axis=(1, 3)), WIDTH, HEIGHT)
    put_in_blocks(picture, boxes, stir)
    return picture[50:350:5, 60:560:5]


def told(kind: str, monkeypatch: pytest.MonkeyPatch, pictures: int = 1) -> int:
    """How many of the plates are found, each in so many pictures of one camera; by brightness, or by colour."""
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "STIR", (0.0, 0.0, 0.0))
        guesses = np.stack([shown(kind, text, Stir(b"")) for text in PLATES]).astype(np.float32)
    by_brightness = by_colour = 0
    for right, text in enumerate(PLATES):
        stir = Stir(bytes([right]))
        mean = np.mean([shown(kind, text, stir, number) for number in range(pictures)], axis=0)
        differences = guesses - mean
        by_brightness += int(np.argmin((differences**2).sum(axis=(1, 2, 3)))) == right
        by_colour += int(np.argmin((np.diff(differences, axis=3) ** 2).sum(axis=(1, 2, 3)))) == right
    return max(by_brightness, by_colour)


@pytest.mark.parametrize("kind", [CAR, ALONE, NEAR])
def test_whoever_knows_all_but_the_plate_does_not_find_it_in_a_picture(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(kind, monkeypatch) <= 4, "one of 13 is found by chance"
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "STIR", (0.0, 0.0, 0.0))
        patch.setattr(blocks, "COARSER", 2)
        assert told(kind, monkeypatch) >= 12, "blocks that are as they were would not do"


def test_more_pictures_of_what_stands_before_a_camera_do_not_tell_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(ALONE, monkeypatch, pictures=4) <= 4


def test_what_is_added_is_the_same_at_one_spot_whatever_the_size_and_another_for_another_camera() -> None:
    stir, spots = Stir(b"gate"), np.array([0, 40, 200])
    assert (stir.at(spots, spots, 640) == Stir(b"gate").at(2 * spots, 2 * spots, 1280)).all()
    assert (stir.at(spots, spots, 640) != Stir(b"yard").at(spots, spots, 640)).all()
