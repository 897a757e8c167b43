"""Makes length, checksum and end of a damaged frame right again, so that what is behind them is tried."""

from collections.abc import Callable, Mapping

from devices.codecs.crc16 import crc16
from devices.codecs.szy206 import crc

SMALLEST = 32


def _gb26875(frame: bytearray) -> bytes:
    frame += bytes(max(SMALLEST - len(frame), 0))
    frame[:2], frame[24:26], frame[-2:] = b"@@", (len(frame) - 30).to_bytes(2, "little"), b"##"
    frame[-3] = sum(frame[2:-3]) & 0xFF
    return bytes(frame)


def _sl651(frame: bytearray) -> bytes:
    frame += bytes(max(SMALLEST - len(frame), 0))
    frame[:2], frame[11:14], frame[-3] = b"~~", (len(frame) - 17).to_bytes(2, "big") + b"\2", 3
    frame[-2:] = crc16(bytes(frame[:-2])).to_bytes(2, "big")
    return bytes(frame)


def _cjt188(frame: bytearray) -> bytes:
    frame += bytes(max(SMALLEST - len(frame), 0))
    frame[0], frame[10], frame[-1] = 0x68, (len(frame) - 13) & 0xFF, 0x16
    frame[-2] = sum(frame[:-2]) & 0xFF
    return bytes(frame)


def _szy206(frame: bytearray) -> bytes:
    frame += bytes(max(SMALLEST - 1 - len(frame), 0))
    frame[:3], frame[-1] = bytes([0x68, (len(frame) - 5) & 0xFF, 0x68]), 0x16
    frame[-2] = crc(bytes(frame[3:-2]))
    return bytes(frame)


SEALS: Mapping[str, Callable[[bytearray], bytes]] = {
    "gb26875": _gb26875,
    "sl651": _sl651,
    "cjt188": _cjt188,
    "szy206": _szy206,
}
"""By form."""
