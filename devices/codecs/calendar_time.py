"""Times that a frame tells as year, month, day, hour, minute and second in numbers of their own. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo

from devices.codecs.clock import EARLIEST, LATEST
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


Parts = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute and second."""


def moment(parts: Parts, zone: tzinfo) -> Micros | None:
    """Microseconds of a time in a zone; None where there is no such time, or none that a reading can have."""
    try:
        at = datetime(*parts, tzinfo=zone)
        ts = (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None
    return ts if EARLIEST <= ts < LATEST else None


def no_time(parts: Parts, at: int) -> DecodeError:
    """The error of parts of which there is no time; `at`: their first byte."""
    year, month, day, hour, minute, second = parts
    told = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    return DecodeError("bad_time", Sentence("refusal.octets.time", told=f"'{told}'"), at)
