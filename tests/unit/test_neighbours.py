"""Who the neighbours of a series are, what they show, and how it is held against its own excess."""

import numpy as np
import pytest

from analytics.detection.neighbours import LONG_AGO, MOST, Kin, Neighbourhood, Shown, neighbourhood_of
from analytics.detection.states import States
from analytics.detectors.detector import Floats, Ints
from analytics.detectors.excess import AROUND, DAYS, FEW, NAMES, STEP, UP, WHEN, shown
from analytics.detectors.hours import hours
from devices.places.nearest import Places
from tests.support.detector_series import MINUTE, times

HOUR = 60 * MINUTE
KM = 1 / 111.195
A_DAY = 288


def kin(series: list[int], km: list[float]) -> Kin:
    """Series of devices along a meridian; the id of a device is ten times that of its series."""
    ids = np.array(series)
    return Kin(ids, Places(10 * ids, np.full(len(ids), 120.0), 30 + np.array(km) * KM))


def near(hood: Neighbourhood) -> dict[int, list[int]]:
    return {
        series: hood.series[row[row >= 0]].tolist() for series, row in zip(hood.series.tolist(), hood.near, strict=True)
    }


def test_neighbours_are_the_nearest_of_the_same_quantity() -> None:
    hood = neighbourhood_of([kin([4, 7, 9], [0, 1, 7]), kin([3, 5, 8], [0, 4, float("nan")])])
    assert hood.series.tolist() == [3, 4, 5, 7, 8, 9]
    assert near(hood) == {4: [7], 7: [4], 9: [], 3: [5], 5: [3], 8: []}
    crowd = neighbourhood_of([kin(list(range(20)), [n / 10 for n in range(20)])])
    assert near(crowd)[0] == list(range(1, 1 + MOST))
    assert not len(neighbourhood_of([]).series)


def test_what_most_of_them_show_counts_and_not_what_is_old_or_shown_by_few() -> None:
    hood = neighbourhood_of([kin([1, 2, 3, 4], [0, 1, 2, 3]), kin([6, 7, 8], [0, 1, 2])])
    last = np.full(7, 10 * HOUR)
    shown = np.arange(1, 8, dtype=np.float32)[:, None] * np.ones(AROUND, np.float32)
    found = hood.around(10 * HOUR, last, shown)
    assert found[:, STEP].tolist() == [3, 3, 2, 2, 0, 0, 0], f"fewer than {FEW} tell nothing"
    assert found[:, UP].tolist() == [3, 3, 2, 2, 0, 0, 0]
    assert found[:, WHEN].tolist() == [36_000] * 4 + [0] * 3
    crowd = neighbourhood_of([kin([1, 2, 3, 4, 5], [0, 1, 2, 3, 4])])
    found = crowd.around(HOUR, np.full(5, HOUR), np.array([[9], [1], [-2], [3], [8]]) * np.ones(AROUND, np.float32))
    assert (found[0, UP], found[0, STEP]) == (2, 1), "of an even number the mean of both, and the lesser one"
    last[1] -= 2 * HOUR
    found = hood.around(10 * HOUR, last, shown)[:4]
    assert (found[:, UP] > 0).tolist() == [False, True, False, False], "it has three itself"
    assert not hood.around(0, np.full(7, LONG_AGO), shown).any()


def course(days: int, seed: int) -> Floats:
    """A day's course, and noise."""
    at = np.arange(days * A_DAY) * 2 * np.pi / A_DAY
    return 20 + 3 * np.sin(at) + np.random.default_rng(seed).normal(0, 0.3, len(at)).round(1)


def learned(value: Floats) -> tuple[States, Ints]:
    """A series of which all but the last day is learned."""
    states, ts = States(), times(len(value))
    told = states.tell(np.zeros(len(ts), np.int32), ts, value, hours(ts))
    states.learn(told, 0)
    return states, ts


def around(**shown: float) -> Shown:
    found = np.zeros((1, AROUND), np.float32)
    for name, value in shown.items():
        found[0, NAMES.index(name)] = value
    return found


@pytest.mark.parametrize(("times", "tells"), [(0.5, True), (1.0, True), (4.0, False)])
def test_what_neighbours_show_in_the_same_way_is_taken_off(times: float, tells: bool) -> None:
    states, ts = learned(course(DAYS + 3, 1))
    then = ts[-1:] + 5 * MINUTE
    states.surround(np.zeros(1, np.int64), around(step=times, below=then[0] / 1e6))
    told = states.tell(np.zeros(1, np.int32), then, np.array([30.0]), hours(then))
    assert told.excess[0] > 3, "the excess itself stays what it is"
    assert (told.unshared[0] == told.excess[0]) == tells
    assert tells or told.unshared[0] < told.excess[0] / 2


def beside(value: Floats, neighbours: Floats) -> tuple[Floats, Floats, list[str]]:
    """Excess, what neighbours do not share, and what that is of, where it is looked at neighbours every half hour."""
    states, excess, unshared, of = States(), [], [], list[str]()
    one, of_them, ts = np.zeros(1, np.int64), States(), times(len(value))
    for rows in np.split(np.arange(len(ts)), len(ts) // 6):
        for each, values in ((of_them, neighbours), (states, value)):
            told = each.tell(np.zeros(len(rows), np.int32), ts[rows], values[rows], hours(ts[rows]))
            each.learn(told, 0)
        excess += told.excess.tolist()
        unshared += told.unshared.tolist()
        of += [NAMES[int(which)] for which in told.unshared_of]
        found = shown(of_them.rows(one)["excess"])
        found[0, WHEN] = ts[rows[-1]] / 1e6
        states.surround(one, found)
    return np.array(excess), np.array(unshared), of


def test_a_front_that_all_have_is_no_excess_of_one_and_what_one_lacks_is() -> None:
    days = 2 * DAYS + 6
    front = np.zeros(days * A_DAY)
    for day in range(0, 2 * DAYS, 3):  # the weather of weeks
        front[day * A_DAY : (day + 1) * A_DAY] = 1.5 * np.sin(np.linspace(0, np.pi, A_DAY))
    front[-3 * A_DAY : -A_DAY] += 6 * np.sin(np.linspace(0, np.pi, 2 * A_DAY))
    mine, theirs = course(days, 1) + front, course(days, 2) + front
    excess, unshared, _ = beside(mine, theirs)
    assert excess[-3 * A_DAY :].max() > 2.5
    assert unshared.max() < 1.6
    alone = mine.copy()
    alone[-3 * A_DAY :] -= 6 * np.sin(np.linspace(0, np.pi, 3 * A_DAY))  # it hardly feels the front
    excess, unshared, of = beside(alone, theirs)
    assert unshared[-3 * A_DAY :].max() > 2
    assert of[-3 * A_DAY + int(unshared[-3 * A_DAY :].argmax())] == "apart"
    assert (unshared >= 2).sum() > 2 * (excess >= 2).sum()


def test_without_neighbours_or_with_old_news_of_them_it_is_the_excess() -> None:
    states, ts = learned(course(DAYS + 3, 1))
    then = ts[-1:] + 5 * MINUTE
    for when in (0.0, then[0] / 1e6 - 7200, then[0] / 1e6 + 7200):
        states.surround(np.zeros(1, np.int64), around(step=9, above=5, below=when))
        told = states.tell(np.zeros(1, np.int32), then, np.array([30.0]), hours(then))
        assert (told.unshared[0], told.unshared_of[0]) == (told.excess[0], told.excess_of[0])


def test_what_was_looked_while_a_batch_is_decided_counts_for_the_next_one_and_is_saved() -> None:
    states, ts = learned(course(DAYS + 3, 1))
    then = ts[-1:] + 5 * MINUTE
    told = states.tell(np.zeros(1, np.int32), then, np.array([20.0]), hours(then))
    states.surround(
        np.array([0, 900]), np.repeat(around(step=7, below=then[0] / 1e6), 2, axis=0)
    )  # one was never heard
    states.learn(told, 0)
    after = States()
    after.put(np.zeros(1, np.int64), states.rows(np.zeros(1, np.int64)))
    then += 5 * MINUTE
    for one in (states, after):
        told = one.tell(np.zeros(1, np.int32), then, np.array([30.0]), hours(then))
        assert told.unshared[0] < 2 < 6 < told.excess[0]
