"""The grid finds what a look at every place finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.places.grid import Grid, distance

LON, LAT = st.floats(73, 135), st.floats(3, 54)
OFFSETS = st.lists(st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), max_size=40)


@given(lon=LON, lat=LAT, offsets=OFFSETS, metres=st.floats(1, 5000), cell=st.floats(20, 2000))
def test_it_finds_what_lies_within_some_metres(
    lon: float, lat: float, offsets: list[tuple[float, float]], metres: float, cell: float
) -> None:
    lons = np.array([lon + east for east, _ in offsets] + [np.nan])
    lats = np.array([lat + north for _, north in offsets] + [np.nan])
    near = Grid(lons, lats, cell).near(lon, lat, metres)
    away = distance(lon, lat, lons, lats)
    assert sorted(near.places.tolist()) == np.flatnonzero(away <= metres).tolist()
    assert np.array_equal(near.metres, away[near.places])


def test_metres_are_those_of_a_map() -> None:
    # West Lake to Qianjiang New Town: 8,285 m on the ellipsoid.
    [found] = distance(120.1418, 30.2489, np.array([120.2115]), np.array([30.2050]))
    assert abs(found - 8282) < 30


def test_nothing_is_near_where_nothing_is() -> None:
    nowhere = Grid(np.empty(0), np.empty(0)).near(120.0, 30.0, 1000)
    assert not len(nowhere.places)
    assert not len(Grid(np.array([np.nan]), np.array([30.0])).near(120, 30, 1e5).places)
