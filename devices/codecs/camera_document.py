"""What of a camera's message may lie where it waits for decoding: nothing that is about persons. Pure.

Names stay, for what is dropped is counted where it is decoded; what stands under them is taken out. Places in XML stay
as they were. What cannot be read is emptied where it mentions persons: its dead letter has no bytes anyway.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from devices.codecs.jsontext import parse
from devices.codecs.xml_tree import Element, tree
from devices.personal_values import holds_personal_value, masked
from devices.privacy import is_private, mentions_private
from hub.errors import DecodeError
from hub.models import Raw

CAMERAS = frozenset({"onvif", "isapi", "gb28181", "gat1400"})
"""Protocols of cameras."""
NO_JSON, NO_XML = b'{"face":', b"<face"
"""In place of what cannot be read: it cannot either, and mentions persons."""
MAX_PARTS = 20_000
_PERSON = "face"
"""In place of names about persons: one of them may be a number plate."""
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
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
    persons, and is read by nobody.
    """
    begin = payload.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1]
    nested = told_flat and (begin == b"{" or b"ElementItem" in payload)
    if not nested and not mentions_private(payload) and b"&#" not in payload:
        return payload
    if begin in (b"{", b"["):
        return _json(payload, told_flat)
    return _xml(payload) if begin == b"<" else _text(payload)


def _json(payload: bytes, told_flat: bool) -> bytes:
    try:
        value = parse(payload, MAX_PARTS)
    except DecodeError:
        return NO_JSON if mentions_private(payload) else payload
    kept = _kept(_flat(value) if told_flat and isinstance(value, dict) else value)
    if kept == value and not mentions_private(payload):  # of a name that stands there twice one was not seen
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
        return {_PERSON if is_private(name) else name: "" if is_private(name) else _kept(part)
                for name, part in value.items()}  # fmt: skip
    if isinstance(value, list):
        return [_kept(part) for part in value]
    return masked(value)[0] if isinstance(value, str) else value


def _text(payload: bytes) -> bytes:
    """A message of SIP: its lines without values, and without a body that mentions persons."""
    head, gap, body = payload.partition(b"\r\n\r\n")
    head = b"\r\n".join(b"" if mentions_private(line) else line for line in head.split(b"\r\n"))
    return head + gap + (b"" if mentions_private(body) else body)


def _xml(payload: bytes) -> bytes:
    try:
        root, document = tree(payload)
    except DecodeError:
        return NO_XML if mentions_private(payload) else payload
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
