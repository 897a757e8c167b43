"""Figures as people read them."""

import pytest

from hub.words.figure import duration, percentage, short


@pytest.mark.parametrize(
    ("numerator", "denominator", "told"),
    [
        (5_051, 5_053, "99.96%"),  # a district reported 99.92 %
        (3_548, 5_053, "70.22%"),
        (0, 5_053, "0.00%"),
        (5_053, 5_053, "100.00%"),
        (1, 8, "12.50%"),
        (1, 800, "0.13%"),  # 0.125: half up
        (99_999, 100_000, "99.999%"),
        (1, 1_000_000, "0.0001%"),
        (1, 0, "–"),
        (3, 2, "150.00%"),
    ],
)
def test_a_share_is_never_all_or_nothing_unless_it_is(numerator: int, denominator: int, told: str) -> None:
    assert percentage(numerator, denominator) == told


def test_durations_and_short_numbers() -> None:
    assert [duration(seconds, "en") for seconds in (None, 29, 3_570, 4_000_000)] == [
        "–", "0 min", "1 h 0 min", "1,111 h 7 min",
    ]  # fmt: skip
    assert [short(n, "zh") for n in (9_999, 10_000, 27_750, 2_775_000)] == ["9999", "1.0万", "2.8万", "278万"]
    assert [short(n, "en") for n in (27_750, 277_500)] == ["27.8k", "278k"]
