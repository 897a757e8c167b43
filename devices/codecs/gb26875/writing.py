"""Writes what a user transmission device of GB/T 26875.3 sends: states of components, and analogue values. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from struct import Struct
from typing import NamedTuple

from devices.codecs.gb26875.frame import BEFORE, HEAD, SEND, TAIL
from hub.models import Micros, from_micros

_HEAD = Struct("<2sH2s6s6s6sHB")
_COMPONENT, _ANALOGUE = Struct("<BBBBBIH31s6s"), Struct("<BBBBBIBh6s")
_VERSION = b"\1\1"
NORMAL, FIRE, FAULT = 1 << 0, 1 << 1, 1 << 2
"""Bits of a component's state."""


class Part(NamedTuple):
    """A component of a system in a building."""

    system_type: int
    system: int
    kind: int
    address: int


class Address(NamedTuple):
    """Who sends, and when, by its clock."""

    source: str
    """12 hexadecimal digits, upper byte first."""
    at: Micros
    zone: tzinfo


def state(address: Address, serial: int, part: Part, bits: int, text: str = "") -> bytes:
    """A frame with the state of one component, and its place in words: at most 31 bytes of GB 18030."""
    told = text.encode("gb18030")[:31]
    return _frame(address, serial, _COMPONENT.pack(2, 1, *part, bits, told, clock(address.at, address.zone)))


def analogue(address: Address, serial: int, part: Part, values: Sequence[tuple[int, int]]) -> bytes:
    """A frame with analogue values of one component: (kind, value in steps of the kind), at most 63."""
    time = clock(address.at, address.zone)
    objects = b"".join(_ANALOGUE.pack(3, len(values), *part, kind, value, time)[2:] for kind, value in values)
    return _frame(address, serial, bytes([3, len(values)]) + objects)


def clock(at: Micros, zone: tzinfo) -> bytes:
    """Second, minute, hour, day, month, year of a clock."""
    local = from_micros(at).astimezone(zone)
    return bytes([local.second, local.minute, local.hour, local.day, local.month, local.year % 100])


def _frame(address: Address, serial: int, data: bytes) -> bytes:
    source = bytes.fromhex(address.source)[::-1]
    time = clock(address.at, address.zone)
    told = _HEAD.pack(HEAD, serial & 0xFFFF, _VERSION, time, source, bytes(6), len(data), SEND) + data
    return told + bytes([sum(told[2:]) & 0xFF]) + TAIL


def frames(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Cut what has arrived into frames, and the rest; what is no frame is dropped up to the next that may be one."""
    found: list[bytes] = []
    while True:
        begin = buffer.find(HEAD)
        if begin < 0 or len(buffer) < begin + BEFORE:
            return found, buffer[max(begin, 0) :] if begin >= 0 else b""
        end = begin + BEFORE + int.from_bytes(buffer[begin + 24 : begin + 26], "little") + 3
        if len(buffer) < end:
            return found, buffer[begin:]
        found.append(buffer[begin:end])
        buffer = buffer[end:]
