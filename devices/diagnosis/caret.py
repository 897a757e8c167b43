"""Renders a fault's location: path, line, column and byte, with a caret under the line. Pure.

Codecs say where a fault is (`DecodeError.at`: a JSON Pointer or a byte offset); this only draws it.
"""

import json
import re
from dataclasses import dataclass, replace

from devices.codecs.bare_words import as_long
from devices.codecs.inner import unpacked
from devices.codecs.jsontext import BYTE_ORDER_MARK, LENIENT
from hub.errors import At

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 76
"""Characters of a line that are shown around a place."""


@dataclass(slots=True, frozen=True)
class Place:
    """A location in a payload; line and column are 1-based, the byte offset 0-based."""

    path: str | None
    """Like `$.values.pm25`; None where only the byte is known."""
    line: int
    column: int
    byte: int
    excerpt: str
    """The line, cut, and a caret under the place in the next line."""


def place_of(payload: bytes, at: At, on_name: bool = False) -> Place | None:
    """Resolve a location in a payload (`on_name`: point at the member's name); None if it has none."""
    if at is None:
        return None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return byte_place(payload, at) if isinstance(at, int) else None
    mark = len(text) - len(text.removeprefix(BYTE_ORDER_MARK))
    text = text[mark:]
    if isinstance(at, int):
        before = payload[:at].decode("utf-8", "ignore")
        return _place(text, max(len(before) - mark, 0), at, None)
    try:
        path, character = _follow(as_long(text), at, on_name)
    except (ValueError, IndexError, StopIteration, RecursionError):
        return _packed_place(payload, text, at) if "#" in at else None
    return _place(text, character, len((BYTE_ORDER_MARK * mark + text[:character]).encode("utf-8", "replace")), path)


def _packed_place(payload: bytes, text: str, at: str) -> Place | None:
    """Of a place in the bytes that a text of the payload holds (devices/codecs/inner.py): what is shown is of them."""
    outer, _, inner = at.partition("#")
    there = place_of(payload, outer)
    if there is None:
        return None
    character = len(payload[: there.byte].decode("utf-8", "ignore").removeprefix(BYTE_ORDER_MARK))
    held = LENIENT.raw_decode(text, character)[0]
    packed = unpacked(held) if isinstance(held, str) else None
    if packed is None:
        return None
    place = byte_place(packed, min(int(inner), len(packed))) if inner.isdecimal() else place_of(packed, inner)
    return None if place is None else replace(there, path=f"{there.path}#{inner}", excerpt=place.excerpt)


def _follow(text: str, pointer: str, on_name: bool) -> tuple[str, int]:
    """Path and character offset of a pointer's target (or its name); ValueError when it does not exist."""
    path, at, name_at = "$", _skip(text, 0), 0
    for step in pointer.split("/")[1:]:
        wanted = step.replace("~1", "/").replace("~0", "~")
        name_at, at, path = _child(text, at, wanted, path)
    return path, name_at if on_name and pointer else at


def _child(text: str, at: int, wanted: str, path: str) -> tuple[int, int, str]:
    """Offsets of a child's name (an element's value) and of its value, and its path.

    Of a name given twice the last, as JSON decoders read it.
    """
    is_object = text[at] == "{"
    closing = "}" if is_object else "]"
    found: tuple[int, int] | None = None
    at, index = _skip(text, at + 1), 0
    while text[at] != closing:
        name: str | int = index
        name_at = at
        if is_object:
            name, at = LENIENT.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if str(name) == wanted:
            found = (name_at if is_object else at), at
            if not is_object:
                break
        at = _skip(text, LENIENT.raw_decode(text, at)[1])
        index += 1
        if text[at] == ",":
            at = _skip(text, at + 1)
    if found is None:
        raise ValueError(wanted)
    if not is_object:
        return *found, f"{path}[{wanted}]"
    return *found, f"{path}.{wanted}" if _PLAIN.fullmatch(
        wanted
    ) else f"{path}[{json.dumps(wanted, ensure_ascii=False)}]"


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _place(text: str, at: int, byte: int, path: str | None) -> Place:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    return Place(path, text.count("\n", 0, at) + 1, at - start + 1, byte, _cut(line, at - start))


def _cut(line: str, at: int) -> str:
    """Excerpt of a line around a character with a caret below it; wide characters take two columns."""
    start = max(0, min(at - _SHOWN // 2, len(line) - _SHOWN))
    shown = line[start : start + _SHOWN].replace("\t", " ")
    before = ("... " if start else "") + shown[: at - start]
    width = sum(2 if ord(letter) >= 0x1100 else 1 for letter in before)
    return f"{'... ' if start else ''}{shown}{' ...' if start + _SHOWN < len(line) else ''}\n{' ' * width}^"


def byte_place(payload: bytes, at: int) -> Place:
    """Location of a byte in binary data, with a hex excerpt."""
    start = payload.rfind(b"\n", 0, at) + 1
    first = max(0, at - 12)
    shown = payload[first : at + 12].hex(" ")
    return Place(None, payload.count(b"\n", 0, at) + 1, at - start + 1, at, f"{shown}\n{' ' * (3 * (at - first))}^^")
