"""Figures of neighbours over lists of values are those of each list by itself."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules.expressions import look as looked
from analytics.rules.expressions.elsewhere import Whose
from analytics.rules.expressions.look import Look
from analytics.rules.expressions.surroundings import Around, Surroundings
from analytics.rules.slots import LONG_AGO
from devices.expressions.inputs import Input
from tests.support.expressions import FIGURES

STALE, AHEAD, NAN = 50, 5, float("nan")
NEAR = Input("neighbours", "a", "", 500.0)
TIMES = st.sampled_from([LONG_AGO, 0, 49, 50, 51, 100, 105, 106])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.sampled_from([NAN, 1.0, -2.5, 7.0, 1e300])), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 7), max_size=6, unique=True), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0, 50, 99, 100, 101])), max_size=8),
    st.integers(1, 9),
)
def test_figures_are_those_of_each_list(
    known: list[tuple[int, float]], lists: list[list[int]], moments: list[tuple[int, int]], at_once: int
) -> None:
    """Device 10 + n has the n-th list; others are not known."""
    lists = [[member % len(known) for member in some] for some in lists]
    starts = np.cumsum([0, *map(len, lists)])
    members = np.array([member for some in lists for member in some], np.int32)
    around = Around(10 + np.arange(len(lists)), starts, members)
    times, values = np.array([ts for ts, _ in known]), np.array([value for _, value in known])
    look = Look(Surroundings(np.arange(len(known)), {(1, NEAR): around}), times, values)
    devices, at = np.array(moments, np.int64).reshape(-1, 2).T
    before, looked.AT_ONCE = looked.AT_ONCE, at_once
    try:
        for figure, calculated in FIGURES.items():
            found = look.column(NEAR._replace(figure=figure), Whose(1, AHEAD, 10 + devices), at, STALE)
            for result, (device, moment) in zip(found.tolist(), moments, strict=True):
                if device >= len(lists):
                    assert math.isnan(result), "neither count nor mean of a device that was not looked at"
                    continue
                some = [known[member] for member in lists[device]]
                there = [v for ts, v in some if moment - STALE <= ts <= moment + AHEAD and not math.isnan(v)]
                if there or figure == "count":
                    assert math.isclose(result, calculated(there), rel_tol=1e-12), (figure, there)
                else:
                    assert math.isnan(result)
    finally:
        looked.AT_ONCE = before
    other = look.column(NEAR._replace(figure="count", radius=5.0), Whose(1, AHEAD, 10 + devices), at, STALE)
    assert np.isnan(other).all()
