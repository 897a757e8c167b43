"""The wire format of Protocol Buffers: fields of a message with their places, so that a fault has one. Pure.

No field is read that nobody asks for: what a message holds beside is passed over by its length.
"""

from struct import Struct

from devices.codecs.clock import in_range
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

VARINT, I64, LEN, I32 = 0, 1, 2, 5
"""Wire types; groups (3, 4) are in no protocol of today."""
_SIZES, _KINDS = {I64: 8, I32: 4}, frozenset({VARINT, I64, LEN, I32})
MAX_FIELDS = 5_000
"""Of a message without those in it: bounds the memory of one that is made of empty fields."""
_LONGEST = 70
"""Bits that a varint may have: ten bytes."""
_FLOAT, _DOUBLE = Struct("<f"), Struct("<d")


Field = tuple[int, int, int, int, int]
"""A field as it is sent: its number, its wire type, its value, where it ends and where it begins.

The value is the number of a varint; of others the place where it begins. A plain tuple: a named one takes seven times
as long to make, and a payload of 20 metrics has 120 of them.
"""


def fields(message: bytes, at: int, end: int) -> list[Field]:
    """The fields between two places; DecodeError at the byte where they cannot be read."""
    found: list[Field] = []
    while at < end:
        begin = at
        tag = message[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(message, begin, end)
        kind = tag & 7
        if kind in (LEN, VARINT):
            value = message[at] if at < end else 0x80
            at += 1
            if value > 0x7F:
                value, at = _varint(message, at - 1, end)
            if kind == LEN:
                value, at = at, at + value
        else:
            value, at = at, at + _SIZES.get(kind, 0)
        if at > end or tag < 8 or kind not in _KINDS:
            raise _refusal(tag, kind, begin, at - end)
        found.append((tag >> 3, kind, value, at, begin))
    if len(found) > MAX_FIELDS:
        raise DecodeError("too_many_values", Sentence("refusal.protobuf.fields", most=f"{MAX_FIELDS:,}"), found[-1][4])
    return found


def _refusal(tag: int, kind: int, begin: int, beyond: int) -> DecodeError:
    if kind not in _KINDS:
        return DecodeError("bad_frame", Sentence("refusal.protobuf.kind", kind=kind), begin)
    if tag < 8:
        return DecodeError("bad_frame", Sentence("refusal.protobuf.zero"), begin)
    return DecodeError("bad_length", Sentence("refusal.protobuf.cut", number=tag >> 3, wanted=beyond), begin)


def _varint(message: bytes, at: int, end: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    value = shift = 0
    begin = at
    while at < end:
        byte = message[at]
        at += 1
        if byte < 0x80:
            return value | byte << shift, at
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift == _LONGEST:
            raise DecodeError("bad_frame", Sentence("refusal.protobuf.varint"), begin)
    raise DecodeError("bad_length", Sentence("refusal.protobuf.number"), begin)


def expect(field: Field, kind: int, name: str) -> Field:
    """The field; DecodeError unless it has the wire type that the protocol gives it."""
    if field[1] != kind:
        raise DecodeError("bad_frame", Sentence("refusal.protobuf.type", name=name, found=field[1]), field[4])
    return field


def number(field: Field, name: str) -> int:
    """The number of a varint."""
    return expect(field, VARINT, name)[2]


def span(field: Field, name: str) -> tuple[int, int]:
    """Where bytes, or a message, begin and end."""
    _, _, begin, end, _ = expect(field, LEN, name)
    return begin, end


def text(message: bytes, field: Field, name: str) -> str:
    """A string; DecodeError at the byte that is no UTF-8."""
    begin, end = span(field, name)
    try:
        return message[begin:end].decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", Sentence("refusal.protobuf.text", name=name), begin + error.start) from None


def signed(value: int, bits: int = 64) -> int:
    """A number of so many bits whose highest one is its sign; what has more bits is cut."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def float32(message: bytes, field: Field, name: str) -> float:
    """A float."""
    return float(_FLOAT.unpack_from(message, expect(field, I32, name)[2])[0])


def float64(message: bytes, field: Field, name: str) -> float:
    """A double."""
    return float(_DOUBLE.unpack_from(message, expect(field, I64, name)[2])[0])


def timestamp(message: bytes, field: Field) -> Micros:
    """A Timestamp, of seconds and nanoseconds; beyond the microsecond they are cut."""
    seconds = nanoseconds = 0
    for each in fields(message, *span(field, "time")):
        if each[0] == 1:
            seconds = signed(number(each, "seconds"))
        elif each[0] == 2:
            nanoseconds = number(each, "nanos")
    return in_range(seconds * 1_000_000 + nanoseconds // 1000, field[4])


def key(number: int, kind: int) -> bytes:
    """How a field begins."""
    return varint(number << 3 | kind)


def varint(value: int) -> bytes:
    """A number of up to 64 bits, as it is sent."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def block(number: int, content: bytes) -> bytes:
    """A field of bytes, of text, or a message."""
    return key(number, LEN) + varint(len(content)) + content
