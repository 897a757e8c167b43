"""Of an hour that comes twice the time of arrival tells which one is meant; what it cannot tell is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.clock import parse_time
from devices.codecs.local_time import SettingBack, zone_at, zone_of
from hub.errors import DecodeError
from hub.models import to_micros

NAME = "Europe/Berlin"
FIRST = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""02:30 for the first time; an hour later it is 02:30 again."""
HOUR = timedelta(hours=1)
TEXTS = ("2026-10-25T02:30:00", "2026-10-25 02:30", "20261025023000", "2026/10/25 2:30:00")


def _read(text: str, received: datetime, name: str = NAME) -> datetime:
    micros = to_micros(received)
    return datetime.fromtimestamp(parse_time(text, zone_at(zone_of(name), micros)) / 1e6, UTC)


@pytest.mark.parametrize("text", TEXTS)
def test_each_hour_gets_what_comes_in_it(text: str) -> None:
    for late in (-300, 0, 3, 1200):
        came = timedelta(seconds=late)
        assert _read(text, FIRST + came) == FIRST
        assert _read(text, FIRST + HOUR + came) == FIRST + HOUR


def test_what_was_kept_for_a_while_is_of_the_first_hour_while_the_second_is_to_come() -> None:
    assert _read(TEXTS[0], FIRST + timedelta(minutes=45)) == FIRST


@pytest.mark.parametrize("text", TEXTS)
def test_what_comes_long_after_both_is_refused(text: str) -> None:
    for later in (timedelta(minutes=95), timedelta(days=30)):
        with pytest.raises(DecodeError) as refused:
            _read(text, FIRST + later)
        assert (refused.value.reason, refused.value.at) == ("ambiguous_time", "/ts")
    assert _read(f"{TEXTS[0]}+01:00", FIRST + timedelta(days=30)) == FIRST + HOUR


def test_times_that_come_once_or_never_are_read_as_ever() -> None:
    for text in ("2026-10-25T01:59:59", "2026-10-25T03:00:00", "2026-03-29T02:30:00", "2026-07-01T12:00:00"):
        plain = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(NAME)).astimezone(UTC)
        assert _read(text, FIRST + timedelta(days=30)) == plain


def test_a_zone_without_such_hours_costs_nothing() -> None:
    zone = zone_of("Asia/Shanghai")
    assert isinstance(zone, ZoneInfo)
    assert zone_at(zone, 0) is zone
    assert isinstance(zone_of("America/New_York"), SettingBack)
