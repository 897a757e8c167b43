"""What of a camera's message may lie where it waits for decoding: nothing that is about persons. Pure.

Names stay, for what is dropped is counted where it is decoded; what stands under them is taken out, and pictures. Of
GB/T 28181 stays what its codec reads and nothing else: who carries a device stands under names of vendors. Values that
identify a person are masked within their text, for its other words may tell of a fire. Places in XML stay as they
were. What cannot be read is emptied where it mentions persons: its dead letter has no bytes anyway.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from devices.codecs.decoded import MAX_BYTES
from devices.codecs.gb28181.reading import READ
from devices.codecs.gb28181.sip import body_at
from devices.codecs.jsontext import parse
from devices.codecs.xml_tree import Element, tree
from devices.personal_values import holds_personal_value, masked
from devices.picture_signs import writes_picture
from devices.privacy import SHORTEST_PICTURE, holds_picture, is_private, mentions_private
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
_RUN = re.compile(rb"[A-Za-z0-9+/=_-]{40,}")
_PICTURE = b"data:image/"
"""In place of a picture, which is dropped and counted by it."""
_Pieces = Iterator[tuple[int, int, bytes]]
"""Where in a document something stands instead, and what."""


def at_rest(raw: Raw) -> Raw:
    """A message as it may lie somewhere before it is decoded; of a camera without persons."""
    if raw.origin.protocol not in CAMERAS:
        return raw
    read = READ if raw.origin.protocol == "gb28181" else None
    kept = without_persons(raw.payload, told_flat=raw.origin.protocol == "onvif", read=read)
    return raw if kept is raw.payload else raw._replace(payload=kept)


def without_persons(payload: bytes, *, told_flat: bool = False, read: frozenset[str] | None = None) -> bytes:
    """A message of a camera, in JSON, XML or SIP, without what names and values tell of persons, and pictures.

    `told_flat`: ONVIF tells of places and things in simple items; what is nested in others describes objects, be they
    persons, and is read by nobody. `read`: names in lower case, of XML in which nothing else is read. One that is too
    large to be decoded is not looked at: it is too large still, and blank.
    """
    begin = payload.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1]
    if len(payload) > MAX_BYTES:
        return begin + b" " * MAX_BYTES
    nested = told_flat and (begin == b"{" or b"ElementItem" in payload)
    mentions = mentions_private(payload) or holds_picture(payload)
    if not nested and not mentions and read is None and b"&#" not in payload:
        return payload
    if begin not in _DOCUMENTS:
        return _text(payload, read)
    try:
        return _xml(payload, read) if begin == b"<" else _json(payload, told_flat, mentions)
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
    if isinstance(value, str):
        return _PICTURE.decode().ljust(SHORTEST_PICTURE) if _is_picture(value) else masked(value)[0]
    return value


def _is_picture(text: str) -> bool:
    return len(text) >= SHORTEST_PICTURE and writes_picture(text)


def _text(payload: bytes, read: frozenset[str] | None) -> bytes:
    """A message of SIP: its lines without those that mention persons, and its body without persons.

    A body that is no document, and mentions persons, is left out.
    """
    begin = body_at(payload) or len(payload)
    first, *lines = payload[:begin].splitlines(keepends=True) or [b""]
    head = b"".join([_FIRST if mentions_private(first) else first, *(e for e in lines if not mentions_private(e))])
    body = payload[begin:]
    if body.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1] in _DOCUMENTS:
        return head + without_persons(body, read=read)
    return head + (b"" if mentions_private(body) or holds_picture(body) else body)


def _xml(payload: bytes, read: frozenset[str] | None) -> bytes:
    root, document = tree(payload)
    plain = _ASIDE.sub(lambda found: b" " * len(found[0]), document)
    kept = bytearray(plain)
    for begin, end, told in _personal(root, plain, read, is_root=True):
        kept[begin:end] = told.ljust(end - begin)
    return payload if kept == document else bytes(kept)


def _personal(element: Element, document: bytes, read: frozenset[str] | None, *, is_root: bool = False) -> _Pieces:
    """Places of what is about persons."""
    tag = _TAG.match(document, element.start)
    inside = element.start if tag is None else tag.end()
    yield from _attributes(document, element.start, inside, read)
    is_unread = element.name == "ElementItem" if read is None else not is_root and element.name.lower() not in read
    if is_unread or is_private(element.name):
        if element.end > inside:
            yield inside, element.end, b""
        return
    if holds_personal_value(element.text) or _is_picture(element.text):
        if element.end > inside:
            yield inside, element.end, _without_values(element, document[inside : element.end])
        return
    for child in element.children:
        yield from _personal(child, document, read)


def _without_values(element: Element, inside: bytes) -> bytes:
    """The text of an element without pictures and with values masked; nothing where they are not found as written."""
    cut = _RUN.sub(_PICTURE, inside) if _is_picture(element.text) else inside
    told, found = masked(cut.decode(errors="replace"))
    if element.children or found != masked(element.text)[1] or _is_picture(told):
        return _PICTURE if _is_picture(element.text) else b""
    return told.encode()


def _attributes(document: bytes, begin: int, end: int, read: frozenset[str] | None) -> _Pieces:
    """Values under names about persons, be it the attribute's, or what it names: <Item Name="Face" Value="..."/>."""
    found = list(_ATTRIBUTE.finditer(document, begin, end))
    named = any(each[1] == b"Name" and is_private(_told(each)) for each in found)
    for each in found:
        name = each[1].decode(errors="replace")
        is_value = each[1] == b"Value" and named
        is_unread = read is not None and name.lower() not in read and not name.startswith("xmlns")
        if is_value or is_unread or is_private(name.rpartition(":")[2]) or _is_value(each):
            yield *each.span(2 if each[2] is not None else 3), b""


def _is_value(attribute: "re.Match[bytes]") -> bool:
    return holds_personal_value(told := _told(attribute)) or _is_picture(told)


def _told(attribute: "re.Match[bytes]") -> str:
    text = (attribute[2] if attribute[2] is not None else attribute[3]).decode(errors="replace")
    return unescape(text)
