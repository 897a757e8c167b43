"""JSON parsing for device payloads: fast when valid, with a precise explanation when not."""

import json
import math
import re
from itertools import islice

import msgspec

from devices.codecs.bare_words import BEGINNINGS, original, spelt_out, stands_at
from devices.codecs.decoded import MAX_BYTES, MAX_PARTS
from devices.personal_values import LONGEST, masked
from hub.errors import DecodeError
from hub.words.sentence import Sentence

_SMALL = 4096
"""Bytes that nothing can make costly."""
_DECODER = msgspec.json.Decoder()
_MAX_DIGITS = 4000  # Python refuses to read integers of more than 4,300 digits
_MAX_HUGE = 300
"""Numbers with an exponent of three digits; beyond 22 digits each takes msgspec 15 microseconds."""
_HUGE = re.compile(rb"[eE][-+]?[0-9]{3}")


BYTE_ORDER_MARK = "\ufeff"
"""Passed over at the beginning of a payload."""


_QUOTED = 40
"""Characters of a value that a sentence repeats."""
_A_LIST, _AN_OBJECT = Sentence("refusal.value.list"), Sentence("refusal.value.object")


class NotFinite(str):
    """The source text of a number that is not finite (NaN, Infinity) or overflows a 64-bit float (1e999)."""

    __slots__ = ()


def parse(payload: bytes, max_parts: int = MAX_PARTS) -> object:
    """Parse JSON; non-finite numbers become NotFinite, and the last of duplicate names wins.

    Raises DecodeError: too_large, not_utf8 and not_json at the byte; too_many_values, too_deep at the whole.
    """
    check_costs(payload, max_parts)
    try:
        return _DECODER.decode(payload)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_slowly(payload)


def check_costs(payload: bytes, max_parts: int = MAX_PARTS) -> None:
    """Reject payloads that are expensive to parse: DecodeError; the check takes 2 ms per megabyte."""
    if len(payload) > MAX_BYTES:
        sentence = Sentence("refusal.bytes", size=f"{len(payload):,}", most=f"{MAX_BYTES:,}")
        raise DecodeError("too_large", sentence, MAX_BYTES)
    if len(payload) <= _SMALL:
        return
    parts = payload.count(b",") + payload.count(b"{") + payload.count(b"[")
    if parts > max_parts:
        sentence = Sentence("refusal.parts", count=f"{parts:,}", most=f"{max_parts:,}")
        raise DecodeError("too_many_values", sentence, "")
    if payload.count(b"e") + payload.count(b"E") > _MAX_HUGE:
        huge = sum(1 for _ in islice(_HUGE.finditer(payload), _MAX_HUGE + 1))
        if huge > _MAX_HUGE and parts > _MAX_HUGE:
            raise DecodeError("too_many_values", Sentence("refusal.huge_numbers", most=_MAX_HUGE), "")


def quoted(value: object) -> str:
    """Format a value for an error message: short, printable, storable, and without values that identify a person."""
    if type(value) is str:
        shown, _ = masked(value[: _QUOTED + LONGEST])
        whole = len(shown) <= _QUOTED and len(value) <= _QUOTED + LONGEST
        return repr(shown) if whole else repr(shown[:_QUOTED]) + "..."
    if isinstance(value, NotFinite):
        return str(value)[:_QUOTED]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 128:
        # Python refuses to write very long ones in decimal.
        return Sentence("refusal.value.integer", bits=value.bit_length())
    if isinstance(value, int | float):
        return repr(value)
    return _A_LIST if isinstance(value, list) else _AN_OBJECT


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
    """Second attempt after the fast decoder failed: tolerate NaN and the like, or report what is wrong and where."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", _about_encoding(payload, error), error.start) from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    bare = text if text[-1:] > " " else _without_zeros(text)
    try:
        value: object = LENIENT.decode(bare)
    except json.JSONDecodeError as error:
        if bare[error.pos : error.pos + 1] not in BEGINNINGS or not stands_at(bare, error.pos):
            raise _refusal(payload, text, bare, error) from None
        value = _with_bare_words(payload, text, bare)
    except RecursionError:
        raise _too_deep() from None
    if bare is not text:
        raise DecodeError("not_json", Sentence("refusal.json.zero"), len(payload) - (len(text) - len(bare)))
    return value


def _without_zeros(text: str) -> str:
    """The text without the zero bytes of a string in C, and blanks beside them, at its end; itself without any."""
    bare = text.rstrip("\0 \t\r\n")
    return bare if "\0" in text[len(bare) :] else text


def _with_bare_words(payload: bytes, text: str, bare: str) -> object:
    """Read JSON in which a bare word has stopped the decoder."""
    spelt, ends = spelt_out(bare)
    try:
        return LENIENT.decode(spelt)
    except json.JSONDecodeError as error:
        there = json.JSONDecodeError(error.msg, bare, original(error.pos, ends))
        raise _refusal(payload, text, bare, there) from None
    except RecursionError:
        raise _too_deep() from None


def _refusal(payload: bytes, text: str, bare: str, error: json.JSONDecodeError) -> DecodeError:
    """What is wrong, and at which byte of the payload; `bare` is the text without zeros at its end."""
    if not bare.strip():
        return DecodeError("not_json", Sentence("refusal.json.empty"), 0)
    sentence = Sentence("refusal.json.told", line=error.lineno, column=error.colno, meant=_meant(bare, error))
    return DecodeError("not_json", sentence, len(payload) - len(text[error.pos :].encode()))


def _about_encoding(payload: bytes, error: UnicodeDecodeError) -> Sentence:
    at, byte = error.start, f"{payload[error.start]:02x}"
    if payload.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Sentence("refusal.utf8.utf16", at=at, byte=byte)
    try:
        payload.decode("gb18030")
    except UnicodeDecodeError:
        return Sentence("refusal.utf8.told", at=at, byte=byte)
    return Sentence("refusal.utf8.chinese", at=at, byte=byte)


def _too_deep() -> DecodeError:
    return DecodeError("too_deep", Sentence("refusal.nested"), "")


def _number(text: str) -> float | NotFinite:
    value = float(text)
    return value if math.isfinite(value) else NotFinite(text)


def _integer(text: str) -> int | NotFinite:
    return int(text) if len(text) <= _MAX_DIGITS else NotFinite(text)


LENIENT = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=NotFinite)
"""Reads what devices send beyond JSON: NaN and Infinity, and numbers of any size; see also bare_words.py."""

_TRAILING = Sentence("refusal.json.trailing")
_CHANGES = {
    "Illegal trailing comma": _TRAILING,
    "Expecting property name": Sentence("refusal.json.name"),
    "Expecting ','": Sentence("refusal.json.comma"),
    "Expecting ':'": Sentence("refusal.json.colon"),
    "Extra data": Sentence("refusal.json.extra"),
    "Invalid control character": Sentence("refusal.json.control"),
    "Invalid \\": Sentence("refusal.json.backslash"),
}
"""By the beginning of what Python's decoder says."""
_FULL_WIDTH = re.compile("[“”，：｛｝]")
_ASSIGNMENT = re.compile(r"[\w.]++\s*+[=:]")


def _meant(text: str, error: json.JSONDecodeError) -> Sentence:
    """Suggest a fix for the JSON mistakes devices commonly make."""
    rest = text[error.pos :].lstrip()
    if not text.isascii() and _FULL_WIDTH.search(text):
        return Sentence("refusal.json.full_width")
    if error.msg.startswith("Unterminated") or not rest:
        return Sentence("refusal.json.cut")
    if rest[0] == "'":
        return Sentence("refusal.json.single_quotes")
    if rest[0] in "}]" and text[: error.pos].rstrip().endswith(","):
        return _TRAILING
    for beginning, change in _CHANGES.items():
        if error.msg.startswith(beginning):
            return change
    if _ASSIGNMENT.match(text):
        return Sentence("refusal.json.assignment")
    if re.match(r"[A-Za-z_]", rest):
        return Sentence("refusal.json.bare_word")
    return Sentence("refusal.json.value")
