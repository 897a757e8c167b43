"""Telemetry JSON: `{"ts": ..., "values": {...}}`, a list of those, or flat `{"pm25": 35.2}`.

`ts` is epoch milliseconds or ISO 8601; without one the time of arrival stands in. Booleans are 0 and 1. A name
given twice counts as JSON decoders read it: the last wins. A text in `device` names the device and is no metric.
Beside `values` other fields are not looked at.
"""

from collections.abc import Callable
from datetime import tzinfo
from functools import partial

from devices.codecs.clock import parse_time
from devices.codecs.decoded import MAX_NAMES, MAX_READINGS, Decoded, Place
from devices.codecs.jsontext import parse, quoted
from devices.codecs.metric import Verdict, bad_name, judge, number
from devices.codecs.pointer import below, index, pointer
from devices.codecs.strict import Strict
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_GOOD, _PRIVATE = Verdict.GOOD, Verdict.PRIVATE
_NO_METRICS = frozenset({"ts", "device"})
_EXAMPLE = Sentence("refusal.telemetry.example")


def decode(payload: bytes, received: Micros, zone: tzinfo, into: Decoded | None = None) -> Decoded:
    """Decode a telemetry message; DecodeError when no reading is usable."""
    message = parse(payload)
    decoded = Decoded() if into is None else into
    if type(message) is dict:
        _take(message, received, zone, decoded)
    elif type(message) is list:
        if not message:
            raise DecodeError("no_values", Sentence("refusal.empty_list", example=_EXAMPLE), "")
        if len(message) > MAX_READINGS:
            raise _too_many(MAX_READINGS, "readings")
        if len(message) > 1 and _many_names(message):
            raise _too_many(MAX_NAMES, "metrics")
        rest = iter(message)
        above = partial(index, message, rest)
        for part in rest:
            try:
                _take(part, received, zone, decoded, above)
            except DecodeError as error:
                below(error, above())
                if error.reason == "too_many_values":
                    raise
                decoded.leave_out(error)
    else:
        raise _not_an_object(message)
    return decoded.settled()


def places(payload: bytes, received: Micros, zone: tzinfo) -> list[Place]:
    """Location of each reading returned by `decode`, which must have succeeded."""
    message = parse(payload)
    found: list[Place] = []
    for position, part in enumerate(message if isinstance(message, list) else [message]):
        above = (position,) if isinstance(message, list) else ()
        if isinstance(part, dict):
            timed, nested = "ts" in part, isinstance(part.get("values"), dict)
            decoded = Decoded()
            try:
                _take(part, received, zone, decoded)
            except DecodeError:
                continue
            base = (*above, "values") if nested else above
            time = pointer(*above, "ts") if timed else pointer(*above)
            found += [Place(pointer(*base, name), time) for name in decoded.metrics]
    return found


def _take(  # noqa: C901 a function of its own for the loop costs a short message 4 %
    part: object, received: Micros, zone: tzinfo, decoded: Decoded, above: Callable[[], int] | None = None
) -> None:
    """Append the readings of one object; DecodeError when the object as a whole is invalid.

    `above` tells the object's index in its list, and is asked only when something is refused.
    """
    if type(part) is not dict:
        raise _not_an_object(part)
    ts = part.pop("ts", None)
    if type(part.get("device")) is str:
        decoded.name(part.pop("device"))
    values = part.get("values", part)
    if type(values) is not dict:
        if type(values) not in (int, float, bool):
            sentence = Sentence("refusal.telemetry.values", value=quoted(values), example=_EXAMPLE)
            raise DecodeError("no_values", sentence, "/values")
        values = part  # flat, with a metric of that name
    if not values:
        sentence = Sentence("refusal.telemetry.empty", example=_EXAMPLE)
        raise DecodeError("no_values", sentence, "" if values is part else "/values")
    if len(decoded.metrics) + len(values) > MAX_READINGS:
        raise _too_many(MAX_READINGS, "readings")
    if len(values) > MAX_NAMES:
        raise _too_many(MAX_NAMES, "metrics")
    if ts is None:
        decoded.timeless = True
        at = received
    else:
        at = parse_time(ts, zone)
    if type(decoded) is Strict:
        decoded.check(values)
    for name, value in values.items():
        verdict = judge(name)
        if verdict is _GOOD:
            if type(value) is not float:
                try:
                    value = number(name, value)
                except DecodeError as error:
                    decoded.leave_out(below(error, *_steps(values, part, above), name))
                    continue
            decoded.metrics.append(name)
            decoded.ts.append(at)
            decoded.values.append(value)
        elif verdict is _PRIVATE:
            decoded.private += 1
        else:
            decoded.leave_out(below(bad_name(name), *_steps(values, part, above), name))


def _steps(values: object, part: object, above: Callable[[], int] | None) -> list[str | int]:
    """Path from the document root to an object's values."""
    return [*([] if above is None else [above()]), *([] if values is part else ["values"])]


def _many_names(parts: list[object]) -> bool:
    """Whether a list of objects exceeds the limit of distinct names."""
    named = [inner if type(inner := part.get("values")) is dict else part for part in parts if type(part) is dict]
    return sum(map(len, named)) > MAX_NAMES and len(set().union(*named) - _NO_METRICS) > MAX_NAMES


def _too_many(limit: int, what: str) -> DecodeError:
    return DecodeError("too_many_values", Sentence(f"refusal.most.{what}", most=f"{limit:,}"), "")


def _not_an_object(value: object) -> DecodeError:
    sentence = Sentence("refusal.telemetry.object", value=quoted(value), example=_EXAMPLE)
    return DecodeError("not_an_object", sentence, "")
