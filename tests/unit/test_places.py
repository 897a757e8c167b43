import pytest

from devices.places.position import PROVINCES, degrees_of, doubt
from devices.places.regions import sample

HANGZHOU = "330106000000"


@pytest.mark.parametrize(
    ("lon", "lat", "region", "grade", "hint"),
    [
        (120.13, 30.28, HANGZHOU, None, ""),
        (120.13, 30.28, None, None, ""),
        (2.35, 48.86, None, None, ""),
        (30.28, 50.0, HANGZHOU, "error", "correct the position"),
        (43.8, 87.6, "650102000000", "error", "lon 87.6, lat 43.8"),
        (43.8, 87.6, None, "warning", "lon 87.6, lat 43.8"),
        (2.35, 48.86, HANGZHOU, "error", "correct the position"),
        (102.13, 30.28, HANGZHOU, "warning", "between lon 118"),
        (0, 0, HANGZHOU, "error", "leave both empty"),
    ],
)
def test_doubt(lon: float, lat: float, region: str | None, grade: str | None, hint: str) -> None:
    found = doubt(lon, lat, region)
    assert (found.grade if found else None) == grade
    assert hint in (found.right if found else "")


def test_swapped_degrees_are_told_before_anything_else() -> None:
    found = degrees_of(30.28, 120.13)
    assert found is not None
    assert "lon 120.13, lat 30.28" in found.right
    assert degrees_of(120.13, 30.28) is None
    nowhere = degrees_of(400, 30)
    assert nowhere is not None
    assert "nowhere" in nowhere.wrong


def test_every_province_of_the_sample_has_a_box() -> None:
    assert {line[:2] for line in sample().splitlines()[1:]} <= PROVINCES.keys()
