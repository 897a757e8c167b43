"""What NAL units of H.264 and H.265 are, and the size that a sequence parameter set tells. Pure.

Size, colours and depth are known before anything is decoded: what is too large or strange is refused unread.
"""

from typing import Literal, NamedTuple

from hub.errors import HubError

Encoding = Literal["h264", "hevc"]
CODE = b"\x00\x00\x01"
"""Begins a unit wherever it stands: no unit may hold it."""
START = b"\x00" + CODE
_MAX_BITS = 8 * 4096
_VPS = 32
_SCALED = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
"""Profiles of H.264 whose set tells of chroma and scaling."""


class BadSetError(HubError):
    """A parameter set that cannot be read"""


class Shape(NamedTuple):
    """What a sequence parameter set tells of its pictures."""

    number: int
    """By which other sets name it."""
    width: int
    height: int
    """In pixels, before any crop."""
    chroma: int = 1
    """0: grey, 1: 4:2:0, 2: 4:2:2, 3: 4:4:4."""
    depth: int = 8
    """Bits of a value."""


class Kinds(NamedTuple):
    """The types of NAL units of an encoding."""

    size: int
    """The set that tells the size."""
    sets: frozenset[int]
    key: frozenset[int]
    """Slices of pictures that need no other picture."""
    pictures: range
    end: bytes
    """A NAL unit that begins the next picture: with it behind a picture a decoder waits for no other."""


KINDS: dict[Encoding, Kinds] = {
    "h264": Kinds(7, frozenset({7, 8}), frozenset({5}), range(1, 6), START + b"\x09\xf0"),
    "hevc": Kinds(33, frozenset({32, 33, 34}), frozenset(range(16, 22)), range(32), START + b"\x46\x01\x50"),
}


def type_of(encoding: Encoding, nal: bytes) -> int:
    """The type of a NAL unit; -1 of an empty one."""
    if not nal:
        return -1
    return nal[0] & 0x1F if encoding == "h264" else nal[0] >> 1 & 0x3F


def is_of_other_layer(encoding: Encoding, nal: bytes) -> bool:
    """Whether it adds to a picture (nuh_layer_id above 0): it is not decoded, and its sets are written otherwise."""
    return encoding == "hevc" and len(nal) > 1 and (nal[0] & 1) << 5 | nal[1] >> 3 != 0


def is_needed(encoding: Encoding, nal: bytes) -> bool:
    """Whether other pictures refer to that of a slice."""
    if encoding == "h264":
        return bool(nal[0] & 0x60)
    kind = type_of(encoding, nal)
    return kind > 14 or kind % 2 == 1


def shape_of(encoding: Encoding, nal: bytes) -> Shape:
    """What a sequence parameter set tells. BadSetError."""
    bits = _Bits(_plain(nal[1 if encoding == "h264" else 2 :]))
    return _h264(bits) if encoding == "h264" else _hevc(bits)


def key_of(encoding: Encoding, nal: bytes) -> tuple[int, int]:
    """The type of a set and its number: one takes the place of what has the same. BadSetError."""
    kind = type_of(encoding, nal)
    if kind == KINDS[encoding].size:
        return kind, shape_of(encoding, nal).number
    if encoding == "hevc" and kind == _VPS:
        return kind, _Bits(nal[2:3]).take(4)
    return kind, _Bits(_plain(nal[1 if encoding == "h264" else 2 :][:16])).number()


class _Bits:
    """Reads bits; BadSetError beyond the end."""

    def __init__(self, told: bytes) -> None:
        self._digits, self._at = bin(int.from_bytes(b"\1" + told, "big"))[3:], 0

    def take(self, count: int) -> int:
        """So many bits as a number."""
        begin, self._at = self._at, self._at + count
        if self._at > len(self._digits):
            raise BadSetError("a parameter set ends early")
        return int(self._digits[begin : self._at] or "0", 2)

    def number(self) -> int:
        """An Exp-Golomb number without a sign."""
        one = self._digits.find("1", self._at)
        zeros = one - self._at
        if one < 0:
            raise BadSetError("a parameter set ends early")
        if zeros > 31:
            raise BadSetError("a number in a parameter set is too long")
        self._at = one
        return self.take(zeros + 1) - 1

    def signed(self) -> int:
        """An Exp-Golomb number with a sign."""
        number = self.number()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def _plain(told: bytes) -> bytes:
    """Without the bytes that keep a start code from standing in it."""
    return told[: _MAX_BITS // 8].replace(b"\x00\x00\x03", b"\x00\x00")


def _h264(bits: _Bits) -> Shape:
    profile = bits.take(8)
    bits.take(16)
    number, chroma, depth = bits.number(), 1, 8
    if profile in _SCALED:
        chroma, depth = _chroma(bits)
    bits.number()
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(_at_most(bits.number(), 255)):
            bits.signed()
    bits.number()
    bits.take(1)
    width, height = bits.number() + 1, bits.number() + 1
    return Shape(number, 16 * width, 16 * height * (2 - bits.take(1)), chroma, depth)


def _chroma(bits: _Bits) -> tuple[int, int]:
    chroma = bits.number()
    if chroma == 3:
        bits.take(1)
    depth = 8 + max(bits.number(), bits.number())
    bits.take(1)
    if not bits.take(1):
        return chroma, depth
    for each in range(12 if chroma == 3 else 8):
        if bits.take(1):
            last = following = 8
            for _ in range(16 if each < 6 else 64):
                if following:
                    following = (last + bits.signed()) % 256
                last = following or last
    return chroma, depth


def _hevc(bits: _Bits) -> Shape:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    told = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in told:
        bits.take(88 * profile + 8 * level)
    number, chroma = bits.number(), bits.number()
    if chroma == 3:
        bits.take(1)
    width, height = bits.number(), bits.number()
    if bits.take(1):
        for _ in range(4):
            bits.number()
    return Shape(number, width, height, chroma, 8 + max(bits.number(), bits.number()))


def _at_most(number: int, most: int) -> int:
    if number > most:
        raise BadSetError("a parameter set tells of too much")
    return number
