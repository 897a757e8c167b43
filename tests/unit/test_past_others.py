"""What others had sent at a moment of the past is what a look would have found then, however it is cut."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules.expressions.elsewhere import Whose
from analytics.rules.expressions.past import PastNewest, PastOthers
from analytics.rules.expressions.surroundings import Around
from devices.expressions.inputs import Input
from hub.models import Columns
from hub.quality import Quality
from tests.support.expressions import FIGURES

STALE = 30
NEAR = Input("neighbours", "a", "", 500.0)
QUALITY = st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.LATE, Quality.FAULT])
READING = st.tuples(st.integers(0, 4), st.integers(0, 100), st.sampled_from([1.0, -2.5, 7.0]), QUALITY)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(READING, max_size=30, unique_by=lambda each: each[:2]),
    st.lists(st.lists(st.integers(0, 4), max_size=5, unique=True), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 130)), min_size=1, max_size=10),
    st.integers(0, 100),
)
def test_figures_of_the_past(
    readings: list[tuple[int, int, float, Quality]],
    lists: list[list[int]],
    moments: list[tuple[int, int]],
    cut: int,
) -> None:
    """The n-th device has the n-th list; what is before the cut is known of an earlier stretch."""
    starts = np.cumsum([0, *map(len, lists)])
    around = Around(np.arange(len(lists)), starts, np.array([one for some in lists for one in some], np.int32))
    asked = [(device % len(lists), max(at, cut)) for device, at in moments]
    newest = PastNewest()
    newest.adopt(_columns([each for each in readings if each[1] < cut]))
    others = PastOthers({NEAR: around}, newest.with_those(_columns([each for each in readings if each[1] >= cut])))
    devices, at = np.array(asked, np.int64).T
    for figure, calculated in FIGURES.items():
        found = others.column(NEAR._replace(figure=figure), Whose(1, 0, devices), at, STALE)
        for result, (device, moment) in zip(found.tolist(), asked, strict=True):
            there = [value for one in lists[device] for value in _newest(readings, one, moment)]
            if there or figure == "count":
                assert math.isclose(result, calculated(there), rel_tol=1e-12), (figure, there)
            else:
                assert math.isnan(result)


def _columns(readings: list[tuple[int, int, float, Quality]]) -> Columns:
    series, ts, value, quality = zip(*sorted(readings), strict=True) if readings else ((), (), (), ())
    return Columns(
        np.array(ts, np.int64), np.array(series, np.int32), np.array(value, np.float64), np.array(quality, np.int16)
    )


def _newest(readings: list[tuple[int, int, float, Quality]], series: int, moment: int) -> list[float]:
    before = [(ts, value, flag) for one, ts, value, flag in readings if one == series and ts <= moment]
    in_time = sorted(each for each in before if each[2] != Quality.LATE)
    if not in_time or moment - in_time[-1][0] > STALE or in_time[-1][2] != Quality.GOOD:
        return []
    return [in_time[-1][1]]
