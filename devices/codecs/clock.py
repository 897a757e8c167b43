"""Parse device timestamps into exact microseconds."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from devices.codecs.jsontext import quoted
from hub.errors import At, DecodeError
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
_EXAMPLE = Sentence("refusal.ts.example")
_SECONDS, _MICROSECONDS = Sentence("refusal.ts.seconds"), Sentence("refusal.ts.microseconds")
_NANOSECONDS = Sentence("refusal.ts.nanoseconds")
_UPTIME = Sentence("refusal.ts.uptime")
_LONGEST_UPTIME: Micros = 2**28 * 1_000_000  # milliseconds of a device that has run for eight years
_EARLY, _LATE = Sentence("refusal.ts.early"), Sentence("refusal.ts.late")
_LONGEST = 64  # characters of a time; bounds the work on a hostile one
_FOREVER = 10**30  # no time: bounds the integers that a float can become

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
_COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[T ]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    r"((?P<second>[0-9]{2})([.,]?(?P<fraction>[0-9]{3}))?)?" + _ZONE
)
"""Like 20261128080000 and 20261128080000123."""
_WRITTEN = re.compile(
    r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})[T ]+"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})([.,](?P<fraction>[0-9]{1,9}))?)?\s*" + _ZONE
)
"""Like 2026/1/5 8:00:00, and ISO 8601 with a leap second or 24:00."""


def parse_time(value: object, zone: tzinfo) -> Micros:
    """Microseconds of epoch milliseconds (a number, also in quotes), of ISO 8601 or of a compact time (20261128080000).

    Without an offset a time is in `zone`; a leap second is the second after it, 24:00 the next day.
    Raises DecodeError at the member "ts": bad_time when it cannot be read, time_out_of_range before 2000 or after 2100.
    """
    if type(value) is int:
        ts = value * 1000
    elif type(value) is float:
        ts = _of_float(value)
    elif isinstance(value, str):
        ts = _of_text(value, zone)
    else:
        raise DecodeError("bad_time", Sentence("refusal.ts.kind", value=quoted(value)), _TS)
    if EARLIEST <= ts < LATEST:
        return ts
    number = _number(value)
    if number is not None and EARLIEST <= (compact := _compact(number, zone)) < LATEST:
        return compact
    hint = _about(ts, number is not None)
    raise DecodeError("time_out_of_range", Sentence("refusal.ts.range", value=quoted(value), hint=hint), _TS)


def in_range(ts: Micros, at: At) -> Micros:
    """A time that is none of a clock that was never set; DecodeError time_out_of_range at its place."""
    if EARLIEST <= ts < LATEST:
        return ts
    sentence = Sentence("refusal.ts.range", value=quoted(ts // 1000), hint=_EARLY if ts < EARLIEST else _LATE)
    raise DecodeError("time_out_of_range", sentence, at)


def is_epoch(value: object) -> bool:
    """Whether a number, also in quotes, is a time since 1970 in seconds, milliseconds, microseconds or nanoseconds."""
    number = _number(value)
    return number is not None and any(EARLIEST * 1000 <= number * 10**power < LATEST * 1000 for power in (9, 6, 3, 0))


def _of_float(milliseconds: float) -> Micros:
    """To the nearest microsecond."""
    if abs(milliseconds) > _FOREVER:
        return _FOREVER if milliseconds > 0 else 0
    return int(milliseconds) * 1000 if milliseconds.is_integer() else round(milliseconds * 1000)


def _of_text(text: str, zone: tzinfo) -> Micros:
    try:
        if len(text) > _LONGEST:
            raise ValueError
        at = datetime.fromisoformat(text.strip().upper())
        if at.tzinfo is None:
            if text.isdigit() and len(text) > 8:  # a number, of which a part looks like a date
                raise ValueError
            at = at.replace(tzinfo=zone)
        return (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        ts = _of_odd_text(text.strip().upper(), zone) if len(text) <= _LONGEST else None
        if ts is None:
            raise DecodeError("bad_time", Sentence("refusal.ts.iso", value=quoted(text), hint=_EXAMPLE), _TS) from None
        return ts


def _of_odd_text(text: str, zone: tzinfo) -> Micros | None:
    """Of a number in quotes, a compact time, or a time that Python does not read; None of anything else."""
    number = _number(text)
    if number is None:
        found = _calendar(_COMPACT, text, zone)
        return _calendar(_WRITTEN, text, zone) if found is None else found
    return number * 1000 if type(number) is int else _of_float(number)


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if len(value) > _LONGEST or not (found := _NUMBER.fullmatch(value.strip())):
            return None
        return float(value) if found[1] else int(value)
    return value


def _compact(number: int | float, zone: tzinfo) -> Micros:
    """Of a number whose digits are a compact time, the time; 0 of any other."""
    if abs(number) >= 10**17 or number != int(number):
        return 0
    return _calendar(_COMPACT, str(int(number)), zone) or 0


def _calendar(form: re.Pattern[str], text: str, zone: tzinfo) -> Micros | None:
    """A time of this form; None when it is not one."""
    found = form.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute = map(int, found.group("year", "month", "day", "hour", "minute"))
    second, fraction = int(found["second"] or 0), (found["fraction"] or "0")[:6]
    later = timedelta(microseconds=int(fraction.ljust(6, "0")))
    if (hour, minute, second, int(fraction)) == (24, 0, 0, 0):
        hour, later = 0, timedelta(days=1)
    elif (minute, second) == (59, 60):
        second, later = 59, later + timedelta(seconds=1)
    try:
        local = datetime(year, month, day, hour, minute, second) + later  # noqa: DTZ001 its zone follows
        return (local.replace(tzinfo=_zone(found["zone"]) or zone) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> tzinfo | None:
    if text is None or text == "Z":
        return None if text is None else UTC
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _about(ts: Micros, is_number: bool) -> Sentence:
    if is_number:
        if EARLIEST <= ts * 1000 < LATEST:
            return _SECONDS
        if EARLIEST <= ts // 1000 < LATEST:
            return _MICROSECONDS
        if EARLIEST <= ts // 1_000_000 < LATEST:
            return _NANOSECONDS
        if 0 <= ts < _LONGEST_UPTIME:
            return _UPTIME
    return _EARLY if ts < EARLIEST else _LATE
