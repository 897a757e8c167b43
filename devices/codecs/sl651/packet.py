"""The packet of SL 651-2014 in hexadecimal coding: 7E 7E, addresses, password, function, length, body, CRC-16.

One message is one packet (STX), or several that tell how many they are and which one each is (SYN, mode M3).
"""

from typing import NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.octets import check_size, cut, expect, unexpected, wrong_length, wrong_sum
from hub.errors import DecodeError
from hub.words.sentence import Sentence

HEAD, _SOH = b"~~", b"\x01"
STX, SYN, ETX, ETB, EOT, ESC = 0x02, 0x16, 0x03, 0x17, 0x04, 0x1B
LONGEST = 32 << 10
"""Bytes of all packets of a message that are read."""
_LENGTH_AT, _START_AT, _BODY_AT = 11, 13, 14
_AFTER = 3
_LARGEST = _BODY_AT + 3 + 0xFFF + _AFTER
_DOWN, _LENGTH = 0x8000, 0x0FFF
_KEEP_ALIVE = 0x2F
_REPORTS = range(0x30, 0x37)
"""Functions by which a station reports by itself, and waits to be confirmed."""
_HEADER = 8
"""Bytes of a body's serial number and time."""


class Message(NamedTuple):
    """A message from a station, whose packets' sums are right."""

    centre: bytes
    station: bytes
    password: bytes
    function: int
    end: int
    """ETX, or ETB where more messages follow."""
    packets: int
    body: bytes
    places: tuple[int, ...]
    """Where the body of each packet begins in the payload."""
    sizes: tuple[int, ...]

    def at(self, offset: int) -> int:
        """Where a byte of the body is in the payload."""
        for place, size in zip(self.places, self.sizes, strict=True):
            if offset < size:
                return place + offset
            offset -= size
        return self.places[-1] + self.sizes[-1] + offset


def read(payload: bytes) -> Message:
    """Read all packets of one message. DecodeError with the byte that is wrong, and what was expected there."""
    check_size(payload, LONGEST)
    size, total, number = _packet(payload, 0)
    begin = _BODY_AT if total == 0 else _BODY_AT + 3
    places, sizes, end = [begin], [size - begin - _AFTER], size
    if total and number != 1:
        raise _not_next(total, number, 1, _BODY_AT)
    for wanted in range(2, total + 1):
        if end == len(payload):
            raise DecodeError("bad_length", Sentence("refusal.sl651.missing", number=wanted, total=total), end)
        size, told, number = _packet(payload, end)
        if (told, number) != (total, wanted):
            raise _not_next(told, number, wanted, end + _BODY_AT)
        if payload[end : end + _LENGTH_AT] != payload[:_LENGTH_AT]:
            raise DecodeError("bad_frame", Sentence("refusal.sl651.other"), end + 2)
        places.append(end + _BODY_AT + 3)
        sizes.append(size - _BODY_AT - 3 - _AFTER)
        end += size
    if end != len(payload):
        raise wrong_length(len(payload), end, end)
    body = b"".join(payload[place : place + size] for place, size in zip(places, sizes, strict=True))
    head = payload[2:3], payload[3:8], payload[8:10], payload[10]
    return Message(*head, payload[end - _AFTER], max(total, 1), body, tuple(places), tuple(sizes))


def checked(packet: bytes) -> tuple[int, int, int]:
    """Bytes of one packet, of how many it is one, and which; 0 and 0 of one alone. DecodeError as `read`."""
    size, total, number = _packet(packet, 0)
    if size != len(packet):
        raise wrong_length(len(packet), size, size)
    return size, total, number


def confirmation(message: Message, time: bytes) -> bytes | None:
    """The packet that confirms a report (M2), with the centre's time as 6 bytes BCD; None where none is wanted.

    It lets the station hang up, or keeps it where more messages follow. Pictures and other messages of several
    packets (M3) are confirmed in another form, which is not known here.
    """
    if message.function not in _REPORTS or message.packets > 1 or len(message.body) < _HEADER:
        return None
    head = message.station + message.centre + message.password + bytes([message.function])
    body = message.body[:2] + time
    end = EOT if message.end == ETX else ESC
    told = HEAD + head + (_DOWN | len(body)).to_bytes(2, "big") + bytes([STX]) + body + bytes([end])
    return told + crc16(told).to_bytes(2, "big")


def _packet(payload: bytes, at: int) -> tuple[int, int, int]:
    """Bytes of the packet at a place, of how many packets it is, and which; 0 and 0 of one alone."""
    packet = payload[at : at + _LARGEST]
    try:
        return _checked(packet)
    except DecodeError as error:
        raise DecodeError(error.reason, error.detail, error.at + at if isinstance(error.at, int) else at) from None


def _checked(packet: bytes) -> tuple[int, int, int]:
    if packet[:1] == _SOH:
        raise DecodeError("bad_frame", Sentence("refusal.sl651.ascii"), 0)
    expect(packet, 0, HEAD)
    if len(packet) < _BODY_AT + _AFTER:
        raise cut(packet, _BODY_AT + _AFTER)
    if packet[_START_AT] not in (STX, SYN):
        raise unexpected(packet, _START_AT, f"{STX:02X}")
    told = int.from_bytes(packet[_LENGTH_AT : _LENGTH_AT + 2], "big")
    if told & ~_LENGTH:
        raise unexpected(packet, _LENGTH_AT, f"0{packet[_LENGTH_AT] & 15:X}")
    length = told & _LENGTH
    ends = [_BODY_AT + length]
    if packet[_START_AT] == SYN:  # whether the three bytes of the number are counted, stations disagree
        ends.append(_BODY_AT + 3 + length)
    fitting = [end for end in ends if len(packet) >= end + _AFTER and packet[end] in (ETX, ETB)]
    good = [end for end in fitting if crc16(packet[: end + 1]) == int.from_bytes(packet[end + 1 : end + 3], "big")]
    if not good:
        raise _fault(packet, length, ends[0], fitting)
    if packet[_START_AT] == STX:
        return good[0] + _AFTER, 0, 0
    numbers = int.from_bytes(packet[_BODY_AT : _BODY_AT + 3], "big")
    if good[0] < _BODY_AT + 3 or not 1 <= numbers & _LENGTH <= numbers >> 12:
        raise _not_next(numbers >> 12, numbers & _LENGTH, 1, _BODY_AT)
    return good[0] + _AFTER, numbers >> 12, numbers & _LENGTH


def _fault(packet: bytes, length: int, end: int, fitting: list[int]) -> DecodeError:
    if fitting:
        end = fitting[0]
        received, computed = packet[end + 1 : end + 3].hex().upper(), f"{crc16(packet[: end + 1]):04X}"
        return wrong_sum(packet, end + 1, received, computed)
    if len(packet) < end + _AFTER:
        if packet[-_AFTER] in (ETX, ETB) and crc16(packet[:-2]) == int.from_bytes(packet[-2:], "big"):
            return wrong_length(length, len(packet) - _AFTER - _BODY_AT, _LENGTH_AT)
        return cut(packet, end + _AFTER)
    return unexpected(packet, end, f"{ETX:02X}")


def _not_next(total: int, number: int, wanted: int, at: int) -> DecodeError:
    return DecodeError("bad_frame", Sentence("refusal.sl651.number", total=total, number=number, wanted=wanted), at)
