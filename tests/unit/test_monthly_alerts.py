"""The bars of the report on alerts: each day has one of its own."""

from datetime import date, timedelta

import pytest

from api.monthly.alerts import bar_form


@pytest.mark.parametrize(
    ("first", "days", "form"),
    [
        (date(2026, 10, 1), 31, "%d"),
        (date(2026, 1, 31), 31, "%m-%d"),
        (date(2026, 2, 15), 31, "%m-%d"),
        (date(2026, 2, 15), 32, "%Y-%m"),
    ],
)
def test_days_of_two_months_are_told_apart(first: date, days: int, form: str) -> None:
    told = [first + timedelta(days=n) for n in range(days)]
    assert bar_form(first, told[-1]) == form
    if days <= 31:
        assert len({f"{day:{form}}" for day in told}) == days
