"""Deliberately invalid messages, as integrators send them; each must become exactly one dead letter."""

from collections.abc import Callable

from simulator.fleet import Thing
from simulator.messages import Message

YEAR_MS = 365 * 24 * 3600 * 1000

UNKNOWN_METRIC = "unknown_metric"
"""The one fault that comes beside good readings, in the same message."""


def _json(thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return thing.topic(prefix, "telemetry"), b'{"ts": %d, "values": {"pm25": 35.' % ms


def _device(_thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return f"{prefix}/air-unregistered/telemetry", b'{"ts": %d, "values": {"pm25": 35.2}}' % ms


def _code(_thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return f"{prefix}/-no device code-/telemetry", b'{"ts": %d, "values": {"pm25": 35.2}}' % ms


def _nan(thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return thing.topic(prefix, "telemetry"), b'{"ts": %d, "values": {"pm25": NaN}}' % ms


def _word(thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return thing.topic(prefix, "telemetry"), b'{"ts": %d, "values": {"pm25": "n/a"}}' % ms


def _future(thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return thing.topic(prefix, "telemetry"), b'{"ts": %d, "values": {"pm25": 35.2}}' % (ms + YEAR_MS)


def _utf8(thing: Thing, prefix: str, ms: int) -> tuple[str, bytes]:
    return thing.topic(prefix, "telemetry"), b'{"ts": %d, "values": {"pm25\xff": 35.2}}' % ms


FAULTS: dict[str, Callable[[Thing, str, int], tuple[str, bytes]]] = {
    "no_json": _json,
    "unknown_device": _device,
    "bad_device_code": _code,
    "not_a_number": _nan,
    "text_value": _word,
    "far_future": _future,
    "not_utf8": _utf8,
}


def spoiled(fault: str, thing: Thing, prefix: str, ms: int) -> Message:
    """An entirely invalid message with the given fault; `thing` is an air station, `ms` its clock."""
    topic, payload = FAULTS[fault](thing, prefix, ms)
    return Message(topic, payload, fault=fault)
