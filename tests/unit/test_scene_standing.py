"""What stands, since when, and whether it came by itself."""

from collections.abc import Callable

import numpy as np

from analytics.video.scenes.background import Background
from analytics.video.scenes.regions import Region, regions
from analytics.video.scenes.standing import Standing
from analytics.video.view import Image, View

GROUND = np.full((90, 160, 3), 100, np.uint8)
CAR, BAG = (20, 12), (6, 5)


def with_thing(frame: Image, x: float, size: tuple[int, int], grey: int = 190) -> None:
    """Its lower left corner is at (x, 60)."""
    frame[60 - size[1] : 60, max(round(x), 0) : max(round(x) + size[0], 0)] = grey


def looked(paint: Callable[[float, Image], None], seconds: float) -> Standing:
    """A look a second at what is painted on bare ground from second 5 on."""
    background, standing, last = Background(), Standing(), None
    for number in range(round(5 * seconds)):
        frame = GROUND.copy()
        if number >= 25:
            paint(number / 5 - 5, frame)
        view = View(number / 5, frame, last)
        seen = background.seen(view)
        if number % 5 == 4:
            standing.look(seen, 1.0)
        view.previous, last = None, view
    return standing


def thing_of(standing: Standing, seconds: float = 3) -> Region:
    (found,) = regions(standing.shown(seconds).view(np.uint8) * np.uint8(255), 6)
    return found


def test_a_car_that_stops_has_come_by_itself() -> None:
    standing = looked(lambda t, frame: with_thing(frame, min(12 * t - 20, 80), CAR), 20)
    assert standing.by_itself(thing_of(standing))


def test_what_somebody_puts_down_has_not_nor_what_lies_there_from_one_frame_to_the_next() -> None:
    def brought(t: float, frame: Image) -> None:
        if t < 14:
            with_thing(frame, 8 * t, (8, 26))
        if t > 8:
            with_thing(frame, 66, BAG, 30)

    put_down = looked(brought, 24)
    assert not put_down.by_itself(thing_of(put_down))
    fallen = looked(lambda t, frame: with_thing(frame, 80, CAR) if t > 8 else None, 20)
    assert not fallen.by_itself(thing_of(fallen))


def test_what_is_left_of_somebody_who_stood_and_went_has_been_brought() -> None:
    def brought(t: float, frame: Image) -> None:
        if t < 14:
            with_thing(frame, min(8 * t, 66) if t < 12 else 66 + 40 * (t - 12), (14, 26), 30)
        if t > 9:
            with_thing(frame, 70, BAG, 30)

    assert not (left := looked(brought, 24)).by_itself(thing_of(left))


def test_who_passes_before_it_interrupts_nothing_and_what_takes_its_place_begins_anew() -> None:
    def passed(t: float, frame: Image) -> None:
        with_thing(frame, 80, BAG)
        if 6 < t < 9:
            with_thing(frame, 20 * (t - 6) + 60, (14, 26), 30)

    standing = looked(passed, 20)
    assert standing.since[57, 83] > 8
    replaced = looked(lambda t, frame: with_thing(frame, 80, BAG, 190 if t < 6 else 30), 18)
    assert 1 < replaced.since[57, 83] < 9


def test_what_is_gone_stands_no_more() -> None:
    standing = looked(lambda t, frame: with_thing(frame, 80, BAG) if t < 5 else None, 20)
    assert not standing.shown(1).any()
    assert not standing.since.any()


def test_another_place_forgets_all() -> None:
    standing = looked(lambda t, frame: with_thing(frame, 80, BAG), 15)
    standing.begin()
    assert not standing.since.any()


def test_for_how_long_the_place_had_been_seen_is_known_from_when_the_thing_came() -> None:
    standing = looked(lambda t, frame: with_thing(frame, 80, BAG) if t > 4 else None, 24)
    thing = thing_of(standing)
    known = standing.known[thing.box][thing.within]
    assert known.min() > 8
    assert known.max() < 11
