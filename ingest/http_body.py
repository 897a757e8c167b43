"""Bodies of HTTP requests, unpacked within bounds: gzip that may be a bomb, batches of messages. Pure."""

import zlib
from typing import NamedTuple

import msgspec

from devices.codecs.jsontext import parse
from hub.errors import DecodeError

BATCH_MESSAGES = 10_000
"""Messages of a batch, so that one request cannot fill the pipeline by itself."""


class BodyError(Exception):
    """A body cannot be used at all; `status` is the HTTP status that says so."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Message(NamedTuple):
    """One message of a batch: the device that it names ('' for none), and its bytes as they came."""

    device: str
    payload: bytes


class _Named(msgspec.Struct):
    device: str = ""


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_NAMED = msgspec.json.Decoder(_Named)


def gunzip(body: bytes, limit: int) -> bytes:
    """What a gzip body holds; never makes more than `limit` bytes of it: BodyError 413 beyond, 400 if it is broken."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise BodyError(400, f"the body is not gzip: {error}") from None
    if len(content) > limit:
        raise BodyError(413, f"unpacked, the body has more than the {limit} bytes it may have here")
    if not unpacking.eof:
        raise BodyError(400, "the gzip body is cut off")
    if unpacking.unused_data:
        raise BodyError(400, "something follows the gzip body: send one member")
    return content


def batch_of_list(body: bytes) -> list[Message]:
    """The messages of a JSON list; BodyError 400 when it is none, 413 when there are too many."""
    try:
        parts = _LIST.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(
            400, f"not a JSON list: {error}; nothing was taken. Send NDJSON to have each line judged by itself"
        ) from None
    if len(parts) > BATCH_MESSAGES:
        raise _too_many()
    return [_message(bytes(part)) for part in parts]


def batch_of_lines(body: bytes) -> list[Message]:
    """The messages of NDJSON, one a line, empty lines left out; BodyError 413 when there are too many."""
    if body.count(b"\n") > 2 * BATCH_MESSAGES:
        raise _too_many()
    parts = [line for line in (line.strip() for line in body.split(b"\n")) if line]
    if len(parts) > BATCH_MESSAGES:
        raise _too_many()
    return [_message(part) for part in parts]


def _too_many() -> BodyError:
    return BodyError(413, f"a batch may hold {BATCH_MESSAGES:,} messages: send several")


def _message(part: bytes) -> Message:
    try:
        return Message(_NAMED.decode(part).device, part)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Message(_device_of_odd(part), part)


def _device_of_odd(part: bytes) -> str:
    """The device of a message that strict JSON refuses, say for a NaN in it; '' when it cannot be told."""
    try:
        value = parse(part)
    except DecodeError:
        return ""
    device = value.get("device", "") if isinstance(value, dict) else ""
    return device if isinstance(device, str) else ""
