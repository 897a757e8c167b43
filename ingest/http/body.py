"""HTTP request bodies: bounded gunzip and batch parsing. Pure."""

import re
import zlib
from io import BytesIO
from typing import NamedTuple

import msgspec

from devices.codecs.bare_words import as_long
from devices.codecs.jsontext import BYTE_ORDER_MARK
from devices.codecs.named_device import named_device
from hub.errors import At

BATCH_MESSAGES = 10_000
"""Messages of a batch, so that one request cannot fill the pipeline by itself."""

DEVICE_CHARS = 80
"""Of what a message gives as a device, so much is kept: codes have up to 64 characters."""

LIST_COMMAS = 120_000
"""In a batch that is a JSON list: each may be one more element, and a list of 4 million takes 270 MB and 0.2 s."""

_PACKED, _UNPACKED = 64 << 10, 256 << 10
"""Bytes that are unpacked at a time, and made at a time; all at once, 8 MiB would take 16 MiB."""


class BodyError(Exception):
    """The request body is unusable; `status` is the HTTP status to answer with."""

    def __init__(self, status: int, detail: str, at: At = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.at = status, detail, at


class Message(NamedTuple):
    """One message of a batch: the device it names ('' if none) and its raw bytes."""

    device: str
    payload: bytes
    line: int | None = None
    """Of NDJSON, from 1."""


class _Named(msgspec.Struct):
    device: str = ""


_MARK = BYTE_ORDER_MARK.encode()
_SEPARATORS = re.compile(rb"[\s,]*")
_WINDOW = 24
"""Bytes around the place where a decoder stopped, in which a value such as nan is looked for."""
_BYTE = re.compile(r"\(byte (\d+)\)")
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_NAMED = msgspec.json.Decoder(_Named)


def gunzip(body: bytes, limit: int) -> bytes:
    """Decompress gzip, at most `limit` bytes; BodyError 413 beyond that, 400 if corrupt."""
    unpacking, content, start = zlib.decompressobj(wbits=31), BytesIO(), 0
    try:
        while start < len(body) and not unpacking.eof:
            packed = body[start : start + _PACKED]
            start += _PACKED
            while packed and not unpacking.eof:
                content.write(unpacking.decompress(packed, _UNPACKED))
                packed = unpacking.unconsumed_tail
                if content.tell() > limit:
                    raise BodyError(413, f"unpacked, the body has more than the {limit} bytes it may have here")
    except zlib.error as error:
        raise BodyError(400, f"the body is not gzip: {error}") from None
    if not unpacking.eof:
        raise BodyError(400, "the gzip body is cut off")
    if unpacking.unused_data or start < len(body):
        raise BodyError(400, "something follows the gzip body: send one member")
    return content.getvalue()


def batch_of_list(body: bytes) -> list[Message]:
    """Split a JSON list into messages; BodyError 400 when it is not one, 413 when too long."""
    if body.count(b",") > LIST_COMMAS:
        raise BodyError(413, f"a JSON list may hold {LIST_COMMAS:,} commas: send several, or send NDJSON")
    listed = body.removeprefix(_MARK)
    try:
        parts = _LIST.decode(listed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        place = _place(error)
        found = _parts_with_bare_words(listed, place)
        if found is None:
            why = "a zero byte follows it" if listed.endswith(b"\0") else error
            sentence = f"not a JSON list: {why}; nothing was taken. Send NDJSON to have each line judged by itself"
            place = place if isinstance(place, str | None) else place + len(body) - len(listed)
            raise BodyError(400, sentence, place) from None
        parts = found
    if len(parts) > BATCH_MESSAGES:
        raise _too_many()
    return [_message(bytes(part)) for part in parts]


def batch_of_lines(body: bytes) -> list[Message]:
    """Split NDJSON into messages, skipping empty lines; BodyError 413 when there are too many."""
    if body.count(b"\n") > 2 * BATCH_MESSAGES:
        raise _too_many()
    lines = [line.strip() for line in body.split(b"\n")]
    if _MARK in body:  # also where files were joined
        lines = [line.removeprefix(_MARK) for line in lines]
    parts = [(number, line) for number, line in enumerate(lines, 1) if line]
    if len(parts) > BATCH_MESSAGES:
        raise _too_many()
    return [_message(line, number) for number, line in parts]


def _parts_with_bare_words(body: bytes, place: At) -> list[msgspec.Raw] | None:
    """The elements of a list in which a decoder stopped at nan or the like; None where it stopped at anything else."""
    if not isinstance(place, int):
        return None
    window = body[max(place - _WINDOW, 0) : place + _WINDOW].decode(errors="replace")
    if as_long(window) == window:
        return None
    try:
        readable = as_long(body.decode()).encode()  # as long as the body: each element is at the same place
        parts = _LIST.decode(readable)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    at, found = readable.index(b"[") + 1, []
    for part in parts:
        at = _SEPARATORS.match(readable, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        end = at + len(bytes(part))
        found.append(msgspec.Raw(body[at:end]))
        at = end
    return found


def _place(error: Exception) -> At:
    """The byte that a decoder names; the whole where it names none."""
    if isinstance(error, UnicodeDecodeError):
        return error.start
    named = _BYTE.search(str(error))
    return int(named[1]) if named else ""


def _too_many() -> BodyError:
    return BodyError(413, f"a batch may hold {BATCH_MESSAGES:,} messages: send several")


def _message(part: bytes, line: int | None = None) -> Message:
    if not part.startswith(b"{"):
        return Message("", part, line)
    try:
        return Message(_NAMED.decode(part).device[:DEVICE_CHARS], part, line)
    except RecursionError:
        return Message("", part, line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Message(named_device(part)[:DEVICE_CHARS], part, line)
