"""Which values a series has taken, against plain sets of numbers."""

import math
from typing import Any

import numpy as np
import pytest

from analytics.detectors.occupancy import DTYPE, NEW, SPARSE, TERM, THIN, add, distance

Record = Any


def state() -> Record:
    return np.zeros(1, DTYPE)[0]


def filled(values: list[float], ts: int = 0) -> Record:
    record = state()
    for place, value in enumerate(values):
        add(record, ts + place, value)
    return record


@pytest.mark.parametrize("seed", range(6))
def test_what_was_seen_is_at_no_distance(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = (random.normal(0, 1, 300) * 10.0 ** random.integers(-3, 4, 300) + 1e3 * seed).tolist()
    record = filled(values)
    assert [value for value in values if distance(record, value) > 0] == []


def told(record: Record, values: list[float], x: float) -> float:
    """The distance, from the bins of all values as a plain set."""
    bins = {math.floor((value - record["origin"]) / record["width"]) for value in values}
    at = (x - record["origin"]) / record["width"]
    low, high = min(bins), max(bins)
    extent = high - low + 1
    if math.floor(at) in bins:
        return 0.0
    nearest = min(max(k - at, at - k - 1) for k in bins) + NEW
    fewer = min(sum(k < at for k in bins), sum(k > at for k in bins))
    share = fewer / (fewer + THIN) if low < at < high + 1 else len(bins) / extent
    return float(nearest * share / max(extent, SPARSE))


@pytest.mark.parametrize("seed", range(6))
def test_distances_are_those_to_the_nearest_taken_bin(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = [*random.uniform(0, 10, 40).tolist(), *random.uniform(40, 50, 4 * seed).tolist()]
    record = filled(values)
    for x in random.uniform(-30, 80, 300).tolist():
        assert distance(record, x) == pytest.approx(told(record, values, x))


def test_a_thin_tail_makes_what_lies_in_and_beyond_it_less_of_news() -> None:
    cluster = np.linspace(0, 10, 200).tolist()
    dense = filled([*cluster, *np.linspace(90, 100, 200).tolist()])
    thin = filled([*cluster, 30.0, 55.0, 100.0])
    assert distance(dense, 50.0) > 2 * distance(thin, 75.0) > 0
    assert distance(filled(cluster), 15.0) > 2 * distance(thin, 150.0) > 0


def test_what_is_not_seen_for_two_terms_is_forgotten_and_bins_become_finer() -> None:
    record = filled([0.0, 1.0, 1000.0, 0.5])
    assert distance(record, 1000.0) == 0
    wide = record["width"]
    for term in range(1, 6):
        for place in range(100):
            add(record, term * (TERM + 1) + place, place / 100)
    assert distance(record, 1000.0) > 1
    assert record["width"] < wide / 8
    assert distance(record, 0.5) == 0


def test_after_a_pause_of_two_terms_it_begins_anew() -> None:
    record = filled([0.0, 1.0, 2.0])
    add(record, 3 * TERM, 7.0)
    assert distance(record, 7.0) == 0
    assert distance(record, 1.0) == 1


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324])
def test_extremes_leave_a_state_that_can_be_asked(x: float) -> None:
    record = filled([0.0, 1.0, x, 1e308, -1e308, 2.0, x])
    for asked in (0.0, x, 1e308, -1e308, np.inf):
        assert 0 <= distance(record, asked) <= 1e6
