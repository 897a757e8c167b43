"""Reply JSON, to a command: `{"id": "<of the command>", "result": ...}` or `{"id": ..., "error": "..."}`."""

import re
from datetime import tzinfo
from typing import Any
from uuid import UUID

import msgspec

from devices.codecs.decoded import MAX_NAMES, Decoded, ReplyDraft
from devices.codecs.jsontext import names_in, parse, quoted
from devices.privacy import holds_picture, without_private
from hub.errors import DecodeError
from hub.models import Micros

MAX_RESULT = 16 << 10
"""Bytes of a result as JSON; more is data, and belongs into telemetry."""
MAX_PARTS = 4_000
"""Members and elements of a message."""
MAX_ERROR = 1_000
"""Characters of an error that are kept."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EXAMPLE = 'send {"id": "<id of the command>", "result": {}}, or "error": "what went wrong" in place of the result'


def decode(payload: bytes, _received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a reply. Pictures and personal data in it are dropped."""
    message = parse(payload, MAX_PARTS)
    if not isinstance(message, dict):
        raise DecodeError("not_an_object", f"{quoted(message)} where a reply is expected: {_EXAMPLE}", "")
    if len(payload) > MAX_NAMES and len(names_in(message)) > MAX_NAMES:  # each may cost a look at the privacy gate
        raise DecodeError("too_many_values", f"a reply may hold {MAX_NAMES:,} different names: send less", "")
    decoded = Decoded(timeless=True)  # a letter of it must be the same when it is delivered again
    decoded.name(message.get("device"))
    command = _command(message.get("id"))
    result = message.get("result")
    error = message.get("error")
    if holds_picture(payload):
        result, decoded.private = None, 1
        error = None if error is None else "(not kept: it held a picture)"
    result, dropped = _storable(result, "/result")
    decoded.private += dropped
    decoded.reply = ReplyDraft(command, result, None if error is None else _error(error))
    return decoded


def _command(value: object) -> UUID:
    if value is None:
        raise DecodeError("reply_no_id", f"there is no id: {_EXAMPLE}", "")
    try:
        if not isinstance(value, str) or len(value) != 36:
            raise ValueError(value)
        return UUID(value)
    except ValueError:
        sentence = f"id is {quoted(value)}: send back the id of the command as it came"
        raise DecodeError("reply_bad_id", sentence, "/id") from None


def _error(value: object) -> str:
    """The error text; objects and numbers are serialised as JSON."""
    kept, _ = _storable(value, "/error")
    text = kept if isinstance(kept, str) else msgspec.json.encode(kept).decode()
    return text[:MAX_ERROR]


def _storable(value: object, at: str) -> tuple[Any, int]:
    """Storable value and the number of private fields dropped; `at` is the value's location."""
    try:
        kept, dropped = without_private(value)
        encoded = msgspec.json.encode(kept)
    except RecursionError:
        raise DecodeError("too_deep", "the reply is nested deeper than 16 levels: flatten it", at) from None
    except (UnicodeEncodeError, OverflowError, TypeError):
        sentence = "the reply holds what cannot be stored: NaN, Infinity or half of a surrogate pair"
        raise DecodeError("reply_bad_result", sentence, at) from None
    if len(encoded) > MAX_RESULT:
        sentence = f"the reply has {len(encoded):,} bytes; up to {MAX_RESULT:,} are kept: send data as telemetry"
        raise DecodeError("reply_bad_result", sentence, at)
    if b"\\u0000" in encoded and _NUL.search(encoded):
        sentence = "the reply holds the character \\u0000, which cannot be stored: remove it"
        raise DecodeError("nul_character", sentence, at)
    return kept, dropped
