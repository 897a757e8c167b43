"""Validation of metric names and values, with an explanation for rejected ones."""

import re
from enum import Enum
from functools import lru_cache

from devices.codecs.jsontext import NotFinite, quoted
from devices.privacy import is_private
from hub.errors import DecodeError

MAX_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/-]{{0,{MAX_NAME - 1}}}")
_TIME_NAMES = frozenset({"time", "timestamp", "datetime", "date", "t"})


class Verdict(Enum):
    """How a metric name is classified."""

    GOOD = 1
    PRIVATE = 2
    BAD = 3


@lru_cache(maxsize=65_536)
def _judged(name: str) -> Verdict:
    if is_private(name):
        return Verdict.PRIVATE
    return Verdict.GOOD if _NAME.fullmatch(name) else Verdict.BAD


def judge(name: str) -> Verdict:
    """Classify a metric name; long names are not cached, which bounds memory."""
    return _judged(name) if len(name) <= MAX_NAME else Verdict.BAD


def bad_name(name: str) -> DecodeError:
    """The error for an invalid metric name."""
    return DecodeError(
        "bad_metric_name",
        f"{quoted(name)} cannot be a metric: up to {MAX_NAME} of the letters A-Z a-z, digits and . _ : / - "
        "after a letter or digit",
    )


def number(name: str, value: object) -> float:
    """Convert a reading's value to float (booleans to 0 or 1); DecodeError: value_not_a_number, value_not_finite."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            pass
    elif not isinstance(value, NotFinite):
        raise DecodeError("value_not_a_number", f"{quoted(name)} is {quoted(value)}: {_advice(name, value)}")
    raise DecodeError(
        "value_not_finite",
        f"{quoted(name)} is {quoted(value)}, not a finite 64-bit number: leave it out when nothing was measured",
    )


def _advice(name: str, value: object) -> str:
    if name.lower() in _TIME_NAMES:
        return 'a time is sent as "ts"'
    if value is None:
        return "leave it out when nothing was measured"
    if isinstance(value, str):
        return "send a number without quotes; text is sent as an event"
    return "send each value as a number by its own name"
