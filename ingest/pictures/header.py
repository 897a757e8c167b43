"""What the header of a JPEG or PNG says, read before anything is decoded; pure, without OpenCV."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from hub.errors import HubError

MAX_PIXELS = 36_000_000
"""7,680 x 4,320 and a little more. Beyond it the memory for decoding would be the sender's choice."""
MAX_SIDE = 16_384
MIN_SIDE = 16
MAX_SCANS = 100
"""Of a progressive JPEG: each costs another pass over all of it. Encoders make about 10."""
MAX_MARKERS = 4_000

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Baseline, extended sequential, progressive; 8 bits, Huffman."""
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")
"""One that begins a segment: no stuffed byte, no restart."""
_SOS, _EOI = 0xDA, 0xD9


class RefusedPicture(HubError):
    """A picture is not decoded"""

    def __init__(self, reason: str) -> None:
        """`reason`: the last part of a key of `picture.refused.*`."""
        super().__init__(reason)
        self.reason = reason


class Size(NamedTuple):
    """Of a picture, as stored (an orientation in its EXIF may turn it)."""

    width: int
    height: int
    jpeg: bool
    end: int
    """Where the picture ends: what follows is another file's, and is not decoded."""


def read_header(picture: bytes) -> Size:
    """Size and end of a picture; RefusedPicture when it is none, not whole, or not to be decoded safely."""
    if picture.startswith(_JPEG):
        size = _jpeg(picture)
    elif picture.startswith(_PNG):
        size = _png(picture)
    else:
        raise RefusedPicture("not_jpeg_or_png" if picture else "empty")
    if min(size.width, size.height) < MIN_SIDE:
        raise RefusedPicture("too_small")
    if max(size.width, size.height) > MAX_SIDE or size.width * size.height > MAX_PIXELS:
        raise RefusedPicture("too_many_pixels")
    return size


def _jpeg(picture: bytes) -> Size:
    width = height = scans = 0
    for marker, at, end in _segments(picture):
        if marker == _EOI:
            if not (width and scans):
                raise RefusedPicture("truncated")
            return Size(width, height, True, end)
        if marker in _OTHER_FRAMES or (marker in _FRAMES and width):
            raise RefusedPicture("jpeg_kind")
        if marker in _FRAMES:
            width, height = _frame(picture[at + 2 : end])
        scans += marker == _SOS
        if scans > MAX_SCANS:
            raise RefusedPicture("too_many_segments")
    raise RefusedPicture("too_many_segments")


def _segments(picture: bytes) -> Iterator[tuple[int, int, int]]:
    """The markers of a JPEG that begin a segment: the marker, where its length stands, where it ends."""
    at = 2
    for _ in range(MAX_MARKERS):
        found = _MARKER.search(picture, at)
        if found is None:
            raise RefusedPicture("truncated")
        at = found.end()
        length = 0 if found[1][0] == _EOI else int.from_bytes(picture[at : at + 2], "big")
        if (length < 2 and found[1][0] != _EOI) or at + length > len(picture):
            raise RefusedPicture("truncated")
        yield found[1][0], at, at + length
        at += length


def _frame(head: bytes) -> tuple[int, int]:
    """Width and height in the head of a frame."""
    bits, height, width = struct.unpack_from(">BHH", head.ljust(5, b"\0"))
    if bits != 8 or not width or not height:
        raise RefusedPicture("jpeg_kind")
    return width, height


def _png(picture: bytes) -> Size:
    width = height = 0
    at, data = len(_PNG), False
    for _ in range(MAX_MARKERS):
        if at + 12 > len(picture):
            raise RefusedPicture("truncated")
        length, kind = struct.unpack_from(">I4s", picture, at)
        if at + 12 + length > len(picture):
            raise RefusedPicture("truncated")
        if (kind == b"IHDR") != (at == len(_PNG)) or (kind == b"IHDR" and length != 13):
            raise RefusedPicture("damaged")
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", picture, at + 8)
        elif kind == b"acTL":
            raise RefusedPicture("animated")
        data |= kind == b"IDAT"
        at += 12 + length
        if kind == b"IEND":
            if not data:
                raise RefusedPicture("truncated")
            return Size(width, height, False, at)
    raise RefusedPicture("too_many_segments")
