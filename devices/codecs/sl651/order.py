"""Packets by which a centre asks a station of SL 651 something. Pure."""

from datetime import datetime

from devices.codecs.crc16 import crc16
from devices.codecs.sl651.packet import HEAD, STX

REALTIME, MANUAL, CLOCK = 0x37, 0x39, 0x4A
"""Functions: what is measured now; what was put in by hand; set the clock."""
_CENTRE, _ENQ, _DOWN = b"\x01", b"\x05", 0x8000


def order(station: str, password: str, function: int, serial: int, now: datetime) -> bytes:
    """A question, or a setting of the clock, which is the time that each packet tells; of the station's zone."""
    body = serial.to_bytes(2, "big") + bytes.fromhex(now.strftime("%y%m%d%H%M%S"))
    told = HEAD + bytes.fromhex(station) + _CENTRE + bytes.fromhex(password) + bytes([function])
    told += (_DOWN | len(body)).to_bytes(2, "big") + bytes([STX]) + body + _ENQ
    return told + crc16(told).to_bytes(2, "big")
