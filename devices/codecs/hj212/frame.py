"""The frame of HJ 212, and its segment: `##`, four digits, the segment, four hexadecimal digits of its sum, CR LF.

What stations do otherwise and what does no harm is taken: a sum in lower case, no CR LF, a segment of more than 1024
bytes, fields in another order or of a vendor's own, blanks around them.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from devices.codecs.hj212.crc import LONGEST, crc
from devices.codecs.jsontext import quoted
from hub.errors import DecodeError
from hub.words.sentence import Sentence

HEAD, DATA, END = b"##", b"CP=&&", b"&&"
BEFORE, AFTER = 6, 4
"""Bytes of the head with its length, and of the sum."""
_NEXT = b"\n##"
_DIGITS, _HEX = re.compile(rb"[0-9]{4}"), re.compile(rb"[0-9A-Fa-f]{4}")
_FIELD = re.compile(r"\s*([A-Za-z0-9_.-]{1,32})\s*=([ -:<-~]*)")
_PASSWORD = re.compile(r"(?<=PW).*", re.IGNORECASE | re.DOTALL)
"""In what is no field, and may hold one: it is shown without."""
_ENDS = (b"\r\n", b"")
_NUMBERED = re.compile(rb"QN=[0-9]{17};")
_FIELDS = re.compile(rf"(?:(?:{_FIELD.pattern})?;)*\s*")


class Message(NamedTuple):
    """A frame whose sum is right."""

    fields: dict[str, str]
    """QN, ST, CN, PW, MN, Flag, PNUM and PNO, as far as they are there."""
    data: bytes
    """What stands between the two && of CP."""
    at: int
    """Where that begins, in bytes of the frame."""


def read(frame: bytes) -> Message:
    """Read one frame. DecodeError with the byte that is wrong, and what was expected there."""
    segment = _segment(frame)
    data = segment.find(DATA)
    if data < 0:
        raise DecodeError("bad_frame", Sentence("refusal.hj212.data"), BEFORE)
    if not segment.endswith(END, data + len(DATA)):
        raise DecodeError("bad_frame", Sentence("refusal.hj212.end"), BEFORE + len(segment))
    begin = data + len(DATA)
    return Message(_fields(segment[:data]), segment[begin : -len(END)], BEFORE + begin)


def read_packets(payload: bytes) -> Message:
    """Read the frames of one message that was divided (PNUM), or its only one: the fields of the first, all data.

    A place in a later one's data is told as if that followed the first one's. DecodeError as `read`.
    """
    following = payload.find(_NEXT) + 1
    if not following:
        return read(payload)
    message, data = read(payload[:following]), []
    if "PNUM" not in message.fields:
        return read(payload)
    while following:
        begin, following = following, payload.find(_NEXT, following) + 1
        part = read(payload[begin : following or len(payload)])
        if any(part.fields.get(name) != message.fields.get(name) for name in ("MN", "CN")):
            raise DecodeError("bad_frame", Sentence("refusal.hj212.other"), begin)
        data.append(part.data)
    return message._replace(data=b";".join([message.data, *data]))


def written(segment: bytes) -> bytes:
    """The frame of a segment of 1 to LONGEST bytes."""
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))


def _segment(frame: bytes) -> bytes:
    """The segment, once its length and sum are right."""
    if (told := frame[2:BEFORE]).isdigit() and frame[:2] == HEAD:
        end = BEFORE + int(told)
        if len(frame) >= end + AFTER > BEFORE + AFTER and frame[end + AFTER :] in _ENDS:
            segment = frame[BEFORE:end]
            if b"%04X" % crc(segment) == frame[end : end + AFTER]:
                return segment
    return _checked(frame)


def _checked(frame: bytes) -> bytes:
    """As above, of whatever is not written as the standard has it, or wrong."""
    if len(frame) > BEFORE + LONGEST + AFTER + 2:
        most = BEFORE + LONGEST + AFTER + 2
        raise DecodeError("too_large", Sentence("refusal.bytes", size=f"{len(frame):,}", most=f"{most:,}"), most)
    if frame[:2] != HEAD:
        raise DecodeError("bad_frame", Sentence("refusal.hj212.head"), int(frame[:1] == b"#"))
    if not _DIGITS.fullmatch(frame, 2, BEFORE):
        digits = frame[2:BEFORE]
        wrong = next((n for n, byte in enumerate(digits) if not 48 <= byte <= 57), len(digits))
        raise DecodeError("bad_length", Sentence("refusal.hj212.digits"), 2 + wrong)
    told, rest = int(frame[2:BEFORE]), frame[BEFORE:].rstrip(b"\r\n")
    if len(rest) != told + AFTER or told == 0:
        raise _length_fault(frame, told, len(rest) - AFTER)
    segment, sum_ = rest[:told], rest[told:]
    if not _HEX.fullmatch(sum_):
        raise DecodeError(
            "bad_checksum", Sentence("refusal.hj212.hexadecimal", sum=quoted(sum_.decode("latin-1"))), BEFORE + told
        )
    received, computed = int(sum_, 16), crc(segment)
    if received != computed:
        numbers = {"received": f"{received:04X}", "computed": f"{computed:04X}"}
        sentence = Sentence("refusal.hj212.checksum", **numbers)
        if received == (computed >> 8 | (computed & 0xFF) << 8):
            sentence = Sentence("refusal.hj212.swapped", **numbers)
        raise DecodeError("bad_checksum", sentence, BEFORE + told)
    return segment


def _length_fault(frame: bytes, told: int, found: int) -> DecodeError:
    """What the length says, and what is there: too little is a frame that was cut, or a length that is wrong."""
    end = frame.rfind(END)
    whole = _HEX.fullmatch(frame.rstrip(b"\r\n"), end + len(END)) is not None if end >= 0 else False
    if found < told and not whole:
        return DecodeError(
            "bad_length", Sentence("refusal.hj212.cut", told=told, found=len(frame) - BEFORE), len(frame)
        )
    return DecodeError("bad_length", Sentence("refusal.hj212.length", told=told, found=max(found, 0)), 2)


def _fields(head: bytes) -> dict[str, str]:
    """The fields before the data; of one that is there twice, the last."""
    if _NUMBERED.match(head):
        try:
            return {"QN": head[3:20].decode("ascii")} | _after_number(head[21:])
        except DecodeError:
            pass  # it is told with its place below
    return _each_field(head)


@lru_cache(10_000)
def _after_number(head: bytes) -> dict[str, str]:
    """The fields behind QN, which a station tells alike in each frame. Not to be changed."""
    return _each_field(head)


def _each_field(head: bytes) -> dict[str, str]:
    told = head.decode("latin-1")
    if not _FIELDS.fullmatch(told):
        at = BEFORE
        for part in told.split(";"):
            if part.strip() and not _FIELD.fullmatch(part):
                raise DecodeError(
                    "bad_frame", Sentence("refusal.hj212.field", part=quoted(_PASSWORD.sub("***", part))), at
                )
            at += len(part) + 1
        raise DecodeError("bad_frame", Sentence("refusal.hj212.data"), BEFORE + len(head))
    return {name: value.strip() for name, value in _FIELD.findall(told)}
