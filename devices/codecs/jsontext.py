"""JSON parsing for device payloads: fast when valid, with a precise explanation when not."""

import json
import math
import re
from itertools import islice

import msgspec

from devices.codecs.decoded import MAX_BYTES, MAX_PARTS
from hub.errors import DecodeError

_SMALL = 4096
"""Bytes that nothing can make costly."""
_DECODER = msgspec.json.Decoder()
_MAX_DIGITS = 4000  # Python refuses to read integers of more than 4,300 digits
_MAX_HUGE = 300
"""Numbers with an exponent of three digits; beyond 22 digits each takes msgspec 15 microseconds."""
_HUGE = re.compile(rb"[eE][-+]?[0-9]{3}")


BYTE_ORDER_MARK = "\ufeff"
"""Passed over at the beginning of a payload."""


class NotFinite(str):
    """The source text of a number that is not finite (NaN, Infinity) or overflows a 64-bit float (1e999)."""

    __slots__ = ()


def parse(payload: bytes, max_parts: int = MAX_PARTS) -> object:
    """Parse JSON; non-finite numbers become NotFinite, and the last of duplicate names wins.

    Raises DecodeError: too_large, not_utf8 and not_json at the byte; too_many_values, too_deep at the whole.
    """
    if len(payload) > MAX_BYTES:
        sentence = f"{len(payload):,} bytes; up to {MAX_BYTES:,} are read: send several smaller messages"
        raise DecodeError("too_large", sentence, MAX_BYTES)
    if len(payload) > _SMALL:
        _check_costs(payload, max_parts)
    try:
        return _DECODER.decode(payload)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_slowly(payload)


def _check_costs(payload: bytes, max_parts: int) -> None:
    """Reject payloads that are expensive to parse; the check takes 2 ms per megabyte."""
    parts = payload.count(b",") + payload.count(b"{") + payload.count(b"[")
    if parts > max_parts:
        sentence = f"{parts:,} values; up to {max_parts:,} are read: send several messages"
        raise DecodeError("too_many_values", sentence, "")
    if payload.count(b"e") + payload.count(b"E") > _MAX_HUGE:
        huge = sum(1 for _ in islice(_HUGE.finditer(payload), _MAX_HUGE + 1))
        if huge > _MAX_HUGE and parts > _MAX_HUGE:
            raise DecodeError("too_many_values", f"more than {_MAX_HUGE} numbers such as 1e300: send smaller ones", "")


def quoted(value: object) -> str:
    """Format a value for an error message: short, printable and storable."""
    if isinstance(value, NotFinite):
        return str(value)[:40]
    if isinstance(value, str):
        return repr(value[:40]) + ("..." if len(value) > 40 else "")
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"  # Python refuses to write very long ones in decimal
    if isinstance(value, int | float):
        return repr(value)
    return "a list" if isinstance(value, list) else "an object"


def names_in(value: object) -> set[str]:
    """All member names in a JSON value, at any depth."""
    names: set[str] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            names.update(part)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return names


def _read_slowly(payload: bytes) -> object:
    """Second attempt after the fast decoder failed: tolerate NaN, or report what is wrong and where."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", _about_encoding(payload, error), error.start) from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        raise DecodeError("not_json", "the payload is empty: send a JSON object", 0)
    try:
        return LENIENT.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        at = len(payload) - len(text[error.pos :].encode())
        raise DecodeError("not_json", f"not JSON at {where}: {_meant(text, error)}", at) from None
    except RecursionError:
        raise _too_deep() from None


def _about_encoding(payload: bytes, error: UnicodeDecodeError) -> str:
    sentence = f"not UTF-8: byte {error.start} is 0x{payload[error.start]:02x}; send UTF-8"
    try:
        payload.decode("gb18030")
    except UnicodeDecodeError:
        return sentence
    return f"{sentence} (it could be GBK or GB18030)"


def _too_deep() -> DecodeError:
    return DecodeError("too_deep", "objects or lists are nested too deeply: send a flat object", "")


def _number(text: str) -> float | NotFinite:
    value = float(text)
    return value if math.isfinite(value) else NotFinite(text)


def _integer(text: str) -> int | NotFinite:
    return int(text) if len(text) <= _MAX_DIGITS else NotFinite(text)


LENIENT = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=NotFinite)
"""Reads what devices send beyond JSON: NaN and Infinity, and numbers of any size."""

_TRAILING = "there is a comma before the closing bracket: remove it"
_CHANGES = {
    "Illegal trailing comma": _TRAILING,
    "Expecting property name": "a name is missing here, or has no double quotes around it",
    "Expecting ','": "a comma is missing before this, or a quote before it is not closed",
    "Expecting ':'": "a colon is missing between a name and its value",
    "Extra data": "the JSON text ends before this: send one object, or a list of them",
    "Invalid control character": "a line break or control character stands in a text: write it as \\n",
    "Invalid \\": "a backslash in a text is written twice: \\\\",
}
"""By the beginning of what Python's decoder says."""
_FULL_WIDTH = re.compile("[“”，：｛｝]")
_ASSIGNMENT = re.compile(r"[\w.]+\s*[=:]")


def _meant(text: str, error: json.JSONDecodeError) -> str:
    """Suggest a fix for the JSON mistakes devices commonly make."""
    rest, before = text[error.pos :].lstrip(), text[: error.pos].rstrip()
    if not text.isascii() and _FULL_WIDTH.search(text):
        return 'it holds full-width punctuation (“ ” ， ：): use the ASCII forms " , :'
    if error.msg.startswith("Unterminated") or not rest:
        return "it ends too early: it was cut, or a closing quote or bracket is missing"
    if rest[0] == "'":
        return "names and texts stand in double quotes, not in single ones"
    if rest[0] in "}]" and before.endswith(","):
        return _TRAILING
    for beginning, change in _CHANGES.items():
        if error.msg.startswith(beginning):
            return change
    if _ASSIGNMENT.match(text):
        return 'this is no JSON: send an object such as {"pm25": 35.2}'
    if re.match(r"[A-Za-z_]", rest):
        return "a value is missing here, or a text has no double quotes around it; true, false and null are lower case"
    return "a value is missing here"
