"""Payloads of Sparkplug B by the field numbers of the specification (3.0, 6.4), and metrics as they are sent. Pure."""

from itertools import islice
from typing import NamedTuple

from devices.codecs.protobuf import LEN, Field, expect, fields, number, text

TIMESTAMP, METRICS, SEQ = 1, 2, 3
"""Fields of a payload."""
NAME, ALIAS, AT, DATATYPE, HISTORICAL, NULL, PROPERTIES = 1, 2, 3, 4, 5, 7, 9
INT, LONG, FLOAT, DOUBLE, BOOLEAN = 10, 11, 12, 13, 14
"""Fields of a metric."""
_KEYS, _VALUES = 1, 2
"""Fields of the properties of a metric: names, and values in their order."""
_PROPERTY_INT, _PROPERTY_LONG = 3, 4
MAX_PROPERTIES = 100
"""Of a metric; those behind are not looked at."""
SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Bits of data types with a sign, by their number; they are sent without it."""
UNSIGNED = frozenset({5, 6, 7, 8})
FLOATING, BOOL = frozenset({9, 10}), 11
BD_SEQ = "bdSeq"
"""The metric that tells which death belongs to which birth."""


Metric = dict[int, Field]
"""Its fields by number, the last of one that is sent twice."""


class Payload(NamedTuple):
    """A payload whose metrics are not looked into yet."""

    timestamp: int | None
    """Milliseconds."""
    seq: int | None
    metrics: list[Field]
    at: int
    """Where the timestamp stands."""


def read(message: bytes) -> Payload:
    """The payload; DecodeError at the byte where it cannot be read."""
    timestamp = seq = None
    at, metrics = 0, []
    for field in fields(message, 0, len(message)):
        if field[0] == METRICS:
            metrics.append(expect(field, LEN, "metrics"))
        elif field[0] == TIMESTAMP:
            timestamp, at = number(field, "timestamp"), field[4]
        elif field[0] == SEQ:
            seq = number(field, "seq")
    return Payload(timestamp, seq, metrics, at)


def metric_of(message: bytes, field: Field) -> Metric:
    """A metric of a payload."""
    return {each[0]: each for each in fields(message, field[2], field[3])}


def told(metric: Metric, field: int, default: int = 0) -> int:
    """The number that a metric tells in a field."""
    return number(metric[field], "metric") if field in metric else default


def name_of(message: bytes, metric: Metric) -> str | None:
    """The name of a metric; None where it has an alias only."""
    return text(message, metric[NAME], "name") if NAME in metric else None


def property_of(message: bytes, field: Field, name: str, default: int) -> int:
    """The whole number that a metric tells as a property; the default where it tells none."""
    keys, values = list[str](), list[Field]()
    expect(field, LEN, "properties")
    for each in islice(fields(message, field[2], field[3]), 2 * MAX_PROPERTIES):
        if each[0] == _KEYS:
            keys.append(text(message, each, "keys"))
        elif each[0] == _VALUES:
            values.append(expect(each, LEN, "values"))
    for key_told, value in zip(keys, values, strict=False):
        if key_told == name:
            found = metric_of(message, value)
            return told(found, _PROPERTY_INT, told(found, _PROPERTY_LONG, default))
    return default
