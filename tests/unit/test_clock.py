"""Times are read to the microsecond, in the zone that they are in."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.clock import parse_time
from hub.errors import DecodeError
from hub.models import to_micros

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2100, 12, 30))  # noqa: DTZ001 zones are added
OFFSET = timezone(timedelta(hours=8))
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
        ("2026/5/1 8:00:00", "2026-05-01T08:00:00+08:00"),
        ("20260501080000", "2026-05-01T08:00:00+08:00"),
        ("20260501080000Z", "2026-05-01T08:00:00+00:00"),
        ("20260501 080000+0500", "2026-05-01T08:00:00+05:00"),
        ("20260501080000123", "2026-05-01T08:00:00.123+08:00"),
        ("202605010800", "2026-05-01T08:00:00+08:00"),
        ("1777593600000", "2026-05-01T00:00:00+00:00"),
        ("1777593600000.25", "2026-05-01T00:00:00.00025+00:00"),
        ("2012120100000", "2033-10-05T10:15:00+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2017-01-01 07:59:60.5", "2017-01-01T08:00:00.5+08:00"),
        ("2026-12-31T24:00:00", "2027-01-01T00:00:00+08:00"),
        ("20261231T240000Z", "2027-01-01T00:00:00+00:00"),
        ("2026-05-01T08:00:00.1", "2026-05-01T08:00:00.100000+08:00"),
        ("2026-05-01T08:00:00,123456789", "2026-05-01T08:00:00.123456+08:00"),
    ],
)
def test_forms_of_iso_text(text: str, same: str) -> None:
    assert parse_time(text, SHANGHAI) == to_micros(datetime.fromisoformat(same))


@given(moment=MOMENTS)
def test_compact_numbers_are_exact(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    digits = f"{whole:%Y%m%d%H%M%S}{whole.microsecond // 1000:03}"
    expected = to_micros(whole.replace(tzinfo=OFFSET))
    assert parse_time(int(digits), OFFSET) == parse_time(digits, OFFSET) == expected
    assert parse_time(int(digits[:14]), OFFSET) == expected - whole.microsecond


@given(ms=st.integers(946_684_800_000, 4_133_980_799_999), micros=st.integers(0, 999))
def test_milliseconds_with_a_fraction_are_rounded_to_microseconds(ms: int, micros: int) -> None:
    assert parse_time(ms + micros / 1000, UTC) == pytest.approx(ms * 1000 + micros, abs=1)
    assert parse_time(str(ms), UTC) == ms * 1000


@pytest.mark.parametrize("value", [1_772_352_000, 1_772_352_000.25, "1772352000", "1772352000.5"])
def test_seconds_are_called_seconds(value: object) -> None:
    with pytest.raises(DecodeError, match="looks like seconds"):
        parse_time(value, UTC)


@pytest.mark.parametrize(
    "value",
    ["2026-05-01T24:00:01", "2026-05-01T25:00:00", "2026-05-01T08:30:60", "20261301080000", "20260501080", "8:00"],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(DecodeError):
        parse_time(value, UTC)
