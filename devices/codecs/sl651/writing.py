"""Writes what a station of SL 651-2014 reports in one packet. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.sl651.packet import ETX, HEAD, STX
from hub.models import Micros, from_micros

TIMED, EXTRA = 0x32, 0x33
"""Functions: a report at its time, and one because a limit is passed."""
RIVER = "H"
"""The class of a station at a river."""


class Element(NamedTuple):
    """A measured value."""

    code: int
    size: int
    """Bytes of BCD."""
    decimals: int
    number: int
    """The value without its decimal point, not negative."""


class Station(NamedTuple):
    """Who reports."""

    address: str
    """10 digits."""
    password: str = "1234"  # noqa: S105 what stations come with
    """4 hexadecimal digits."""
    centre: int = 1
    kind: str = RIVER


def report(
    station: Station, serial: int, at: Micros, zone: tzinfo, elements: Sequence[Element], function: int = TIMED
) -> bytes:
    """A packet with the values of one time, of which the minute is told; it is sent at that time, too."""
    local = from_micros(at).astimezone(zone)
    told = (serial & 0xFFFF).to_bytes(2, "big") + bytes.fromhex(local.strftime("%y%m%d%H%M%S"))
    address = bytes.fromhex(station.address)
    told += b"\xf1\xf1" + address + station.kind.encode() + b"\xf0\xf0" + bytes.fromhex(local.strftime("%y%m%d%H%M"))
    for each in elements:
        digits = bytes.fromhex(f"{each.number:0{2 * each.size}}")
        told += bytes([each.code, each.size << 3 | each.decimals]) + digits
    head = bytes([station.centre]) + address + bytes.fromhex(station.password) + bytes([function])
    packet = HEAD + head + len(told).to_bytes(2, "big") + bytes([STX]) + told + bytes([ETX])
    return packet + crc16(packet).to_bytes(2, "big")
