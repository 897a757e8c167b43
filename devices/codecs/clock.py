"""Parse device timestamps into exact microseconds."""

from datetime import UTC, datetime, timedelta, tzinfo

from devices.codecs.jsontext import quoted
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2101, 1, 1, tzinfo=UTC)
EARLIEST: Micros = (_EARLIEST - _EPOCH) // _MICROSECOND
"""No reading is older: what claims to be comes from a clock that was never set, or from the wrong unit."""
LATEST: Micros = (_LATEST - _EPOCH) // _MICROSECOND
_TS = "/ts"
_QUOTED, _EXAMPLE = Sentence("refusal.ts.quoted"), Sentence("refusal.ts.example")
_SECONDS, _MICROSECONDS = Sentence("refusal.ts.seconds"), Sentence("refusal.ts.microseconds")
_NANOSECONDS = Sentence("refusal.ts.nanoseconds")
_EARLY, _LATE = Sentence("refusal.ts.early"), Sentence("refusal.ts.late")
_LONGEST = 64  # characters of an ISO 8601 time; bounds the work on a hostile one


def parse_time(value: object, zone: tzinfo) -> Micros:
    """Microseconds of epoch milliseconds (an integer) or of ISO 8601; without an offset it is in `zone`.

    Raises DecodeError at the member "ts": bad_time when it cannot be read, time_out_of_range before 2000 or after 2100.
    """
    if type(value) is int:
        ts = value * 1000
    elif type(value) is float and value.is_integer():
        ts = int(value) * 1000
    elif isinstance(value, str):
        ts = _iso(value, zone)
    else:
        raise DecodeError("bad_time", Sentence("refusal.ts.kind", value=quoted(value)), _TS)
    if EARLIEST <= ts < LATEST:
        return ts
    hint = _about(ts, isinstance(value, str))
    raise DecodeError("time_out_of_range", Sentence("refusal.ts.range", value=quoted(value), hint=hint), _TS)


def _iso(text: str, zone: tzinfo) -> Micros:
    try:
        if len(text) > _LONGEST:
            raise ValueError
        at = datetime.fromisoformat(text.strip().upper())
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        return (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        hint = _QUOTED if text.strip().isdigit() else _EXAMPLE
        raise DecodeError("bad_time", Sentence("refusal.ts.iso", value=quoted(text), hint=hint), _TS) from None


def _about(ts: Micros, is_text: bool) -> Sentence:
    if not is_text:
        if EARLIEST <= ts * 1000 < LATEST:
            return _SECONDS
        if EARLIEST <= ts // 1000 < LATEST:
            return _MICROSECONDS
        if EARLIEST <= ts // 1_000_000 < LATEST:
            return _NANOSECONDS
    return _EARLY if ts < EARLIEST else _LATE
