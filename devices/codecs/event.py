"""Event JSON: `{"kind": "smoke", "id"?, "ts"?, "state"?, "level"?, "attributes"?, "image"?}`, or a list of those.

An event is worth more than its trimmings: what is wrong in level, state, attributes or image is left out with a
fault, and the event is kept. Fields beyond these are kept among the attributes.
"""

import binascii
import re
from datetime import tzinfo
from typing import Any

import msgspec

from devices.codecs.clock import parse_time
from devices.codecs.decoded import MAX_EVENTS, MAX_NAMES, Decoded, EventDraft
from devices.codecs.jsontext import names_in, parse, quoted
from devices.privacy import is_private, without_private
from devices.vocabulary import OTHER, kind_of
from hub.errors import DecodeError
from hub.models import LEVEL_NAMES, Level, Micros

MAX_TEXT = 128
"""Characters of a kind or of a device's own event id."""
MAX_ATTRIBUTES = 16 << 10
"""Bytes of the attributes as JSON."""
MAX_PARTS = 4_000
"""Members and elements of a message: each name may cost a look at the privacy gate."""
MAX_IMAGE = 256 << 10
"""Bytes of a picture: enough for a reduced one; whole pictures belong to a video store."""

_LEVELS = {**{name: Level[name.upper()] for name in LEVEL_NAMES}}
_LEVELS |= dict(zip(("蓝", "黄", "橙", "红"), Level, strict=True))
_LEVELS |= dict(zip(("蓝色", "黄色", "橙色", "红色"), Level, strict=True))
_FIELDS = frozenset({"id", "ts", "kind", "state", "level", "attributes", "image", "device"})
_TYPE_FIELDS = ("type", "eventType", "event_type", "subtype", "alarmType", "alarm_type", "code")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EXAMPLE = 'send {"kind": "smoke", "state": "active", "level": "red"}'


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """The events of a message; DecodeError when there is no usable one."""
    message = parse(payload, MAX_PARTS)
    parts = message if isinstance(message, list) else [message]
    if not parts:
        raise DecodeError("event_no_kind", f"the list is empty: {_EXAMPLE}")
    if len(parts) > MAX_EVENTS:
        raise DecodeError("too_many_values", f"a message may hold {MAX_EVENTS:,} events: send several")
    if len(payload) > MAX_NAMES and len(names_in(parts)) > MAX_NAMES:
        raise DecodeError("too_many_values", f"a message may hold {MAX_NAMES:,} different names: send several")
    decoded = Decoded()
    for part in parts:
        try:
            _take(part, zone, decoded)
        except DecodeError as error:
            decoded.leave_out(error)
    return decoded.settled()


def _take(part: object, zone: tzinfo, decoded: Decoded) -> None:
    """Append one event; DecodeError when it cannot be one."""
    if not isinstance(part, dict):
        raise DecodeError("not_an_object", f"{quoted(part)} where an event is expected: {_EXAMPLE}")
    decoded.name(part.get("device"))
    kind = _kind(part.get("kind"))
    if is_private(kind) or _of_private_type(part):
        decoded.private += 1
        return
    ts = part.get("ts")
    at = None if ts is None else parse_time(ts, zone)
    source_id = _source_id(part.get("id"))
    draft = EventDraft(
        kind=kind_of(kind),
        ts=at,
        source_id=source_id,
        state=_state(part.get("state"), decoded),
        level=_level(part.get("level"), decoded),
        attributes=_attributes(part, kind, decoded),
        image=_image(part.get("image"), decoded),
    )
    decoded.events.append(draft)
    decoded.timeless |= at is None


def _kind(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = quoted(value)
    if not isinstance(value, str) or not value.strip():
        said = "there is no kind" if value is None else f"kind is {quoted(value)}"
        raise DecodeError("event_no_kind", f"{said}: {_EXAMPLE}")
    return _text("kind", value.strip())


def _text(field: str, value: str) -> str:
    """A short text that the database can store."""
    if len(value) > MAX_TEXT:
        raise DecodeError("event_bad_text", f"{field} has {len(value)} characters; up to {MAX_TEXT} are kept")
    _check_storable(field, value)
    return value


def _check_storable(field: str, value: str) -> None:
    if "\0" in value:
        raise DecodeError("nul_character", f"{field} holds the character \\u0000, which cannot be stored: remove it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DecodeError("not_utf8", f"{field} holds half of a surrogate pair (\\ud800..\\udfff)") from None


def _of_private_type(part: dict[str, Any]) -> bool:
    """Whether the event says elsewhere than in `kind` that it is about persons."""
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
        raise DecodeError("event_bad_id", f"id is {quoted(value)}: send text or an integer, the same at each repeat")
    return _text("id", value)


def _state(value: object, decoded: Decoded) -> str | None:
    if value is None or (isinstance(value, str) and value in ("active", "inactive")):
        return value
    decoded.leave_out(DecodeError("event_bad_state", f"state is {quoted(value)}: send active or inactive"))
    return None


def _level(value: object, decoded: Decoded) -> int | None:
    if value is None:
        return None
    level = _LEVELS.get(value.strip().lower()) if isinstance(value, str) else None
    if level is None:
        sentence = f"level is {quoted(value)}: send {', '.join(LEVEL_NAMES)}, or leave it out"
        decoded.leave_out(DecodeError("event_bad_level", sentence))
        return None
    return int(level)


def _attributes(part: dict[str, Any], kind: str, decoded: Decoded) -> dict[str, Any]:
    """The attributes without private fields, with unknown fields, and the code of an unmapped kind."""
    extra = {name: value for name, value in part.items() if name not in _FIELDS}
    given = part.get("attributes")
    if given is not None and not isinstance(given, dict):
        sentence = f'attributes is {quoted(given)}, not an object: send {{"attributes": {{"room": "12"}}}}'
        decoded.leave_out(DecodeError("event_bad_attributes", sentence))
        given = None
    kept, dropped = _storable({**extra, **(given or {})}, decoded)
    decoded.private += dropped
    if kind_of(kind) == OTHER and kind != OTHER:
        if "code" in kept:
            kept["code_of_device"] = kept["code"]
        kept["code"] = kind
    return kept


def _storable(attributes: dict[str, Any], decoded: Decoded) -> tuple[dict[str, Any], int]:
    """Attributes that the database can keep, and how many private fields were dropped."""
    if not attributes:
        return {}, 0
    dropped = 0
    try:
        kept, dropped = without_private(attributes)
        encoded = msgspec.json.encode(kept)
        if len(encoded) > MAX_ATTRIBUTES:
            sentence = f"the attributes have {len(encoded):,} bytes; up to {MAX_ATTRIBUTES:,} are kept"
            raise DecodeError("event_bad_attributes", sentence)
        if b"\\u0000" in encoded and _NUL.search(encoded):
            sentence = "the attributes hold the character \\u0000, which cannot be stored: remove it"
            raise DecodeError("nul_character", sentence)
    except DecodeError as error:
        decoded.leave_out(error)
        return {}, dropped
    except RecursionError:
        decoded.leave_out(DecodeError("too_deep", "the attributes are nested deeper than 16 levels: flatten them"))
        return {}, dropped
    except (UnicodeEncodeError, OverflowError, TypeError):
        sentence = "the attributes hold what cannot be stored: NaN, Infinity or half of a surrogate pair"
        decoded.leave_out(DecodeError("event_bad_attributes", sentence))
        return {}, dropped
    return kept, dropped


def _image(value: object, decoded: Decoded) -> bytes | None:
    """The bytes of a base64 JPEG; None with a fault when it is none."""
    if value is None:
        return None
    try:
        return _jpeg(value)
    except DecodeError as error:
        decoded.leave_out(error)
        return None


def _jpeg(value: object) -> bytes:
    if not isinstance(value, str):
        raise DecodeError("bad_image", f"image is {quoted(value)}: send a JPEG as base64 text")
    text = value.removeprefix("data:image/jpeg;base64,")
    if len(text) > MAX_IMAGE * 4 // 3 + 4:
        raise DecodeError("too_large_image", f"the image is larger than {MAX_IMAGE >> 10} KiB: send a smaller one")
    try:
        image = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise DecodeError("bad_image", f"image is not base64: {error}") from None
    if not image.startswith(b"\xff\xd8\xff"):
        raise DecodeError("bad_image", f"image is no JPEG: it starts with {image[:3].hex(' ') or 'nothing'}")
    if len(image) > MAX_IMAGE:
        raise DecodeError("too_large_image", f"the image is larger than {MAX_IMAGE >> 10} KiB: send a smaller one")
    return image
