"""Reply JSON, to a command: `{"id": "<of the command>", "result": ...}` or `{"id": ..., "error": "..."}`."""

import re
from datetime import tzinfo
from typing import Any
from uuid import UUID

import msgspec

from devices.codecs.decoded import MAX_NAMES, Decoded, ReplyDraft
from devices.codecs.jsontext import names_in, parse, quoted
from devices.codecs.metric import leave_unused
from devices.privacy import holds_picture, without_private
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

MAX_RESULT = 16 << 10
"""Bytes of a result as JSON; more is data, and belongs into telemetry."""
MAX_PARTS = 4_000
"""Members and elements of a message."""
MAX_ERROR = 1_000
"""Characters of an error that are kept."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_MEMBERS = frozenset({"id", "result", "error", "device", "ts"})
_EXAMPLE = Sentence("refusal.reply.example")


def decode(payload: bytes, _received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a reply. Pictures and personal data in it are dropped."""
    message = parse(payload, MAX_PARTS)
    if not isinstance(message, dict):
        sentence = Sentence("refusal.reply.object", value=quoted(message), example=_EXAMPLE)
        raise DecodeError("not_an_object", sentence, "")
    if len(payload) > MAX_NAMES and len(names_in(message)) > MAX_NAMES:  # each may cost a look at the privacy gate
        raise DecodeError("too_many_values", Sentence("refusal.reply.names", most=f"{MAX_NAMES:,}"), "")
    decoded = Decoded(timeless=True)  # a letter of it must be the same when it is delivered again
    decoded.name(message.get("device"))
    command = _command(message.get("id"))
    for name in sorted(message.keys() - _MEMBERS):
        leave_unused(decoded, name)
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
        raise DecodeError("reply_no_id", Sentence("refusal.reply.no_id", example=_EXAMPLE), "")
    try:
        if not isinstance(value, str) or len(value) != 36:
            raise ValueError(value)
        return UUID(value)
    except ValueError:
        sentence = Sentence("refusal.reply.id", value=quoted(value))
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
        raise DecodeError("too_deep", Sentence("refusal.reply.depth"), at) from None
    except (UnicodeEncodeError, OverflowError, TypeError):
        raise DecodeError("reply_bad_result", Sentence("refusal.reply.storable"), at) from None
    if len(encoded) > MAX_RESULT:
        sentence = Sentence("refusal.reply.size", size=f"{len(encoded):,}", most=f"{MAX_RESULT:,}")
        raise DecodeError("reply_bad_result", sentence, at)
    if b"\\u0000" in encoded and _NUL.search(encoded):
        raise DecodeError("nul_character", Sentence("refusal.reply.nul"), at)
    return kept, dropped
