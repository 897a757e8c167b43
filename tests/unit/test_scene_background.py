"""The model of the place that detectors of scenes share."""

from collections.abc import Iterable

import cv2
import numpy as np

from analytics.video.scenes.background import ABSORBED_S, Background, Foreground
from analytics.video.view import Image, View

RANDOM = np.random.default_rng(2)
PLACE = cv2.resize(np.repeat(RANDOM.integers(40, 170, (9, 16, 1), np.uint8), 3, axis=2), (160, 90))


def looked(background: Background, frames: Iterable[tuple[float, Image]], last: View | None = None) -> Foreground:
    for t, frame in frames:
        view = View(t, frame, last)
        seen = background.seen(view)
        view.previous, last = None, view
    return seen


def with_thing(grey: int = 230) -> Image:
    frame: Image = PLACE.copy()
    frame[30:45, 60:90] = grey
    return frame


def times(begin: float, end: float, step: float = 0.2) -> Iterable[float]:
    return (float(t) for t in np.arange(begin, end, step))


def test_what_was_not_there_differs_and_nothing_else() -> None:
    seen = looked(Background(), [*((t, PLACE) for t in times(0, 5)), (5.0, with_thing())])
    assert seen.settled
    assert seen.mask[32:43, 62:88].all()
    assert seen.share < 0.04


def test_what_is_as_bright_as_the_place_but_of_another_colour_differs() -> None:
    place = np.full((90, 160, 3), 103, np.uint8)
    frame = place.copy()
    frame[30:45, 60:90] = (60, 80, 165)  # BGR; grey 103
    seen = looked(Background(), [*((t, place) for t in times(0, 5)), (5.0, frame)])
    assert seen.mask[32:43, 62:88].all()
    assert seen.share < 0.04


def test_what_stands_still_does_so_while_the_exposure_steps() -> None:
    frames = [(t, np.asarray(with_thing(180) * (0.8 if int(t) % 4 else 1.0), np.uint8)) for t in times(12, 20)]
    seen = looked(Background(), [*((t, PLACE) for t in times(0, 12)), *frames])
    assert (seen.still[33:42, 63:87] > 4.5).all()  # the last step was 3 s ago


def test_what_is_as_bright_as_can_be_stays_so_in_a_darker_exposure() -> None:
    place = PLACE.copy()
    place[:20] = 255
    dark = np.asarray(place * 0.7, np.uint8)
    dark[:20] = 255
    seen = looked(Background(), [*((t, place) for t in times(0, 5)), (5.0, dark)])
    assert seen.share < 0.02


def test_infrared_instead_of_colour_is_another_place() -> None:
    day = cv2.merge(
        [cv2.extractChannel(PLACE, 0), cv2.add(cv2.extractChannel(PLACE, 0), 25), cv2.extractChannel(PLACE, 0)]
    )
    background = Background()
    before = looked(background, ((t, day) for t in times(0, 8)))
    after = looked(background, ((t, PLACE) for t in times(8, 10)), View(7.8, day))
    assert after.epoch == before.epoch + 1


def test_a_frame_is_learned_once_however_many_detectors_look() -> None:
    background, view = Background(), View(0.0, PLACE)
    assert background.seen(view) is background.seen(view)


def test_a_step_of_exposure_is_no_change() -> None:
    darker = (PLACE * 0.7).astype(np.uint8)
    seen = looked(Background(), [*((t, PLACE) for t in times(0, 5)), (5.0, darker)])
    assert seen.share < 0.01
    assert abs(seen.gain - 0.7) < 0.02


def test_another_place_begins_a_new_model() -> None:
    other = 220 - PLACE
    frames = [*((t, PLACE) for t in times(0, 5)), *((t, other) for t in times(5, 7))]
    before = looked(Background(), frames[:20]).epoch
    seen = looked(Background(), frames)
    assert seen.epoch == before + 1
    assert not seen.settled
    assert seen.share == 0.0


def test_what_stands_still_is_timed_and_becomes_place_in_the_end() -> None:
    frames = [*((t, PLACE) for t in times(0, 15)), *((t, with_thing()) for t in times(15, 30, 0.5))]
    background = Background()
    seen = looked(background, frames)
    assert 11 < float(seen.still[40, 70]) < 15
    seen = looked(background, ((t, with_thing()) for t in times(30, 40 + ABSORBED_S, 2)), View(29.5, with_thing()))
    assert not seen.mask.any()


def test_what_was_there_only_at_the_beginning_heals_soon() -> None:
    frames = [*((t, with_thing()) for t in times(0, 5)), *((t, PLACE) for t in times(5, 18))]
    assert not looked(Background(), frames).mask.any()
