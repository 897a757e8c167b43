import pytest

from devices.places.regions import ancestors, level_of


@pytest.mark.parametrize(
    ("code", "level", "above"),
    [
        ("330000000000", "province", []),
        ("330110000000", "county", ["330000000000", "330100000000"]),
        ("330110005001", "village", ["330000000000", "330100000000", "330110000000", "330110005000"]),
        ("441900003001", "village", ["440000000000", "441900000000", "441900003000"]),  # a city without counties
    ],
)
def test_a_code_tells_its_level_and_what_is_above(code: str, level: str, above: list[str]) -> None:
    assert level_of(code) == level
    assert ancestors(code) == above
