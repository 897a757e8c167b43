"""The frame of GB/T 26875.3-2011: 40 40, a head of fixed length, the application data, their sum, 23 23.

Numbers are low byte first. The sum is the low byte of that of all bytes between 40 40 and itself.
"""

from struct import Struct
from typing import NamedTuple

from devices.codecs.octets import check_size, cut, expect, wrong_length, wrong_sum
from hub.errors import DecodeError

HEAD, TAIL = b"@@", b"##"
SEND, CONFIRM, ANSWER, DENY = 2, 3, 5, 6
"""Commands: data is sent, is confirmed, was asked for, is denied."""
BEFORE = 27
"""Bytes before the application data."""
LONGEST = 1_024
"""Bytes of application data."""
_AFTER = 3
_LENGTH_AT = 24
_HEAD = Struct("<2sH2s6s6s6sHB")


class Message(NamedTuple):
    """A frame whose sum is right."""

    head: bytes
    serial: int
    version: bytes
    time: bytes
    """Second, minute, hour, day, month, year."""
    source: bytes
    """Low byte first."""
    destination: bytes
    length: int
    command: int

    @property
    def station(self) -> str | None:
        """The address of the sender in hexadecimal digits, upper byte first; None where it tells none."""
        return self.source[::-1].hex().upper() if any(self.source) else None


def read(frame: bytes) -> Message:
    """Read one frame. DecodeError with the byte that is wrong, and what was expected there."""
    if len(frame) < BEFORE or frame[:2] != HEAD:
        check_size(frame, BEFORE + LONGEST + _AFTER)
        expect(frame, 0, HEAD)
        raise cut(frame, BEFORE + _AFTER)
    message = Message._make(_HEAD.unpack_from(frame))
    end = BEFORE + message.length
    if len(frame) != end + _AFTER or message.length > LONGEST:
        raise _length_fault(frame, message.length)
    if (computed := sum(frame[2:end]) & 0xFF) != frame[end]:
        raise wrong_sum(frame, end, f"{frame[end]:02X}", f"{computed:02X}")
    if frame[end + 1 :] != TAIL:
        expect(frame, end + 1, TAIL)
    return message


def reply(frame: bytes) -> bytes | None:
    """The frame that confirms what was sent, once it is stored; None where no reply is wanted.

    It has the serial number and the time of what it confirms, and no application data.
    """
    return _answer(read(frame), CONFIRM)


def denial(frame: bytes) -> bytes | None:
    """The frame that denies what was sent, so that it is sent again; also of one whose checksum is wrong.

    None where it is too short to tell who sent it.
    """
    if len(frame) < BEFORE + _AFTER or frame[:2] != HEAD:
        return None
    return _answer(Message._make(_HEAD.unpack_from(frame)), DENY)


def _answer(message: Message, command: int) -> bytes | None:
    if message.command != SEND:
        return None
    addresses = message.destination, message.source
    head = _HEAD.pack(HEAD, message.serial, message.version, message.time, *addresses, 0, command)
    return head + bytes([sum(head[2:]) & 0xFF]) + TAIL


def _length_fault(frame: bytes, told: int) -> DecodeError:
    """What the length says and what is there: too little is a frame that was cut, where its end is missing."""
    check_size(frame, BEFORE + LONGEST + _AFTER)
    found = len(frame) - BEFORE - _AFTER
    if told > LONGEST or found > told or frame.endswith(TAIL):
        return wrong_length(told, max(found, 0), _LENGTH_AT)
    return cut(frame, BEFORE + told + _AFTER)
