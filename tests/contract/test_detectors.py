"""What every detector must keep, whatever it looks for."""

from collections.abc import Sequence

import numpy as np
import pytest

from analytics.detectors.detector import Detector, Floats, Ints, Kind
from analytics.detectors.hours import hours
from analytics.detectors.kinds import KINDS
from tests.support.detector_series import MINUTE, START, daily, scored, times

COUNT = 1500
DAY = 1440 * MINUTE


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def crowd(series: int, count: int) -> tuple[Ints, Ints, Floats]:
    """(slots, ts, value) of several series, sorted by slot and time."""
    values = [daily(count, seed) * (1 + seed) for seed in range(series)]
    return np.repeat(np.arange(series), count), np.tile(times(count), series), np.concatenate(values)


SINGLY = [*range(60), *range(2 * COUNT // 3 - 60, 2 * COUNT // 3 + 60), *range(COUNT - 120, COUNT)]
"""While nothing is known, around the jump, and around what begins to stick; the rest comes in two batches."""


@pytest.mark.parametrize("singly", [SINGLY, pytest.param(range(COUNT), marks=pytest.mark.heavy)], ids=["short", "all"])
def test_batch_size_does_not_matter(kind: Kind, singly: Sequence[int]) -> None:
    ts, value = times(COUNT), daily(COUNT)
    at_once = scored(kind, ts, value)
    assert np.array_equal(at_once, scored(kind, ts, value, singly))
    cuts = np.sort(np.random.default_rng(3).integers(0, COUNT, 20)).tolist()
    assert np.array_equal(at_once, scored(kind, ts, value, cuts))


def test_other_series_do_not_matter(kind: Kind) -> None:
    slots, ts, value = crowd(4, 400)
    together, detector = np.zeros(len(slots)), Detector(kind)
    for rows in np.array_split(np.lexsort((slots, ts)), 7):  # by time, as they come
        rows = rows[np.lexsort((ts[rows], slots[rows]))]
        result = detector.score(slots[rows], ts[rows], value[rows], hours(ts[rows]))
        detector.learn(result)
        together[rows] = result.scores
    for slot in range(4):
        mine = slots == slot
        assert np.array_equal(together[mine], scored(kind, ts[mine], value[mine]))


def test_restart_does_not_matter(kind: Kind) -> None:
    ts, value, half = times(COUNT), daily(COUNT), COUNT * 2 // 3 + 5
    whole = scored(kind, ts, value)
    before, after = Detector(kind), Detector(kind)
    scored(kind, ts[:half], value[:half], detector=before)
    assert after.load(0, before.save(0))
    assert np.array_equal(scored(kind, ts[half:], value[half:], detector=after), whole[half:])


def test_score_changes_nothing(kind: Kind) -> None:
    detector, ts, value = Detector(kind), times(COUNT), daily(COUNT)
    scored(kind, ts[:1000], value[:1000], detector=detector)
    slots, rest = np.zeros(COUNT - 1000, np.int64), hours(ts[1000:])
    once = detector.score(slots, ts[1000:], value[1000:], rest)
    saved = detector.save(0)
    again = detector.score(slots, ts[1000:], value[1000:], rest)
    assert detector.save(0) == saved
    assert np.array_equal(once.scores, again.scores)
    assert np.array_equal(once.parts, again.parts)


def test_a_state_of_another_version_is_not_taken(kind: Kind) -> None:
    detector = Detector(kind)
    scored(kind, times(200), daily(200), detector=detector)
    saved = detector.save(0)
    fresh = Detector(kind)
    assert not fresh.load(0, b"\0" * 8 + saved[8:])
    assert not fresh.load(0, saved[:-8])
    assert not fresh.load(0, b"")
    assert fresh.load(3, saved)
    fresh.forget(np.array([3]))
    assert set(fresh.save(3)[8:]) == {0}


def test_scale_does_not_matter(kind: Kind) -> None:
    ts, value = times(COUNT), daily(COUNT)
    plain = scored(kind, ts, value)
    assert np.array_equal(plain, scored(kind, ts, value * 1024))
    converted = scored(kind, ts, value * 1.8 + 32)
    assert np.mean(np.abs(plain - converted) > 0.05) < 0.01  # a value on the edge of a bin may fall on either side


def test_what_cannot_be_used_scores_nothing_and_is_not_learned(kind: Kind) -> None:
    ts, value = times(COUNT), daily(COUNT)
    clean = scored(kind, ts, value)
    bad = np.sort(np.random.default_rng(5).integers(1, COUNT, 90))
    more_ts, more = np.insert(ts, bad, ts[bad - 1] + 1), np.insert(value, bad, np.tile([np.nan, np.inf, -np.inf], 30))
    added = ~np.isfinite(more)
    mixed = scored(kind, more_ts, more)
    assert not mixed[added].any()
    assert np.array_equal(mixed[~added], clean)


def test_repeated_and_older_times_score_nothing_and_are_not_learned(kind: Kind) -> None:
    ts, value = times(COUNT), daily(COUNT)
    clean = scored(kind, ts, value)
    assert np.array_equal(scored(kind, np.repeat(ts, 2), np.repeat(value, 2))[::2], clean)
    detector = Detector(kind)
    scored(kind, ts[:1000], value[:1000], detector=detector)
    saved = detector.save(0)
    old = scored(kind, ts[500:600], value[500:600] * 100, detector=detector)
    assert not old.any()
    assert detector.save(0) == saved


def test_a_constant_is_nothing_unusual(kind: Kind) -> None:
    for constant in (0.0, 45.0, -1e12):
        assert not scored(kind, times(COUNT), np.full(COUNT, constant)).any()


def test_extremes_are_defined(kind: Kind) -> None:
    quiet = daily(3 * COUNT)[: 2 * COUNT]
    counter = np.arange(2 * COUNT, dtype=np.float64) * 7 % 5000
    burst = np.concatenate([times(COUNT), times(COUNT)[-1] + np.arange(1, COUNT + 1) * 1000])
    huge = np.where(np.arange(2 * COUNT) % 97 == 50, 1e308, quiet)
    tiny = quiet * 1e-308
    late = times(2 * COUNT).copy()
    late[COUNT:] += 200 * DAY
    cases = {
        "a unit is changed": (times(2 * COUNT), np.where(np.arange(2 * COUNT) < COUNT, quiet, quiet * 1000)),
        "a counter wraps": (times(2 * COUNT), counter),
        "a burst of 1 kHz": (burst, quiet),
        "half a year is missing": (late, quiet),
        "one value a day": (times(700, DAY), daily(2100)[:700]),
        "a value a microsecond": (times(COUNT, 1), quiet[:COUNT]),
        "the largest numbers": (times(2 * COUNT), huge),
        "both largest numbers": (times(2 * COUNT), np.where(np.arange(2 * COUNT) % 2, huge, -huge)),
        "the smallest numbers": (times(2 * COUNT), tiny),
        "before 1970": (times(COUNT) - 2 * START, quiet[:COUNT]),
    }
    for case, (ts, value) in cases.items():
        scores = scored(kind, ts, value)
        assert np.isfinite(scores).all(), case
        assert ((scores >= 0) & (scores <= 1)).all(), case
        assert (scores[-len(scores) // 8 :] >= 0.99).mean() < 0.03, case  # whatever it is, it becomes usual


def test_the_state_is_bounded() -> None:
    assert KINDS["ensemble"].dtype.itemsize <= 1024
    assert all(kind.dtype.itemsize <= 4096 and kind.dtype.itemsize % 8 == 0 for kind in KINDS.values())


def test_a_score_means_the_same_for_every_series() -> None:
    """Once it has learned, the ensemble calls less than one reading in 300 of an undisturbed series an alarm."""
    random, count = np.random.default_rng(7), 6000
    course = 10 * np.sin(np.arange(count) * 2 * np.pi / 288)
    walk = np.zeros(count)
    for i in range(1, count):
        walk[i] = 0.95 * walk[i - 1] + random.normal()
    families = {
        "noise": random.normal(0, 1, count),
        "a day's course": course + random.normal(0, 1, count),
        "rain": np.where(random.random(count) < 0.03, random.exponential(3, count), 0.0),
        "heavy tail": random.lognormal(0, 1, count),
        "river gauge": walk,
        "counts": random.poisson(3, count).astype(np.float64),
    }
    rates = {
        name: float((scored(KINDS["ensemble"], times(count), value)[2000:] >= 0.99).mean())
        for name, value in families.items()
    }
    assert max(rates.values()) < 1 / 300, rates


@pytest.mark.parametrize(
    ("name", "fault"),
    [("ensemble", "jump"), ("level", "jump"), ("season", "night"), ("stay", "leak"), ("rate", "jump"),
     ("stuck", "stuck"), ("rhythm", "gap"), ("discrete", "state"), ("shape", "jump"), ("spread", "jump"),
     ("tail", "jump")],
)  # fmt: skip
def test_each_finds_what_it_is_for(name: str, fault: str) -> None:
    count, at = 4000, 3500
    random = np.random.default_rng(11)
    ts, noise = times(count), random.normal(0, 0.3, count)
    value = 20 + 5 * np.sin(np.arange(count) * 2 * np.pi / 288) + noise
    if fault == "jump":
        value[at : at + 3] += 40
    elif fault == "night":  # the value of noon
        at = 12 * 288 + 210
        value[at : at + 6] = 25
    elif fault == "leak":
        value[at:] += 3
    elif fault == "stuck":
        value[at:] = value[at]
    elif fault == "gap":
        ts[at:] += 100 * MINUTE
    elif fault == "state":
        value = random.integers(0, 3, count).astype(np.float64)
        value[at] = 7
    scores = scored(KINDS[name], ts, value)
    assert scores[at : at + 100].max() > 0.9, name
    assert scores[at : at + 100].max() >= scores[2000:at].max(), name
