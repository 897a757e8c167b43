"""Hours of workdays and of days of rest."""

from datetime import UTC, datetime

import numpy as np

from analytics.detectors.hours import HOUR, hours


def at(*stamps: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([round(datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp() * 1e6) for each in stamps])


def test_workdays_and_days_of_rest() -> None:
    friday, saturday, monday = "2026-01-02T23:59:59", "2026-01-03T00:00:00", "2026-01-05T13:00:00"
    assert hours(at(friday, saturday, monday)).tolist() == [23, 24, 13]
    assert hours(at(friday), 8 * HOUR).tolist() == [24 + 7]  # in Shanghai it is Saturday
    assert hours(at("1969-12-31T01:00:00", "1969-12-28T01:00:00")).tolist() == [1, 25]


def test_holidays_and_workdays_that_make_up_for_them() -> None:
    thursday, sunday, friday = "2026-01-01T10:00:00", "2026-01-04T10:00:00", "2026-01-09T10:00:00"
    swapped = at(thursday, sunday) // (24 * HOUR)
    assert hours(at(thursday, sunday, friday), 0, swapped).tolist() == [34, 10, 10]
    assert hours(at(thursday), 0, swapped[:0]).tolist() == [10]
