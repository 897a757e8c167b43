"""Excess: how many times as far as ever before, for what no threshold sees."""

import numpy as np
import pytest

from analytics.detectors.detector import Detector, Floats, Ints
from analytics.detectors.excess import ALONE, DAYS, NAMES, NOVEL, TOLD
from analytics.detectors.hours import hours
from analytics.detectors.kinds import KINDS
from tests.support.detector_series import MINUTE, times

A_DAY = 288
COUNT, AT = 25 * A_DAY, 21 * A_DAY
KIND = KINDS["ensemble"]
EXCESS = 5
"""Of the columns that are told."""


def course(count: int = COUNT, seed: int = 1) -> Floats:
    """A day's course, weather that wanders, and noise."""
    random, at = np.random.default_rng(seed), np.arange(count) * 2 * np.pi / A_DAY
    return 20 + 3 * np.sin(at) + 0.5 * np.sin(at / 3.1) + random.normal(0, 0.3, count).round(1)


def told(ts: Ints, value: Floats, cuts: int = 1) -> tuple[Floats, list[str]]:
    """The excess of each reading, in batches, and what it is of."""
    detector, found = Detector(KIND), []
    for rows in np.array_split(np.arange(len(ts)), cuts):
        result = detector.score(np.zeros(len(rows), np.int64), ts[rows], value[rows], hours(ts[rows]))
        detector.learn(result)
        found.append(result.told[:, EXCESS : EXCESS + 2])
    columns = np.concatenate(found)
    return columns[:, 0], [NAMES[int(number)] for number in columns[:, 1]]


def faulty(fault: str) -> tuple[Ints, Floats]:
    """A series that goes wrong at AT, by no more than its own range."""
    random, ts, value = np.random.default_rng(2), times(COUNT), course()
    rest = np.arange(COUNT - AT)
    if fault in ("above", "below"):  # a drift of the sensor, over three days
        value[AT:] += (4.5 if fault == "above" else -4.5) * np.minimum(rest / (3 * A_DAY), 1)
    elif fault == "step":
        value[AT:] += 3
    elif fault == "unrest":
        value[AT:] += random.normal(0, 1.5, len(rest))
    elif fault == "run":
        value[AT:] = value[AT]
    elif fault == "slow":
        ts[AT:] = ts[AT] + rest * 20 * MINUTE
    elif fault == "fast":
        ts[AT:] = ts[AT] + rest * MINUTE
    return ts, value


@pytest.mark.parametrize("fault", NAMES[:ALONE])
def test_it_finds_what_no_threshold_sees_and_says_what_it_is(fault: str) -> None:
    excess, of = told(*faulty(fault))
    assert not excess[: DAYS * A_DAY].any(), "while it learns"
    assert excess[:AT].max() < 1.6, "nothing was wrong"
    beyond = np.flatnonzero(excess >= 2)
    assert beyond[0] >= AT
    assert fault in {of[place] for place in beyond[:50].tolist()}


def test_what_creeps_in_does_not_become_usual_while_it_grows() -> None:
    """A drift of three days is never farther than the day before by half; it is held against the days before that."""
    ts, value = faulty("above")
    excess, _ = told(ts, value)
    assert excess[AT + 2 * A_DAY : AT + 3 * A_DAY].max() > 2.4


def test_one_fault_blinds_for_twice_as_far_only() -> None:
    ts, value = times(COUNT), course()
    value[AT - 6 * A_DAY] += 500  # a glitch, days before
    value[AT] += 8
    excess, of = told(ts, value)
    assert (of[AT], excess[AT] > 2) == ("step", True)


def test_shift_scale_and_batches_make_no_difference() -> None:
    ts, value = faulty("step")
    plain, of = told(ts, value)
    again, same = told(ts, value * 1024, cuts=7)
    assert np.array_equal(plain, again)
    assert of == same
    assert np.abs(told(ts, value * 1.8 + 32)[0] - plain).max() < 0.01


@pytest.mark.parametrize("odd", [0.0, 1e308, 1e-308, -1e35])
def test_it_is_a_number_whatever_the_values_are(odd: float) -> None:
    for value in (np.full(COUNT, odd), np.where(np.arange(COUNT) % 97 == 50, odd, course()), course() / 50 * odd):
        assert np.isfinite(told(times(COUNT), value)[0]).all()
    assert told(times(COUNT), np.full(COUNT, odd))[0].max() <= COUNT


def test_one_reading_a_day_is_told_of_after_as_many_days() -> None:
    ts = times(60, A_DAY * 5 * MINUTE)
    value = course(60)
    value[-1] += 30
    excess, of = told(ts, value)
    assert not excess[:DAYS].any()
    assert (of[-1], excess[-1] > 2) == ("step", True)


def counter(wraps_at: int, count: int = COUNT) -> Floats:
    """A meter that goes on by day more than by night, and begins anew at a number."""
    at = np.arange(count) * 2 * np.pi / A_DAY
    rise = np.random.default_rng(4).poisson(20 + 10 * np.sin(at))
    return (1000 + np.cumsum(rise)).astype(np.float64) % wraps_at


def test_a_counter_that_wraps_is_nothing_unusual_and_one_that_runs_faster_is() -> None:
    value = counter(wraps_at=130_000)
    wraps = np.flatnonzero(np.diff(value) < 0)
    assert len(wraps) == 1
    assert wraps[-1] > DAYS * A_DAY
    excess, _ = told(times(COUNT), value)
    assert excess.max() < 1.6
    once_more = value.copy()
    once_more[AT:] += 80 * np.arange(COUNT - AT)  # 100 for 20
    excess, of = told(times(COUNT), once_more)
    assert (of[AT + 1], excess[AT + 1] > 1.5) == ("step", True)
    assert excess[AT : AT + A_DAY].max() > 2


def test_a_counter_after_a_gap_has_risen_as_usual() -> None:
    ts, value = times(COUNT), counter(wraps_at=10**9)
    keep = np.ones(COUNT, np.bool_)
    keep[AT : AT + 60] = False
    excess, of = told(ts[keep], value[keep])
    assert (excess[AT : AT + 24].max() < 2) or "step" not in of[AT : AT + 24]


def test_a_counter_that_falls_twice_is_none() -> None:
    value = counter(wraps_at=10**9)
    value[AT:] -= value[AT] - 50
    value[AT + 40 :] -= value[AT + 40] - 20
    excess, of = told(times(COUNT), value)
    assert excess[AT] < 1.6
    assert (of[AT + 40], excess[AT + 40] > 2) == ("step", True)


def test_what_leaves_the_only_value_it_ever_had_is_told_once() -> None:
    value = np.zeros(COUNT)
    value[AT] = 0.4
    value[AT + 1 : AT + 100] = np.tile([0.4, 0.5, 0.4], 33)  # the noise of what is there now
    value[AT + 50] = 6.0
    excess, of = told(times(COUNT), value)
    assert (excess[AT], of[AT]) == (NOVEL, "step")
    beyond = np.flatnonzero(excess >= TOLD)
    assert beyond.tolist() == [AT, AT + 50]
    assert told(times(COUNT), value - value)[0].max() < TOLD
    early = np.where(np.arange(COUNT) == 10, 5.0, 0.0)
    assert not told(times(COUNT), early)[0][: DAYS * A_DAY].any()


@pytest.mark.parametrize("change", ["unit", "level"])
def test_what_stays_is_told_and_becomes_usual_after_a_day(change: str) -> None:
    value = course()
    value[AT:] = value[AT:] * 100 if change == "unit" else value[AT:] + 40
    excess, _ = told(times(COUNT), value)
    beyond = np.flatnonzero(excess >= TOLD)
    assert beyond[0] == AT
    lasts = (beyond[-1] - AT) / A_DAY
    assert 0.9 < lasts < 2.1, "of days"
    assert len(beyond) > 0.9 * lasts * A_DAY, "one alert, not some"


def test_a_month_without_readings_is_no_day_that_lasts() -> None:
    ts, value = times(COUNT), course()
    ts[AT:] += 30 * A_DAY * 5 * MINUTE
    value[AT:] += 40
    excess, _ = told(ts, value)
    assert (excess[AT : AT + 200] >= TOLD).all()
