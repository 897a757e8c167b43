"""Telemetry JSON: `{"ts": ..., "values": {...}}`, a list of those, or flat `{"pm25": 35.2}`.

`ts` is epoch milliseconds or ISO 8601, also under a name like `timestamp` where it is unmistakable; without one the
time of arrival stands in. Booleans are 0 and 1, null is a value that was not measured. A name given twice counts as
JSON decoders read it: the last wins. A text in `device` names the device and is no metric. Of other fields beside
`values` nothing is made but a note in the diagnosis.
"""

from collections.abc import Callable
from datetime import tzinfo
from functools import partial

from devices.codecs.clock import parse_time
from devices.codecs.decoded import MAX_NAMES, MAX_READINGS, Decoded, Place
from devices.codecs.jsontext import parse, quoted
from devices.codecs.metric import Verdict, bad_name, is_metric, judge, leave_unused, number
from devices.codecs.pointer import below, index, pointer
from devices.codecs.strict import Strict
from devices.codecs.time_names import is_time, is_time_name, time_among
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_GOOD, _PRIVATE, _TIME = Verdict.GOOD, Verdict.PRIVATE, Verdict.TIME
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
            base = (*above, "values") if isinstance(part.get("values"), dict) else above
            time = pointer(*above, *_time_steps(part, zone))
            decoded = Decoded()
            try:
                _take(part, received, zone, decoded)
            except DecodeError:
                continue
            found += [Place(pointer(*base, name), time) for name in decoded.metrics]
    return found


def _time_steps(part: dict[str, object], zone: tzinfo) -> list[str]:
    """Path from an object to the member that tells the time; to the object itself where none does."""
    if part.get("ts") is not None:
        return ["ts"]
    values = part.get("values")
    try:
        for steps, members, beside in ((["values"], values, False), ([], part, isinstance(values, dict))):
            if isinstance(members, dict) and (told := time_among(members, zone, beside)) is not None:
                return [*steps, told.names[0]]
    except DecodeError:
        return []
    return []


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
    values = part.pop("values", part)
    if type(values) is not dict:
        if type(values) not in (int, float, bool):
            sentence = Sentence("refusal.telemetry.values", value=quoted(values), example=_EXAMPLE)
            raise DecodeError("no_values", sentence, "/values")
        part["values"] = values  # flat, with a metric of that name
        values = part
    if not values:
        sentence = Sentence("refusal.telemetry.empty", example=_EXAMPLE)
        raise DecodeError("no_values", sentence, "" if values is part else "/values")
    start = len(decoded.metrics)
    if start + len(values) > MAX_READINGS:
        raise _too_many(MAX_READINGS, "readings")
    if len(values) > MAX_NAMES:
        raise _too_many(MAX_NAMES, "metrics")
    at = received if ts is None else parse_time(ts, zone)
    if part and values is not part and (beside := _beside(part, zone, decoded, ts is not None)) is not None:
        ts = at = beside
    if type(decoded) is Strict:
        decoded.check(values)
    times: tuple[str, ...] | None = None
    for name, value in values.items():
        verdict = judge(name)
        if verdict is _GOOD:
            if type(value) is not float:
                if value is None:
                    continue
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
        elif verdict is _TIME:
            if times is None:
                try:
                    among, times = _times_among(values, zone, decoded, ts is not None)
                except DecodeError as error:
                    del decoded.metrics[start:], decoded.ts[start:], decoded.values[start:]
                    raise below(error, *_steps(values, part, None)) from None
                if among is not None:
                    ts = at = among
                    decoded.ts[start:] = [at] * (len(decoded.ts) - start)
            if name not in times:
                _take_odd(name, value, at, decoded, _steps(values, part, above))
        else:
            decoded.leave_out(below(bad_name(name), *_steps(values, part, above), name))
    if ts is None:
        decoded.timeless = True


def _beside(part: dict[str, object], zone: tzinfo, decoded: Decoded, timed: bool) -> Micros | None:
    """The time that a member beside "values" tells, if `ts` does not; notes the members that are not used."""
    told = None if timed else time_among(part, zone, beside=True)
    for name in part:
        if told is None or name not in told.names:
            leave_unused(decoded, name)
    return None if told is None else told.ts


def _times_among(
    values: dict[str, object], zone: tzinfo, decoded: Decoded, timed: bool
) -> tuple[Micros | None, tuple[str, ...]]:
    """The time that values tell, if nothing else does, and which of them are times.

    DecodeError when they tell several, or nothing else.
    """
    told = None if timed else time_among(values, zone)
    names = () if told is None else told.names
    if timed:
        names = tuple([name for name in values if is_time_name(name) and is_time(values[name], zone)])
        for name in names:
            decoded.note_unused(name)
    if len(names) == len(values):
        raise DecodeError("no_values", Sentence("refusal.telemetry.empty", example=_EXAMPLE), "")
    return None if told is None else told.ts, names


def _take_odd(name: str, value: object, at: Micros, decoded: Decoded, steps: list[str | int]) -> None:
    """Append the reading of a metric that has the name of a time."""
    if value is None:
        return
    try:
        taken = number(name, value)
        if not is_metric(name):
            raise bad_name(name)
    except DecodeError as error:
        decoded.leave_out(below(error, *steps, name))
        return
    decoded.metrics.append(name)
    decoded.ts.append(at)
    decoded.values.append(taken)


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
