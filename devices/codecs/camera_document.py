"""What of a camera's message may lie where it waits for decoding: nothing that is about persons. Pure.

Names stay, for what is dropped is counted where it is decoded; what stands under them is taken out. Places in XML stay
as they were. What cannot be read is emptied where it mentions persons: its dead letter has no bytes anyway.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from devices.codecs.decoded import MAX_BYTES
from devices.codecs.gb28181.sip import body_at
from devices.codecs.jsontext import parse
from devices.codecs.xml_tree import Element, tree
from devices.personal_values import holds_personal_value, masked
from devices.privacy import is_private, mentions_private
from hub.errors import DecodeError
from hub.models import Raw

CAMERAS = frozenset({"onvif", "isapi", "gb28181", "gat1400"})
"""Protocols of cameras."""
_DOCUMENTS = (b"{", b"[", b"<")
_FIRST = b"MESSAGE sip:face SIP/2.0\r\n"
"""In place of a first line that mentions persons: what follows is read by it."""
NO_JSON, NO_XML = b'{"face":', b"<face"
"""In place of what cannot be read: it cannot either, and mentions persons."""
MAX_PARTS = 20_000
_PERSON = "face"
"""In place of names about persons, with a number each: one of them may be a number plate."""
_ATTRIBUTE = re.compile(rb"""(?<=[\s"'])([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ASIDE = re.compile(rb"<!--.*?(?:-->|\Z)|(?<!\A)<\?.*?(?:\?>|\Z)", re.DOTALL)
_POSITION = frozenset({"longitude", "latitude"})
"""Of GB/T 28181: in an alarm or a mobile position it is where somebody is who carries the device."""
_CARRIED = frozenset({"alarm", "mobileposition"})


def at_rest(raw: Raw) -> Raw:
    """A message as it may lie somewhere before it is decoded; of a camera without persons."""
    if raw.origin.protocol not in CAMERAS:
        return raw
    kept = without_persons(raw.payload, told_flat=raw.origin.protocol == "onvif")
    return raw if kept is raw.payload else raw._replace(payload=kept)


def without_persons(payload: bytes, *, told_flat: bool = False) -> bytes:
    """A message of a camera, in JSON, XML or SIP, without what names and values tell of persons.

    `told_flat`: ONVIF tells of places and things in simple items; what is nested in others describes objects, be they
    persons, and is read by nobody. One that is too large to be decoded is not looked at: it is too large still, and
    blank.
    """
    begin = payload.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1]
    if len(payload) > MAX_BYTES:
        return begin + b" " * MAX_BYTES
    nested = told_flat and (begin == b"{" or b"ElementItem" in payload)
    mentions = mentions_private(payload)
    if not nested and not mentions and b"&#" not in payload:
        return payload
    if begin not in _DOCUMENTS:
        return _text(payload)
    try:
        return _xml(payload) if begin == b"<" else _json(payload, told_flat, mentions)
    except DecodeError:
        if not mentions:
            return payload
        return NO_XML if begin == b"<" else NO_JSON


def _json(payload: bytes, told_flat: bool, mentions: bool) -> bytes:
    value = parse(payload, MAX_PARTS)
    kept = _kept(_flat(value) if told_flat and isinstance(value, dict) else value)
    if kept == value and not mentions:  # of a name that stands there twice one was not seen
        return payload
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _flat(message: dict[str, Any]) -> dict[str, Any]:
    """A notification with what is read of it alone."""
    kept: dict[str, Any] = {
        name: message[name] for name in ("Topic", "UtcTime", "PropertyOperation") if name in message
    }
    if isinstance(message.get("Message"), dict):
        kept["Message"] = _flat(message["Message"])
    for name in ("Source", "Key", "Data"):
        if name in message:
            items = message[name] if isinstance(message[name], dict) else {}
            kept[name] = {
                item: _simple(told) if item == "SimpleItem" else told
                for item, told in items.items()
                if item == "SimpleItem" or not isinstance(told, dict | list)
            }
    return kept


def _simple(told: object) -> list[dict[str, Any]]:
    items = told if isinstance(told, list) else [told]
    return [
        {name: "" if name == "Value" and is_private(str(item.get("Name"))) else item[name]
         for name in ("Name", "Value") if isinstance(item.get(name), str | int | float)}
        for item in items if isinstance(item, dict)
    ]  # fmt: skip


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        kept: dict[str, Any] = {}
        for number, (name, part) in enumerate(value.items()):
            if is_private(name):
                kept[f"{_PERSON}{number}"] = ""
            else:
                kept[name] = _kept(part)
        return kept
    if isinstance(value, list):
        return [_kept(part) for part in value]
    return masked(value)[0] if isinstance(value, str) else value


def _text(payload: bytes) -> bytes:
    """A message of SIP: its lines without those that mention persons, and its body without persons.

    A body that is no document, and mentions persons, is left out.
    """
    begin = body_at(payload) or len(payload)
    first, *lines = payload[:begin].splitlines(keepends=True) or [b""]
    head = b"".join([_FIRST if mentions_private(first) else first, *(e for e in lines if not mentions_private(e))])
    body = payload[begin:]
    if body.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1] in _DOCUMENTS:
        return head + without_persons(body)
    return head + (b"" if mentions_private(body) else body)


def _xml(payload: bytes) -> bytes:
    root, document = tree(payload)
    kept = bytearray(_ASIDE.sub(lambda found: b" " * len(found[0]), document))
    carried = root.told("CmdType").lower() in _CARRIED
    for begin, end in _personal(root, document, carried):
        kept[begin:end] = b" " * (end - begin)
    return bytes(kept)


def _personal(element: Element, document: bytes, carried: bool) -> Iterator[tuple[int, int]]:
    """Places of what is about persons."""
    tag = _TAG.match(document, element.start)
    inside = element.start if tag is None else tag.end()
    yield from _attributes(document, element.start, inside)
    unread = element.name == "ElementItem"
    position = carried and element.name.lower() in _POSITION
    if is_private(element.name) or position or unread or holds_personal_value(element.text):
        if element.end > inside:
            yield inside, element.end
        return
    for child in element.children:
        yield from _personal(child, document, carried)


def _attributes(document: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Values under names about persons, be it the attribute's, or what it names: <Item Name="Face" Value="..."/>."""
    found = list(_ATTRIBUTE.finditer(document, begin, end))
    named = any(each[1] == b"Name" and is_private(_told(each)) for each in found)
    for each in found:
        is_value = each[1] == b"Value" and named
        if is_value or is_private(each[1].decode(errors="replace").rpartition(":")[2]) or _is_value(each):
            place = 2 if each[2] is not None else 3
            yield each.span(place)


def _is_value(attribute: "re.Match[bytes]") -> bool:
    return holds_personal_value(_told(attribute))


def _told(attribute: "re.Match[bytes]") -> str:
    text = (attribute[2] if attribute[2] is not None else attribute[3]).decode(errors="replace")
    return unescape(text)
