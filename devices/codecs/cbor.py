"""CBOR (RFC 8949) as small devices send it: numbers, text, bytes, lists and maps of known length. Pure.

What lets a short message cost much, or mean two things, is refused with the byte where it stands: lengths that are not
told, names that come twice, nesting beyond MAX_DEPTH. Tags are passed over.
"""

from math import inf, isfinite
from struct import Struct
from typing import Any

from devices.codecs.decoded import MAX_BYTES
from devices.codecs.jsontext import NotFinite, quoted
from devices.codecs.octets import check_size
from hub.errors import DecodeError
from hub.words.sentence import Sentence

MAX_ITEMS = 40_000
"""Values and names in a message: 4,000 records of four values, as Python objects 3 MB."""
MAX_DEPTH = 8
"""Lists and maps in one another."""
_BYTES, _TEXT, LIST, MAP, _TAG, _VALUE = 2, 3, 4, 5, 6, 7
"""Major types; 0 and 1 are integers."""
_FRACTION, _LARGEST = 4, 1000
"""The tag of decimal fractions; an exponent beyond which a number is 0, or infinite, anyway."""
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}
"""Bytes of a number that does not fit the first byte, by what stands there."""
_FLOATS = {25: Struct(">e"), 26: Struct(">f"), 27: Struct(">d")}
_ODD = {inf: "Infinity", -inf: "-Infinity"}
"""As JSON is written."""
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


class Cbor:
    """Reads the values of a message, one behind the other."""

    def __init__(self, payload: bytes) -> None:
        check_size(payload, MAX_BYTES)
        self._bytes, self._left = payload, MAX_ITEMS
        self.at = 0
        """Where it stands."""

    def read(self) -> Any:
        """The value; DecodeError at the byte where it cannot be read, or where something follows it."""
        value = self.value(0)
        if self.at != len(self._bytes):
            raise DecodeError("bad_frame", Sentence("refusal.cbor.more", count=len(self._bytes) - self.at), self.at)
        return value

    def value(self, depth: int = 0) -> Any:
        """The next value; DecodeError at the byte where it cannot be read."""
        begin = self.at
        major, low, number = self.head()
        if major == MAP:
            return self._map(number, begin, depth)
        if major == LIST:
            self._check(depth, number, begin)
            return [self.value(depth + 1) for _ in range(number)]
        if major == _VALUE:
            return self._simple(low, begin)
        if major == _TAG:
            self._check(depth, 1, begin)
            value = self.value(depth + 1)
            return _fraction(value, begin) if number == _FRACTION else value
        if major == _BYTES:
            return self._take(number)
        if major == _TEXT:
            return self._text(number)
        return -1 - number if major else number

    def opened(self) -> tuple[int, int]:
        """The major type and number of what begins here, behind its tags."""
        major, _, number = self.head()
        while major == _TAG:
            major, _, number = self.head()
        return major, number

    def head(self) -> tuple[int, int, int]:
        """What begins here: its major type, what its first byte says, and its number: a value, length or count."""
        begin = self.at
        self._left -= 1
        if self._left < 0:
            raise DecodeError("too_many_values", Sentence("refusal.cbor.parts", most=f"{MAX_ITEMS:,}"), begin)
        head = self._take(1)[0]
        major, low = head >> 5, head & 0x1F
        if low < 24 or (major == _VALUE and low < 31):
            return major, low, low
        if low == 31:
            raise DecodeError("bad_frame", Sentence("refusal.cbor.endless"), begin)
        if low not in _SIZES:
            raise DecodeError("bad_frame", Sentence("refusal.cbor.head"), begin)
        return major, low, int.from_bytes(self._take(_SIZES[low]), "big")

    def _map(self, count: int, begin: int, depth: int) -> dict[Any, Any]:
        self._check(depth, 2 * count, begin)
        found: dict[Any, Any] = {}
        for _ in range(count):
            at = self.at
            key = self.value(depth + 1)
            if type(key) is not int and type(key) is not str:
                raise DecodeError("bad_frame", Sentence("refusal.cbor.key"), at)
            if key in found:
                raise DecodeError("bad_frame", Sentence("refusal.cbor.twice", name=quoted(key)), at)
            found[key] = self.value(depth + 1)
        return found

    def _check(self, depth: int, parts: int, begin: int) -> None:
        """Each part has a byte at least: a list that says that it is longer than its message makes no memory."""
        if depth == MAX_DEPTH:
            raise DecodeError("too_deep", Sentence("refusal.nested"), begin)
        if parts > len(self._bytes) - self.at:
            raise DecodeError("bad_length", Sentence("refusal.cbor.count", count=parts), begin)

    def _simple(self, low: int, begin: int) -> Any:
        if low in _FLOATS:
            value = float(_FLOATS[low].unpack(self._take(_FLOATS[low].size))[0])
            return value if isfinite(value) else NotFinite(_ODD.get(value, "NaN"))
        if low not in _SIMPLE:
            raise DecodeError("bad_frame", Sentence("refusal.cbor.head"), begin)
        return _SIMPLE[low]

    def _text(self, size: int) -> str:
        at = self.at
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise DecodeError("not_utf8", Sentence("refusal.cbor.text"), at + error.start) from None

    def _take(self, size: int) -> bytes:
        begin, self.at = self.at, self.at + size
        if self.at > len(self._bytes):
            sentence = Sentence("refusal.octets.cut", found=len(self._bytes), wanted=self.at)
            raise DecodeError("bad_length", sentence, len(self._bytes))
        return self._bytes[begin : self.at]


def _fraction(value: Any, begin: int) -> float | NotFinite:
    """A decimal fraction: exponent and mantissa."""
    if not (isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)):
        raise DecodeError("bad_frame", Sentence("refusal.cbor.fraction"), begin)
    exponent, mantissa = value
    number = float(f"{mantissa}e{max(min(exponent, _LARGEST), -_LARGEST)}")
    return number if isfinite(number) else NotFinite(f"{mantissa}e{exponent}")
