"""Event JSON: `{"kind": "smoke", "id"?, "ts"?, "state"?, "level"?, "part"?, "continues"?, "attributes"?, "image"?}`,
or a list.

An event is worth more than its trimmings: what is wrong in attributes or image is left out with a fault, and the
event is kept, and so is one whose `continues` is no boolean: each of its repeats is an event then. Without its state,
level or part it would be another event: what is wrong there refuses it whole, but for the part and the level of a
danger that begins: where it burns, and how much, is worth less than that it does. Its level is the worst then, and it
says so (`level_unread`). Fields beyond these are kept among the attributes.
"""

import binascii
import re
from datetime import tzinfo
from typing import Any

import msgspec

from devices.codecs.clock import parse_time
from devices.codecs.decoded import MAX_EVENTS, MAX_NAMES, Decoded, EventDraft, Place
from devices.codecs.event_names import level_among, state_among
from devices.codecs.event_state import state_of
from devices.codecs.jsontext import names_in, parse, quoted
from devices.codecs.pointer import from_top, index, pointer
from devices.codecs.time_names import time_among
from devices.privacy import is_private, picture_place, without_private
from devices.vocabulary import OTHER, kind_of
from hub.alerts.own_kinds import reserved
from hub.danger import DANGER
from hub.errors import DecodeError
from hub.models import LEVEL_NAMES, Level, Micros
from hub.words.sentence import Sentence

MAX_TEXT = 128
"""Characters of a kind or of a device's own event id."""
MAX_ATTRIBUTES = 16 << 10
"""Bytes of the attributes as JSON."""
MAX_PARTS = 4_000
"""Members and elements of a message: each name may cost a look at the privacy gate."""
MAX_IMAGE = 256 << 10
"""Bytes of a picture: enough for a reduced one; whole pictures belong to a video store."""

_LEVELS = {name: int(level) for name, level in zip(LEVEL_NAMES, Level, strict=True)}
_LEVELS |= {
    name + more: int(level) for name, level in zip("蓝黄橙红", Level, strict=True) for more in ("", "色", "色预警")
}
_LEVELS |= {name: int(level) for name, level in zip(("minor", "moderate", "severe", "extreme"), Level, strict=True)}
_LEVELS |= {"critical": int(Level.RED), "major": int(Level.ORANGE)}  # of X.733; its minor is another than CAP's
"""The four colours and the severities of CAP; numbers are none, for some count from the top."""
_FIELDS = frozenset({"id", "ts", "kind", "state", "level", "attributes", "image", "device", "part", "continues"})
_TYPE_FIELDS = ("type", "eventType", "event_type", "subtype", "alarmType", "alarm_type", "code")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_IMAGE = "/image"
_EXAMPLE = Sentence("refusal.event.example")


def decode(payload: bytes, received: Micros, zone: tzinfo, into: Decoded | None = None) -> Decoded:
    """Decode the events of a message; DecodeError when none is usable."""
    message = parse(payload, MAX_PARTS)
    parts = message if isinstance(message, list) else [message]
    if not parts:
        raise DecodeError("event_no_kind", Sentence("refusal.empty_list", example=_EXAMPLE), "")
    if len(parts) > MAX_EVENTS:
        raise DecodeError("too_many_values", Sentence("refusal.most.events", most=f"{MAX_EVENTS:,}"), "")
    if len(payload) > MAX_NAMES and len(names_in(parts)) > MAX_NAMES:
        raise DecodeError("too_many_values", Sentence("refusal.most.names", most=f"{MAX_NAMES:,}"), "")
    decoded = Decoded() if into is None else into
    faults, rest = decoded.faults, iter(parts)
    placed = 0
    for part in rest:
        try:
            take(part, zone, decoded)
        except DecodeError as error:
            decoded.leave_out(error)
        if len(faults) > placed:
            if parts is message:
                above = index(parts, rest)
                faults[placed:] = [fault._replace(at=from_top(fault.at, above)) for fault in faults[placed:]]
            placed = len(faults)
    return decoded.settled()


def places(payload: bytes, _received: Micros, zone: tzinfo) -> list[Place]:
    """Location of each event returned by `decode`, which must have succeeded."""
    message = parse(payload, MAX_PARTS)
    found: list[Place] = []
    for position, part in enumerate(message if isinstance(message, list) else [message]):
        decoded, above = Decoded(), (position,) if isinstance(message, list) else ()
        try:
            told = take(part, zone, decoded)
        except DecodeError:
            continue
        time = pointer(*above, *([told] if told else []))
        found += [Place(pointer(*above), time)] * len(decoded.events)
    return found


def take(part: object, zone: tzinfo, decoded: Decoded) -> str | None:
    """Append one event; returns the member that tells its time, if one does.

    DecodeError when it is not one. Fault locations are relative to the event.
    """
    if not isinstance(part, dict):
        sentence = Sentence("refusal.event.object", value=quoted(part), example=_EXAMPLE)
        raise DecodeError("not_an_object", sentence, "")
    decoded.name(part.get("device"))
    kind = _kind(part.get("kind"))
    if is_private(kind) or _of_private_type(part):
        decoded.private += 1
        return None
    extra = {name: value for name, value in part.items() if name not in _FIELDS}
    ts = part.get("ts")
    told = time_among(extra, zone) if ts is None and extra else None
    at = parse_time(ts, zone) if ts is not None else None if told is None else told.ts
    source_id, state = _source_id(part.get("id")), _state(part, extra, kind)
    level, unread = _grade(part, extra, kind, state, decoded)
    if told is not None:
        extra = {name: value for name, value in extra.items() if name not in told.names}
    draft = EventDraft(
        kind=kind_of(kind),
        ts=at,
        source_id=source_id,
        state=state,
        level=level,
        attributes=_attributes(part, extra, kind, decoded) | ({"level_unread": True} if unread else {}),
        image=_image(part.get("image"), decoded),
        part=_place(part.get("part"), kind, state, decoded),
        continues=_continues(part.get("continues"), decoded),
    )
    decoded.events.append(draft)
    decoded.timeless |= at is None
    return "ts" if ts is not None else None if told is None else told.names[0]


def _kind(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = quoted(value)
    if not isinstance(value, str) or not value.strip():
        if value is None:
            raise DecodeError("event_no_kind", Sentence("refusal.event.no_kind", example=_EXAMPLE), "")
        sentence = Sentence("refusal.event.kind", value=quoted(value), example=_EXAMPLE)
        raise DecodeError("event_no_kind", sentence, "/kind")
    if (refused := reserved(value)) is not None:
        raise DecodeError("event_reserved_kind", refused, "/kind")
    return _text("kind", value.strip())


def _text(field: str, value: str) -> str:
    """Validate a short text that the database can store."""
    if len(value) > MAX_TEXT:
        sentence = Sentence("refusal.event.long", field=field, length=len(value), most=MAX_TEXT)
        raise DecodeError("event_bad_text", sentence, pointer(field))
    _check_storable(field, value)
    return value


def _check_storable(field: str, value: str) -> None:
    if "\0" in value:
        raise DecodeError("nul_character", Sentence("refusal.event.nul", field=field), pointer(field))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DecodeError("not_utf8", Sentence("refusal.event.surrogate", field=field), pointer(field)) from None


def _of_private_type(part: dict[str, Any]) -> bool:
    """Whether any field other than `kind` marks the event as being about persons."""
    attributes = part.get("attributes")
    places = [part, attributes] if isinstance(attributes, dict) else [part]
    said = [place.get(field) for place in places for field in _TYPE_FIELDS]
    return any(is_private(value) for value in said if isinstance(value, str))


def _source_id(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return _text("id", str(value))
    if not isinstance(value, str) or not value:
        raise DecodeError("event_bad_id", Sentence("refusal.event.id", value=quoted(value)), "/id")
    return _text("id", value)


def _place(value: object, kind: str, state: str | None, decoded: Decoded) -> str | None:
    """The part; of a danger that begins one that cannot be used is left out: it is anywhere in the device then.

    The end of one is never: it would end those of all parts.
    """
    try:
        return _part(value)
    except DecodeError as error:
        if state == "inactive" or kind_of(kind) not in DANGER:
            raise
        decoded.leave_out(error)
        return None


def _part(value: object) -> str | None:
    """A path: without empty names between its slashes. What is wrong would be another place, so another alert."""
    if value is None:
        return None
    told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(told, str) or not all(name.strip() for name in told.split("/")):
        raise DecodeError("event_bad_text", Sentence("refusal.event.part", value=quoted(value)), "/part")
    return _text("part", told)


def _continues(value: object, decoded: Decoded) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    sentence = Sentence("refusal.event.continues", value=quoted(value))
    decoded.leave_out(DecodeError("event_bad_text", sentence, "/continues"))
    return False


def _state(part: dict[str, Any], extra: dict[str, Any], kind: str) -> str | None:
    value = part.get("state")
    if value is None:
        return state_among(part, extra, kind_of(kind))
    if isinstance(value, str) and value in ("active", "inactive"):
        return value
    return state_of(value, kind_of(kind))


def _grade(
    part: dict[str, Any], extra: dict[str, Any], kind: str, state: str | None, decoded: Decoded
) -> tuple[int | None, bool]:
    """The level, and whether it is that of a danger of which what is told cannot be read."""
    try:
        level = _level(part.get("level"))
        return (level_among(extra, _level) if level is None and extra else level), False
    except DecodeError as error:
        if kind_of(kind) not in DANGER:
            raise
        decoded.leave_out(error)
        return (None if state == "inactive" else int(Level.RED)), state != "inactive"


def _level(value: object) -> int | None:
    if value is None:
        return None
    level = _LEVELS.get(value.strip().lower()) if isinstance(value, str) else None
    if level is None:
        sentence = Sentence("refusal.event.level", value=quoted(value), levels=", ".join(LEVEL_NAMES))
        raise DecodeError("event_bad_level", sentence, "/level")
    return level


def _attributes(part: dict[str, Any], extra: dict[str, Any], kind: str, decoded: Decoded) -> dict[str, Any]:
    """Attributes without private fields, including `extra` members and the original code of an unmapped kind."""
    given = part.get("attributes")
    if given is not None and not isinstance(given, dict):
        sentence = Sentence("refusal.event.attributes", value=quoted(given))
        decoded.leave_out(DecodeError("event_bad_attributes", sentence, "/attributes"))
        given = None
    kept, dropped = _storable({**extra, **(given or {})}, decoded, given or {})
    decoded.private += dropped
    if kind_of(kind) == OTHER and kind != OTHER:
        if "code" in kept:
            kept["code_of_device"] = kept["code"]
        kept["code"] = kind
    return kept


def _storable(attributes: dict[str, Any], decoded: Decoded, given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Storable attributes, and the number of private fields dropped; what cannot be stored leaves the others.

    `given` are those that stand in "attributes", the others are members of the event.
    """
    if not attributes:
        return {}, 0
    dropped = 0
    try:
        kept, dropped = without_private(attributes)
        encoded = msgspec.json.encode(kept)
        if len(encoded) > MAX_ATTRIBUTES:
            size, most = f"{len(encoded):,}", f"{MAX_ATTRIBUTES:,}"
            sentence = Sentence("refusal.event.attributes_size", size=size, most=most)
            raise DecodeError("event_bad_attributes", sentence, "/attributes" if given else "")
        if b"\\u0000" in encoded:
            _check_nul(encoded)
    except RecursionError:
        error = DecodeError("too_deep", Sentence("refusal.event.attributes_depth"))
    except (UnicodeEncodeError, OverflowError, TypeError):
        error = DecodeError("event_bad_attributes", Sentence("refusal.event.attributes_storable"))
    except DecodeError as refused:
        error = refused
    else:
        return kept, dropped
    bad = [name for name, value in attributes.items() if not _is_storable(name, value)]
    if error.at is None:
        culprit = bad[:1]
        error.at = pointer(*(["attributes"] if culprit and culprit[0] in given else []), *culprit)
    decoded.leave_out(error)
    if not bad:  # too large
        return {}, dropped
    kept, fewer = _storable({name: attributes[name] for name in attributes.keys() - {*bad}}, decoded, given)
    return kept, max(dropped, fewer)


def _check_nul(encoded: bytes) -> None:
    if _NUL.search(encoded):
        raise DecodeError("nul_character", Sentence("refusal.event.attributes_nul"))


def _is_storable(name: str, value: object) -> bool:
    try:
        _check_nul(msgspec.json.encode(without_private({name: value})[0]))
    except (DecodeError, RecursionError, UnicodeEncodeError, OverflowError, TypeError):
        return False
    return True


def _image(value: object, decoded: Decoded) -> bytes | int | None:
    """Decode a base64 JPEG, or where one stood; records a fault and returns None when it is invalid."""
    if value is None:
        return None
    if (place := picture_place(value)) is not None:
        return place
    try:
        return _jpeg(value)
    except DecodeError as error:
        decoded.leave_out(error)
        return None


def _jpeg(value: object) -> bytes:
    if not isinstance(value, str):
        raise DecodeError("bad_image", Sentence("refusal.image.kind", value=quoted(value)), _IMAGE)
    text = value.removeprefix("data:image/jpeg;base64,")
    if len(text) > MAX_IMAGE * 4 // 3 + 4:
        raise DecodeError("too_large_image", Sentence("refusal.image.size", most=MAX_IMAGE >> 10), _IMAGE)
    try:
        image = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise DecodeError("bad_image", Sentence("refusal.image.base64", error=str(error)), _IMAGE) from None
    if not image.startswith(b"\xff\xd8\xff"):
        start = image[:3].hex(" ")
        sentence = Sentence("refusal.image.jpeg", start=start) if start else Sentence("refusal.image.empty")
        raise DecodeError("bad_image", sentence, _IMAGE)
    if len(image) > MAX_IMAGE:
        raise DecodeError("too_large_image", Sentence("refusal.image.size", most=MAX_IMAGE >> 10), _IMAGE)
    return image
