"""What returns to how it looked when it stood still is place; what stirs without pause is none."""

import numpy as np

from analytics.video.scenes.background import Floats
from analytics.video.scenes.returns import CALM_STEPS, LOOKS, Returns

SHAPE = 2, 3


def _even(value: float) -> Floats:
    return np.full(SHAPE, value, np.float32)


def _seen(returns: Returns, levels: list[float]) -> Floats:
    """How far the last of some looks is from the place, whose level is 0."""
    before, apart = levels[0], _even(0)
    for level in levels:
        apart = returns.apart(_even(level), _even(abs(level)), _even(abs(level - before)))
        before = level
    return apart


BARE = [-20.0] * (CALM_STEPS + 1)


def test_the_bare_road_that_a_car_left_is_place_again_after_the_next_car_has_passed() -> None:
    assert _seen(Returns(SHAPE), [*BARE, 50.0, 60.0, -20.5]).max() < 1


def test_a_road_that_shows_itself_between_cars_for_a_second_now_and_then_is_place() -> None:
    assert _seen(Returns(SHAPE), [50.0, 60.0, -20.0, -20.5, -19.5] * (LOOKS // 5 + 2)).max() < 1


def test_what_stirs_without_pause_stays_apart() -> None:
    assert _seen(Returns(SHAPE), [-20.0, -24.0, -29.0] * LOOKS).min() == 29


def test_smoke_before_bare_ground_is_apart() -> None:
    assert _seen(Returns(SHAPE), [*BARE, 0.0, -40.0]).min() == 20


def test_another_beginning_forgets() -> None:
    returns = Returns(SHAPE)
    _seen(returns, BARE)
    returns.begin()
    assert _seen(returns, [-20.0]).min() == 20
