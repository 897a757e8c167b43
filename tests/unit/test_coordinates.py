from math import cos, hypot, radians

import pytest

from devices.places.coordinates import bd09_to_gcj02, gcj02_to_bd09, gcj02_to_wgs84, to_wgs84, wgs84_to_gcj02

CITIES = {
    "Yuhang": (119.998, 30.252),
    "Zhoushan": (122.107, 30.016),
    "Urumqi": (87.617, 43.793),
    "Sansha": (112.339, 16.831),
    "Mohe": (122.536, 53.481),
    "the meridian of the series": (105.0, 35.0),
}


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return hypot((a[0] - b[0]) * cos(radians(a[1])), a[1] - b[1]) * 111_320


def test_points_that_others_publish_too() -> None:
    """Tian'anmen and the Oriental Pearl, as converted by the mapping services' own transform."""
    assert wgs84_to_gcj02(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert gcj02_to_bd09(116.404, 39.915) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)
    assert gcj02_to_wgs84(116.404, 39.915) == pytest.approx((116.39775550083061, 39.91359571849836), abs=1e-5)


@pytest.mark.parametrize("place", CITIES.values(), ids=CITIES)
def test_there_and_back_to_better_than_a_millionth_of_a_degree(place: tuple[float, float]) -> None:
    shifted = wgs84_to_gcj02(*place)
    assert 50 < metres(place, shifted) < 1000
    assert gcj02_to_wgs84(*shifted) == pytest.approx(place, abs=1e-8)
    spiral = gcj02_to_bd09(*shifted)
    assert 300 < metres(shifted, spiral) < 1500
    assert bd09_to_gcj02(*spiral) == pytest.approx(shifted, abs=1e-8)
    assert to_wgs84(*shifted, "gcj02") == pytest.approx(place, abs=1e-8)
    assert to_wgs84(*spiral, "bd09") == pytest.approx(place, abs=1e-8)
    assert to_wgs84(*place, "cgcs2000") == place


def test_the_whole_country_comes_back() -> None:
    places = [(73.5 + 0.61 * x, 3.5 + 0.53 * y) for x in range(100) for y in range(94)]
    for place in places:
        assert gcj02_to_wgs84(*wgs84_to_gcj02(*place)) == pytest.approx(place, abs=1e-7)


@pytest.mark.parametrize("place", [(2.35, 48.86), (-0.1, 51.5), (139.76, 35.68), (120.0, -10.0)])
def test_outside_china_nothing_is_shifted(place: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*place) == gcj02_to_wgs84(*place) == to_wgs84(*place, "bd09") == place
