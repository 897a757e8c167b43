"""Validation of metric names and values, with an explanation for rejected ones."""

import re
from enum import Enum
from functools import lru_cache

from devices.codecs.decoded import Decoded
from devices.codecs.jsontext import NotFinite, quoted
from devices.codecs.time_names import is_time_name
from devices.privacy import is_private
from hub.errors import DecodeError
from hub.words.sentence import Sentence

MAX_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/-]{{0,{MAX_NAME - 1}}}")
_NOTHING = frozenset({"", "-", "--", "nan", "-nan", "inf", "-inf", "none", "null", "n/a", "na", "无"})
"""Texts for a value that was not measured."""
_TIME, _NULL = Sentence("refusal.metric.time"), Sentence("refusal.metric.null")
_TEXT, _NESTED = Sentence("refusal.metric.text"), Sentence("refusal.metric.nested")


class Verdict(Enum):
    """How a metric name is classified."""

    GOOD = 1
    PRIVATE = 2
    BAD = 3
    TIME = 4
    """A metric or a time, as its value is; not all of them are good names of metrics."""


@lru_cache(maxsize=65_536)
def _judged(name: str) -> Verdict:
    if is_private(name):
        return Verdict.PRIVATE
    if is_time_name(name):
        return Verdict.TIME
    return Verdict.GOOD if is_metric(name) else Verdict.BAD


def is_metric(name: str) -> bool:
    """Whether a name can be that of a metric."""
    return _NAME.fullmatch(name) is not None


def judge(name: str) -> Verdict:
    """Classify a metric name; long names are not cached, which bounds memory."""
    return _judged(name) if len(name) <= MAX_NAME else Verdict.BAD


def leave_unused(decoded: Decoded, name: str) -> None:
    """Note a member of which nothing is made, or that the privacy gate drops it."""
    if judge(name) is Verdict.PRIVATE:
        decoded.private += 1
    else:
        decoded.note_unused(name)


def bad_name(name: str) -> DecodeError:
    """The error for an invalid metric name."""
    return DecodeError("bad_metric_name", Sentence("refusal.metric.name", name=quoted(name), most=MAX_NAME))


def number(name: str, value: object) -> float:
    """Convert a reading's value to float (booleans to 0 or 1); DecodeError: value_not_a_number, value_not_finite."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            pass
    elif not isinstance(value, NotFinite):
        advice = _advice(name, value)
        sentence = Sentence("refusal.metric.number", name=quoted(name), value=quoted(value), advice=advice)
        raise DecodeError("value_not_a_number", sentence)
    raise DecodeError("value_not_finite", Sentence("refusal.metric.finite", name=quoted(name), value=quoted(value)))


def _advice(name: str, value: object) -> Sentence:
    if is_time_name(name):
        return _TIME
    if isinstance(value, str) and value.strip().lower() in _NOTHING:
        return _NULL
    return _TEXT if isinstance(value, str) else _NESTED
