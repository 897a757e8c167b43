"""The header Retry-After (RFC 9110, 10.2.3): how long a receiver asks to be left alone. Pure."""

from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(value: str | None, date: str | None, now: float) -> float:
    """Seconds that a header asks for, from a number or an HTTP-date; 0 without one, or with one that cannot be read.

    A date is compared with the header `date` of the same answer, so that the receiver's clock may be wrong; without
    that with `now`, in seconds since 1970.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:18])
    until = _seconds(text)
    return 0.0 if until is None else max(0.0, until - (_seconds(date or "") or now))


def _seconds(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError):
        return None
