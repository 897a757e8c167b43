"""Where something stands in a JSON text: by path, line, column and byte, with a caret under it. Pure."""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEPTH = 4
"""Levels of which the places are told: $[3].values.pm25 is the deepest that a codec speaks of."""
_SHOWN = 76
"""Characters of a line that are shown around a place."""
_DECODER = json.JSONDecoder()

_EXAMPLE = '{"pm25": 35.2}'
_TRAILING = "there is a comma before the closing bracket: remove it"
_MEANT = {
    "Illegal trailing comma": _TRAILING,
    "Expecting property name": "a name is missing here, or has no double quotes around it",
    "Expecting ','": "a comma is missing before this, or a quote before it is not closed",
    "Expecting ':'": "a colon is missing between a name and its value",
    "Extra data": "the JSON text ends before this: send one object, or a list of them",
    "Invalid control character": "a line break or control character stands in a text: write it as \\n",
    "Invalid \\": "a backslash in a text is written twice: \\\\",
}
"""By the beginning of what Python's decoder says."""

Span = tuple[int, int]
"""First character and the one after the last, counted from the beginning of the text."""


@dataclass(slots=True, frozen=True)
class Place:
    """A place in a payload; line and column count from 1, the byte from 0."""

    path: str | None
    line: int
    column: int
    byte: int
    excerpt: str
    """The line, cut, and a caret under the place in the next line."""


def child(path: str, name: str | int) -> str:
    """The path of a member or an element below a path."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if _PLAIN.fullmatch(name) else f"{path}[{json.dumps(name, ensure_ascii=False)}]"


def spans(text: str) -> dict[str, Span]:
    """The spans of the values of a JSON text by path; of a name given twice the last. Empty for what is no JSON."""
    found: dict[str, Span] = {}
    try:
        _scan(text, _skip(text, 0), "$", 0, found)
    except (ValueError, IndexError, StopIteration, RecursionError):
        return {}
    return found


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _scan(text: str, at: int, path: str, depth: int, found: dict[str, Span]) -> int:
    """Note the value that begins at `at` and what is in it; where it ends."""
    opening = text[at]
    if depth >= _DEPTH or opening not in "{[":
        end: int = _DECODER.raw_decode(text, at)[1]
    else:
        end = _scan_members(text, at, path, depth, found)
    found[path] = at, end
    return end


def _scan_members(text: str, at: int, path: str, depth: int, found: dict[str, Span]) -> int:
    is_object, closing = text[at] == "{", "}" if text[at] == "{" else "]"
    at = _skip(text, at + 1)
    number = 0
    while text[at] != closing:
        name: str | int = number
        if is_object:
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        at = _skip(text, _scan(text, at, child(path, name), depth + 1, found))
        number += 1
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def place(text: str, at: int, path: str | None = None) -> Place:
    """The place of a character of a text."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    return Place(
        path,
        text.count("\n", 0, at) + 1,
        at - start + 1,
        len(text[:at].encode("utf-8", "replace")),
        _cut(line, at - start),
    )


def _cut(line: str, at: int) -> str:
    """A line, cut to what is around a character of it, with a caret below; wide characters take two columns."""
    start = max(0, min(at - _SHOWN // 2, len(line) - _SHOWN))
    shown = line[start : start + _SHOWN].replace("\t", " ")
    before = ("... " if start else "") + shown[: at - start]
    width = sum(2 if ord(letter) >= 0x1100 else 1 for letter in before)
    return f"{'... ' if start else ''}{shown}{' ...' if start + _SHOWN < len(line) else ''}\n{' ' * width}^"


def byte_place(payload: bytes, at: int) -> Place:
    """The place of a byte of what is no text: the bytes around it in hex."""
    start = payload.rfind(b"\n", 0, at) + 1
    first = max(0, at - 12)
    shown = payload[first : at + 12].hex(" ")
    return Place(None, payload.count(b"\n", 0, at) + 1, at - start + 1, at, f"{shown}\n{' ' * (3 * (at - first))}^^")


def syntax_error(text: str) -> tuple[int, str] | None:
    """Where a text stops to be JSON, and what may have been meant; None when it is JSON."""
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return error.pos, _meant(text, error.pos, error.msg)
    except (RecursionError, ValueError):
        return None
    return None


def _meant(text: str, at: int, message: str) -> str:
    """What to change, for the mistakes that devices make."""
    rest, before = text[at:].lstrip(), text[:at].rstrip()
    if any(letter in text for letter in "“”，：｛｝"):
        return 'it holds full-width punctuation (“ ” ， ：): use the ASCII forms " , :'
    if message.startswith("Unterminated") or not rest:
        return "it ends too early: it was cut, or a closing quote or bracket is missing"
    if rest[0] == "'":
        return "names and texts stand in double quotes, not in single ones"
    if rest[0] in "}]" and before.endswith(","):
        return _TRAILING
    for beginning, meant in _MEANT.items():
        if message.startswith(beginning):
            return meant
    if re.match(r"[\w.]+\s*[=:]", text):
        return f"this is no JSON: send an object such as {_EXAMPLE}"
    if re.match(r"[A-Za-z_]", rest):
        return "a value is missing here, or a text has no double quotes around it; true, false and null are lower case"
    return "a value is missing here"
