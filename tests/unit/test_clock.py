"""Times are read to the microsecond, in the zone that they are in."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.clock import parse_time
from hub.models import to_micros

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2100, 12, 30))  # noqa: DTZ001 zones are added
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moment=MOMENTS, zone=OFFSETS)
def test_iso_text_is_exact(moment: datetime, zone: timezone) -> None:
    at = moment.replace(tzinfo=zone)
    assert parse_time(at.isoformat(), SHANGHAI) == to_micros(at)
    assert parse_time(moment.isoformat(" "), zone) == to_micros(at)


@given(ms=st.integers(946_684_800_000, 4_133_980_799_999))
def test_epoch_milliseconds_are_exact(ms: int) -> None:
    assert parse_time(ms, SHANGHAI) == parse_time(float(ms), UTC) == ms * 1000


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00+00:00"),
        ("2026-05-01t08:00:00z", "2026-05-01T08:00:00+00:00"),
        ("20260501T080000Z", "2026-05-01T08:00:00+00:00"),
        ("2026-05-01T08:00", "2026-05-01T08:00:00+08:00"),
        ("2026-05-01", "2026-05-01T00:00:00+08:00"),
        ("1999-12-31T23:59:59-08:00", "2000-01-01T07:59:59+00:00"),
        ("2026-05-01T08:00:00.1", "2026-05-01T08:00:00.100000+08:00"),
        ("2026-05-01T08:00:00,123456789", "2026-05-01T08:00:00.123456+08:00"),
    ],
)
def test_forms_of_iso_text(text: str, same: str) -> None:
    assert parse_time(text, SHANGHAI) == to_micros(datetime.fromisoformat(same))
