"""Where in a payload each flaw stands: walks a JSON message as its codec does, part by part. Pure.

Whether a message is refused is the codec's verdict alone; this module only says where. It calls the codec with one
part at a time, so that what it points at is what the codec objects to.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from devices.codecs import event, senml
from devices.codecs.clock import parse_time
from devices.codecs.metric import Verdict, bad_name, judge, number
from devices.diagnosis.json_places import child
from hub.errors import DecodeError
from hub.models import Micros


class Found(NamedTuple):
    """A flaw and the path of the value that has it; `record` counts the records of a pack, from 0."""

    path: str
    reason: str
    detail: str
    record: int | None = None


Slice = Callable[[str], bytes]
"""The bytes of the value at a path, as they were sent."""
Walk = Callable[[Any, Slice, Micros, tzinfo], Iterator[Found]]
"""Takes the parsed message, its slices, the time of arrival and the zone of the device's clock."""

_EVENT_FIELDS = {
    "event_no_kind": "kind",
    "event_bad_id": "id",
    "bad_time": "ts",
    "time_out_of_range": "ts",
    "event_bad_state": "state",
    "event_bad_level": "level",
    "event_bad_attributes": "attributes",
    "too_deep": "attributes",
    "bad_image": "image",
    "too_large_image": "image",
}
_SENML_FIELDS = {
    "senml_no_name": "n",
    "bad_metric_name": "n",
    "senml_bad_version": "bver",
    "senml_other_device": "bn",
    "value_not_a_number": "v",
    "value_not_finite": "v",
    "senml_sum_only": "s",
    "senml_not_numeric": "vs",
}
_LABEL = re.compile(r"(?:bn|bt|bv|bver|n|vb|vs|vd|t)\b(?= is| of)")
_BASES = ("bn", "bt", "bv", "bver")


def _parts(message: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(message, list):
        yield from ((child("$", index), part) for index, part in enumerate(message))
    else:
        yield "$", message


def telemetry_flaws(message: Any, _: Slice, _received: Micros, zone: tzinfo) -> Iterator[Found]:
    """Wrong times, names and values of telemetry JSON."""
    for path, part in _parts(message):
        if not isinstance(part, dict):
            yield Found(path, "not_an_object", "an object with values is expected here")
            continue
        if (ts := part.get("ts")) is not None:
            try:
                parse_time(ts, zone)
            except DecodeError as error:
                yield Found(child(path, "ts"), error.reason, error.detail)
        inside = part.get("values")
        nested = isinstance(inside, dict)
        if not nested and "values" in part and type(inside) not in (int, float, bool):
            yield Found(child(path, "values"), "no_values", 'an object is expected here: {"pm25": 35.2}')
            continue
        if not (inside if nested else part):
            yield Found(path, "no_values", 'there is no value in it: {"pm25": 35.2}')
        base, values = (child(path, "values"), inside) if isinstance(inside, dict) else (path, part)
        for name, value in values.items():
            if not nested and (name == "ts" or (name == "device" and isinstance(value, str))):
                continue
            if flaw := _value_flaw(name, value):
                yield Found(child(base, name), flaw.reason, flaw.detail)


def _value_flaw(name: str, value: object) -> DecodeError | None:
    verdict = judge(name)
    if verdict is Verdict.PRIVATE:
        return None
    if verdict is Verdict.BAD:
        return bad_name(name)
    try:
        number(name, value)
    except DecodeError as error:
        return error
    return None


def senml_flaws(message: Any, _: Slice, received: Micros, _zone: tzinfo) -> Iterator[Found]:
    """Wrong records of a SenML pack, each read with the base fields that hold for it."""
    if not isinstance(message, list):
        return
    device: str | None = None
    bases: dict[str, Any] = {}
    for index, record in enumerate(message):
        path = child("$", index)
        if not isinstance(record, dict):
            yield Found(path, "not_an_object", "a SenML record is expected here", index)
            continue
        bases |= {label: record[label] for label in _BASES if label in record}
        name = record.get("bn")
        if device is None and isinstance(name, str) and name.endswith((":", "/", "_", "-", ".")):
            device = name
        error = _alone([*([{"bn": device}] if device else []), {**bases, **record}], received)
        if error is None:
            continue
        yield Found(_senml_field(path, record, error), error.reason, error.detail, index)
        if any(label in record for label in _BASES) and _alone([bases], received) is not None:
            return  # the codec reads no further either: a base that holds for the rest cannot be read


def _alone(records: list[Any], received: Micros) -> DecodeError | None:
    """Why a pack of these records gives nothing."""
    try:
        decoded = senml.resolve(records, received)
    except DecodeError as error:
        return error
    return DecodeError(*decoded.faults[0]) if decoded.faults else None


def _senml_field(path: str, record: dict[str, Any], error: DecodeError) -> str:
    """The path of the label that an error speaks of, where it has it; else that of the record."""
    label = _SENML_FIELDS.get(error.reason)
    if error.reason in ("bad_time", "time_out_of_range"):
        label = "t" if "t" in record else "bt"
    if named := _LABEL.match(error.detail):
        label = named[0]
    return child(path, label) if label is not None and label in record else path


def event_flaws(message: Any, sliced: Slice, received: Micros, zone: tzinfo) -> Iterator[Found]:
    """Wrong fields of event JSON."""
    for path, part in _parts(message):
        try:
            faults = event.decode(sliced(path), received, zone).faults
        except DecodeError as error:
            yield _event_flaw(path, part, error.reason, error.detail)
        else:
            for reason, detail in faults:
                yield _event_flaw(path, part, reason, detail)


def _event_flaw(path: str, part: Any, reason: str, detail: str) -> Found:
    field = _EVENT_FIELDS.get(reason)
    if field is None and detail.startswith(("kind ", "id ")):
        field = detail.split(" ", 1)[0]
    there = isinstance(part, dict) and field in part
    return Found(child(path, field) if there and field else path, reason, detail)


def no_flaws(_message: Any, _sliced: Slice, _received: Micros, _zone: tzinfo) -> Iterator[Found]:
    """Of a form that is refused as a whole."""
    return iter(())


def metric_path(where: Mapping[str, str], metric: str) -> str | None:
    """The path of a metric's value, or of the name that a record gives it; `where` holds the text at each path."""
    member, named = child("", metric), json.dumps(metric, ensure_ascii=False)
    for path, text in where.items():
        if path.endswith(member) or (path.endswith(".n") and text == named):
            return path
    return None


def time_path(where: Mapping[str, str]) -> str | None:
    """The path of the first time in a message."""
    return next((path for path in where if path.endswith((".ts", ".t", ".bt"))), None)
