"""Names that are nearly right: metrics by what they mean, codes by one slip of the finger."""

import pytest

from devices.similar import like, likest, nearest, variants
from devices.topics import CODE

KNOWN = {"pm25": "PM2.5", "pm10": "PM10", "temperature": "气温", "humidity": "相对湿度"}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("PM2.5", "pm25"),
        ("pm_2_5", "pm25"),
        ("PM-10", "pm10"),
        ("temp", "temperature"),
        ("气温", "temperature"),
        ("humidty", "humidity"),
    ],
)
def test_the_nearest_metric_comes_first(name: str, first: str) -> None:
    assert nearest(name, KNOWN)[0] == first


def test_what_is_like_nothing_suggests_nothing() -> None:
    assert nearest("voltage_l1", KNOWN) == []
    assert nearest("...", KNOWN) == []


def test_an_exact_match_but_for_punctuation_is_alone() -> None:
    assert nearest("PM2.5", KNOWN) == ["pm25"]


@pytest.mark.parametrize(
    "typed", ["air-02", "ari-01", "air-0", "air-011", "Air-01", "AIR-01", "air_01", "ir-01", "air-O1"]
)
def test_one_slip_is_found_both_ways(typed: str) -> None:
    assert "air-01" in variants(typed)
    assert typed in variants("air-01")
    assert like("air-01", typed)


def test_variants_are_codes_without_the_code_itself_and_bounded() -> None:
    found = variants("air-01")
    assert "air-01" not in found
    assert all(CODE.fullmatch(each) for each in found)
    assert len(found) == len(set(found)) < 1_700
    assert len(variants("a" * 64)) < 2_000


def test_likeness_has_its_limits() -> None:
    assert not like("air-01", "air-01")
    assert not like("air-01", "noise-7")
    assert not like("air-01", "air-123")
    assert like("airstation-01", "airsttaion-0l")
    assert likest("air-01", ["air-02", "noise", "air-1", "AIR.01"], most=2) == ["air-02", "air-1"]
