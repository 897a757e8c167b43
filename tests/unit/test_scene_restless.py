"""What stirs for ever in a part of a picture, and whether it is smoke that was there before the camera looked."""

from collections.abc import Callable

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.scenes.background import Floats
from analytics.video.scenes.restless import Restless

LOOK_S, LOOKS = 0.4, 40
GREY: Floats = np.full((18, 32), 12.0, np.float32)
PATCH = slice(20, 70), slice(50, 110)


def field(seed: int, height: int, width: int) -> Floats:
    """Soft shapes, 30 levels high."""
    rough = np.random.default_rng(seed).normal(size=(height // 5, width // 5)).astype(np.float32)
    soft: Floats = cv2.resize(cv2.GaussianBlur(rough, (0, 0), 1.5), (width, height), interpolation=cv2.INTER_CUBIC)
    return soft * np.float32(30.0 / soft.std())


NEAR, FAR = field(2, 250, 60), field(3, 130, 180)


def place() -> Floats:
    """A yard with edges everywhere."""
    blocks = np.random.default_rng(1).integers(60, 160, (18, 32)).astype(np.float32)
    made: Floats = np.kron(blocks, np.ones((5, 5), np.float32))
    return made


def told(paint: Callable[[int, Floats], Floats], chroma: Floats = GREY, look_s: float = LOOK_S) -> Cue:
    """The best cue of some looks at a place."""
    restless = Restless(np.full((18, 32), 255, np.uint8))
    cues = [restless.cue(paint(look, place()), chroma, look_s if look else 0.0) for look in range(LOOKS)]
    return max(cues, key=lambda cue: cue.score)


def smoke(look: int, picture: Floats) -> Floats:
    """Two layers that rise at their own paces: what they show together never comes again."""
    picture[PATCH] = 120 + NEAR[5 * look : 5 * look + 50] + FAR[2 * look : 2 * look + 50, 3 * look : 3 * look + 60]
    return picture


def test_a_frame_a_second_is_looked_at_once_there_are_enough() -> None:
    assert told(smoke, look_s=1.0).cues


def test_a_part_that_is_soft_and_never_the_same_is_smoke() -> None:
    cue = told(smoke)
    assert cue.score > 0.5, cue
    assert set(cue.cues) == {"grey", "stays", "anew", "even", "apart", "size", "stands"}
    assert cue.box is not None
    assert np.allclose(cue.box, (50 / 160, 20 / 90, 110 / 160, 70 / 90), atol=0.08)


def test_what_is_coloured_is_none() -> None:
    assert told(smoke, GREY + 80).score == 0


def test_what_sways_comes_back() -> None:
    folds = field(4, 50, 100)

    def curtain(look: int, picture: Floats) -> Floats:
        left = round(20 + 20 * np.sin(1.1 * look))
        picture[PATCH] = 120 + folds[:, left : left + 60]
        return picture

    assert told(curtain).score < 0.3


def test_light_that_plays_changes_all_of_it_at_once() -> None:
    levels = 25 * np.random.default_rng(5).normal(size=LOOKS)

    def lit(look: int, picture: Floats) -> Floats:
        picture[PATCH] = 120 + 0.7 * (smoke(look, picture.copy())[PATCH] - 120) + np.float32(levels[look])
        return picture

    assert told(lit).score == 0


def test_cars_leave_the_road_to_be_seen() -> None:
    def traffic(look: int, picture: Floats) -> Floats:
        picture[PATCH] = 120
        for car in range(3):
            left = 50 + (7 * look + 23 * car) % 80
            picture[25 + 15 * car : 35 + 15 * car, left : min(left + 16, 110)] = 60 + 60 * car
        return picture

    assert told(traffic).score < 0.3


def test_puffs_that_come_now_and_then_are_none() -> None:
    def exhaust(look: int, picture: Floats) -> Floats:
        share = np.float32(1.0 if look % 8 < 3 else 0.1)
        picture[PATCH] = 120 + share * (smoke(look, picture.copy())[PATCH] - 120)
        return picture

    assert told(exhaust).score < 0.3


def test_nothing_is_told_while_the_camera_moves() -> None:
    shakes = np.random.default_rng(7).integers(-3, 4, LOOKS)

    def mast(look: int, picture: Floats) -> Floats:
        return smoke(look, np.roll(picture, int(shakes[look]), axis=1))

    assert told(mast).score == 0


def test_looks_that_are_far_apart_tell_nothing() -> None:
    restless = Restless(np.full((18, 32), 255, np.uint8))
    assert all(restless.cue(smoke(look, place()), GREY, 2.0).score == 0 for look in range(LOOKS))


def test_where_smoke_is_nothing_new_none_is_told() -> None:
    restless = Restless(np.zeros((18, 32), np.uint8))
    assert all(restless.cue(smoke(look, place()), GREY, LOOK_S).score == 0 for look in range(LOOKS))
