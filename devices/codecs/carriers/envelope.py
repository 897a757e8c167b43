"""What the envelopes of the platforms have in common: who sends, when, and how a body is taken apart. Pure."""

import json
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

import msgspec

from devices.codecs.clock import EARLIEST, LATEST
from devices.codecs.decoded import MAX_BYTES
from devices.codecs.jsontext import parse, quoted
from devices.codecs.pointer import pointer
from devices.schemes import MAX_ADDRESS
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

MAX_MESSAGES = 1_000
"""Messages of one push."""
MAX_COMMAS = 120_000
"""In a list: each may be one more element, and a list of 500,000 takes 50 MB."""
MAX_PARTS = 4_000
"""Members and elements of a message: each name may cost a look at the privacy gate."""
PUSH = "push"
"""The form of all of them."""
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_NOTHING = frozenset({"", "undefined", "null", "none"})
_ADDRESS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-@#+=$")


class Sent(NamedTuple):
    """One message of a push."""

    address: str
    """What the platform calls the device; empty where it does not say."""
    payload: bytes
    imei: str | None = None
    product: str | None = None
    form: str = PUSH


def unpacked(body: bytes) -> bytes:
    """A body as JSON: some platforms send it URL-encoded."""
    if body[:1] != b"%" or len(body) > 4 * MAX_BYTES:
        return body
    text = body.decode("ascii", "replace")
    plain = unquote(text).encode()
    try:
        parse(plain)
    except DecodeError:  # where blanks are written as +
        return unquote_plus(text).encode()
    return plain


def parts_of(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """The messages of a body, which is one or a list of them, each with its bytes; {} of what is no object.

    Raises DecodeError: not JSON, neither object nor list, too many.
    """
    if body.lstrip()[:1] == b"[":
        return [(_object(part), part) for part in _listed(body)]
    told = parse(body)
    if not isinstance(told, dict):
        raise DecodeError("not_an_object", Sentence("refusal.push.object", value=quoted(told)), "")
    return [(told, body)]


def _listed(body: bytes) -> list[bytes]:
    if body.count(b",") > MAX_COMMAS:
        raise _too_many()
    try:
        parts = [bytes(part) for part in _LIST.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = parse(body)  # it says what is wrong, or reads what is not quite JSON
        parts = [json.dumps(part).encode() for part in told] if isinstance(told, list) else []
    if len(parts) > MAX_MESSAGES:
        raise _too_many()
    return parts


def _object(part: bytes) -> dict[str, Any]:
    try:
        told = parse(part)
    except DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _too_many() -> DecodeError:
    return DecodeError("too_many_values", Sentence("refusal.push.messages", most=f"{MAX_MESSAGES:,}"), "")


def message(payload: bytes) -> dict[str, Any]:
    """A message; DecodeError when it is none."""
    told = parse(payload, MAX_PARTS)
    if type(told) is not dict:
        raise DecodeError("not_an_object", Sentence("refusal.push.object", value=quoted(told)), "")
    return told


def member(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """The object at a path; DecodeError where there is none."""
    found = told
    for name in names:
        below = found.get(name)
        if type(below) is not dict:
            sentence = Sentence("refusal.push.member", name=name, value=quoted(below))
            raise DecodeError("push_incomplete", sentence, there(told, *names))
        found = below
    return found


def there(told: dict[str, Any], *names: str) -> str:
    """The place of a member; where it is missing, of what would hold it."""
    found: object = told
    for number, name in enumerate(names):
        if not isinstance(found, dict) or name not in found:
            return pointer(*names[:number])
        found = found[name]
    return pointer(*names)


def said(value: object) -> str | None:
    """A text or a whole number as text; None where it says nothing, as "undefined"."""
    if type(value) is int:
        return str(value) if value.bit_length() <= 64 else None
    if type(value) is not str:
        return None
    text = value.strip()
    return None if text.lower() in _NOTHING else text


def address_of(*parts: object) -> str:
    """An address of one or several parts; empty where a part is missing, too long or not printable."""
    texts = [said(each) or "" for each in parts]
    address = "/".join(texts)
    return address if all(texts) and len(address) <= MAX_ADDRESS and _ADDRESS.issuperset(address) else ""


def imei_of(value: object) -> str | None:
    """An IMEI of 15 digits; None of anything else."""
    text = said(value)
    return text if text is not None and len(text) == 15 and text.isascii() and text.isdigit() else None


def millis(value: object, *steps: str | int) -> Micros | None:
    """Microseconds of milliseconds since 1970, also in quotes; None where there is none. DecodeError: out of range."""
    if type(value) is str and value.isascii() and value.strip().isdigit() and len(value) <= 20:
        value = int(value)
    if value is None or (type(value) is str and said(value) is None):
        return None
    if type(value) is int and EARLIEST <= value * 1000 < LATEST:
        return value * 1000
    raise DecodeError("bad_time", Sentence("refusal.push.time", value=quoted(value)), pointer(*steps))
