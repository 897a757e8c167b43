"""An AVI of raw pictures, of the sort by which OpenCV 4's reader ends its process."""

import struct


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def raw_avi(side: int = 48, frames: int = 20) -> bytes:
    """BGR of 24 bits, upside down, as the format has it."""
    size = side * side * 3
    head = struct.pack("<14I", 100_000, size * 10, 0, 16, frames, 0, 1, size, side, side, 0, 0, 0, 0)
    stream = b"vids" + struct.pack("<4xIHHIIIIIIII4H", 0, 0, 0, 0, 1, 10, 0, frames, size, 1, 0, 0, 0, side, side)
    format_ = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, size, 0, 0, 0, 0)
    streams = _chunk(b"LIST", b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", format_))
    pictures = b"".join(_chunk(b"00db", bytes([number * 7 % 256]) * size) for number in range(frames))
    lists = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", head) + streams) + _chunk(b"LIST", b"movi" + pictures)
    return _chunk(b"RIFF", b"AVI " + lists)
