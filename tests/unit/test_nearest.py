"""Nearest neighbours of many devices at once are those that are found one by one."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.places.grid import distance
from devices.places.nearest import Places, nearest

DEGREES = st.floats(0, 0.03) | st.sampled_from([0.0, 0.001, 0.0010001, float("nan")])


def _places(ids: list[int], points: list[tuple[float, float]]) -> Places:
    lon, lat = np.array(points, np.float64).reshape(-1, 2).T
    return Places(np.array(ids, np.int64), 120.0 + lon, 30.0 + lat)


def _one_by_one(of: Places, among: Places, metres: float, most: int) -> list[list[int]]:
    lists = []
    for id_, lon, lat in zip(*of, strict=True):
        away = distance(lon, lat, among.lon, among.lat)
        found = [at for at in range(len(away)) if away[at] <= metres and among.id[at] != id_]
        lists.append(sorted(found, key=lambda at: (away[at], among.id[at]))[:most])
    return lists


def _lists(starts: np.ndarray, members: np.ndarray) -> list[list[int]]:
    return [members[begin:end].tolist() for begin, end in pairwise(starts)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(DEGREES, DEGREES), max_size=25),
    st.lists(st.tuples(DEGREES, DEGREES), max_size=5),
    st.sampled_from([1.0, 3.9, 50.0, 111.2, 700.0, 5000.0]),
    st.integers(1, 6),
)
def test_the_nearest_are_those_that_are_found_one_by_one(
    points: list[tuple[float, float]], others: list[tuple[float, float]], metres: float, most: int
) -> None:
    among = _places(list(range(len(points))), points)
    of = _places([*range(len(points)), *range(900, 900 + len(others))], points + others)
    assert _lists(*nearest(of, among, metres, most)) == _one_by_one(of, among, metres, most)


def test_a_crowd_on_one_spot_is_bounded() -> None:
    crowd = Places(np.arange(9_000), np.full(9_000, 120.0), np.full(9_000, 30.0))
    few = Places(crowd.id[:20], crowd.lon[:20], crowd.lat[:20])
    starts, members = nearest(few, crowd, 5000.0)
    assert np.diff(starts).tolist() == [50] * 20
    assert not any(at in some for at, some in enumerate(_lists(starts, members)))
