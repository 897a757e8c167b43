"""RTP packets of H.264 (RFC 6184) and H.265 (RFC 7798) become pictures as they are coded, in Annex B. Pure.

A picture of which a packet is missing is dropped, and with it all that follow up to the next key picture: what a
decoder makes of the rest looks like a fault of the camera.
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from hub.errors import HubError
from ingest.video.parameter_sets import (
    CODE,
    KINDS,
    START,
    BadSetError,
    Encoding,
    Shape,
    is_needed,
    is_of_other_layer,
    key_of,
    shape_of,
    type_of,
)

MAX_UNIT = 8 << 20
"""Bytes of one picture as it is coded; protects memory from a stream without ends of pictures."""
MAX_NALS = 4_096
PACKET = 64
"""Bytes that keeping a part costs beside its own: a picture of parts of two bytes has an end, too."""
MAX_PIXELS = 4096 * 2304
"""Of a stream that is decoded. One that has more is asked for its smaller stream."""
MAX_SIDE, LEAST_SIDE = 8_192, 16
MAX_DEPTH = 10
MAX_SETS = 64
"""Parameter sets that are kept of a stream."""
_CHROMA = {2: "4:2:2", 3: "4:4:4"}
_H264_SINGLE, _H264_STAP, _H264_FU = range(1, 24), 24, 28
_HEVC_AP, _HEVC_FU = 48, 49


class BadStreamError(HubError):
    """Packets that are no video"""


class TooLargeError(BadStreamError):
    """The picture has more pixels than are decoded"""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width} x {height}")
        self.width, self.height = width, height


class StrangeError(BadStreamError):
    """The picture is coded in a way that is not decoded"""

    def __init__(self, told: str) -> None:
        """`told` names it."""
        super().__init__(told)
        self.told = told


class Unit(NamedTuple):
    """One picture as it is coded."""

    data: bytes
    """Annex B, with what a decoder needs before a key picture."""
    is_key: bool
    is_needed: bool
    """Whether other pictures refer to it."""
    size: tuple[int, int] | None
    """Width and height of a key picture, in pixels."""


class Packet(NamedTuple):
    """What counts of an RTP packet."""

    type: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes


def packet_of(told: bytes) -> Packet:
    """An RTP packet. BadStreamError."""
    if len(told) < 12 or told[0] >> 6 != 2:
        raise BadStreamError("no RTP")
    first, second, sequence, timestamp = struct.unpack_from(">BBHI", told)
    begin, end = 12 + 4 * (first & 0x0F), len(told)
    if first & 0x10:
        if begin + 4 > end:
            raise BadStreamError("an RTP packet ends early")
        begin += 4 + 4 * int.from_bytes(told[begin + 2 : begin + 4], "big")
    if first & 0x20:
        end -= told[-1]
    if begin > end:
        raise BadStreamError("an RTP packet ends early")
    return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, told[begin:end])


class Depacketizer:
    """Takes the packets of one stream in the order of their numbers."""

    def __init__(self, encoding: Encoding, sets: Iterable[bytes] = ()) -> None:
        """`sets` are the parameter sets that its description tells."""
        self._encoding, self._kinds = encoding, KINDS[encoding]
        self._sets: dict[tuple[int, int], bytes] = {}
        """By type and number."""
        self._fit = deque[bytes](maxlen=MAX_SETS)
        """Sets that tell a size which is decoded."""
        for each in sets:
            with suppress(BadSetError):  # the stream itself may tell them
                self._keep(each)
        self._nals: list[bytes] = []
        self._part: list[bytes] | None = None
        self._bytes = 0
        self._timestamp, self._sequence = 0, -1
        self._lost = True
        self.dropped = 0
        """Pictures that came in part, or after one that did."""

    def take(self, packet: Packet) -> Iterator[Unit]:
        """Pictures that are whole with this packet. BadStreamError."""
        if self._sequence >= 0 and packet.sequence != self._sequence + 1 & 0xFFFF:
            self._begin_anew()
        self._sequence = packet.sequence
        if packet.timestamp != self._timestamp and self._nals:
            yield from self._whole()
        self._timestamp = packet.timestamp
        if packet.payload:
            if self._encoding == "h264":
                self._h264(packet.payload)
            else:
                self._hevc(packet.payload)
        if packet.marker:
            yield from self._whole()

    def _begin_anew(self) -> None:
        self.dropped += 1
        self._lost, self._nals, self._part, self._bytes = True, [], None, 0

    def _h264(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind in _H264_SINGLE:
            self._add(payload)
        elif kind == _H264_STAP:
            self._add_all(payload, 1)
        elif kind == _H264_FU and len(payload) > 2:
            self._fragment(payload[1], bytes([payload[0] & 0xE0 | payload[1] & 0x1F]), payload[2:])
        else:
            raise BadStreamError(f"a packet of kind {kind}")

    def _hevc(self, payload: bytes) -> None:
        kind = payload[0] >> 1 & 0x3F
        if kind < _HEVC_AP and len(payload) > 2:
            self._add(payload)
        elif kind == _HEVC_AP:
            self._add_all(payload, 2)
        elif kind == _HEVC_FU and len(payload) > 3:
            head = bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
            self._fragment(payload[2], head, payload[3:])
        else:
            raise BadStreamError(f"a packet of kind {kind}")

    def _add_all(self, payload: bytes, at: int) -> None:
        while at + 2 < len(payload):
            length = int.from_bytes(payload[at : at + 2], "big")
            at += 2
            if not length or at + length > len(payload):
                raise BadStreamError("a packet of several units ends early")
            self._add(payload[at : at + length])
            at += length

    def _fragment(self, flags: int, head: bytes, payload: bytes) -> None:
        if flags & 0x80:
            self._part = [head]
        if self._part is None:
            return  # its beginning was lost: the picture is dropped
        self._part.append(payload)
        self._count(payload)
        if flags & 0x40:
            nal, self._part = b"".join(self._part), None
            self._add(nal, counted=True)

    def _add(self, nal: bytes, counted: bool = False) -> None:
        """A unit; what has start codes in it is several ones to a decoder, so it is here, too."""
        if not counted:
            self._count(nal)
        if CODE not in nal:
            self._add_one(nal)
            return
        parts = nal.split(CODE, MAX_NALS)
        if CODE in parts[-1]:
            raise BadStreamError("a packet of too many units")
        for each in filter(None, (part.rstrip(b"\0") for part in parts)):
            self._add_one(each)

    def _add_one(self, nal: bytes) -> None:
        if is_of_other_layer(self._encoding, nal):
            return
        kind = type_of(self._encoding, nal)
        if kind in self._kinds.sets:
            try:
                self._keep(nal)
                self._judge(kind, nal)
            except BadSetError as error:
                raise BadStreamError(str(error)) from error
        self._nals.append(nal)
        if len(self._nals) > MAX_NALS:
            raise BadStreamError("a picture has no end")

    def _keep(self, nal: bytes) -> None:
        """As the newest. One that comes again is not read again, which would take time."""
        known = (key for key, kept in self._sets.items() if kept == nal)
        key = next(known, None) or key_of(self._encoding, nal)
        self._sets.pop(key, None)
        self._sets[key] = nal
        if len(self._sets) > MAX_SETS:
            del self._sets[next(iter(self._sets))]

    def _judge(self, kind: int, nal: bytes) -> None:
        """A set that tells a size, at once: another may take its place behind the slice that it was for."""
        if kind == self._kinds.size and nal not in self._fit:
            _check(shape_of(self._encoding, nal))
            self._fit.append(nal)

    def _count(self, told: bytes) -> None:
        self._bytes += len(told) + PACKET
        if self._bytes > MAX_UNIT:
            raise BadStreamError("a picture has no end")

    def _whole(self) -> Iterator[Unit]:
        nals, broken = self._nals, self._part is not None
        self._nals, self._part, self._bytes = [], None, 0
        types = [type_of(self._encoding, nal) for nal in nals]
        slices = [nal for nal, kind in zip(nals, types, strict=True) if kind in self._kinds.pictures]
        if not slices:
            self._lost |= broken
            return
        is_key = any(kind in self._kinds.key for kind in types) or self._kinds.size in types
        if broken or (self._lost and not is_key):
            self._lost = True
            self.dropped += 1
            return
        self._lost = False
        if not is_key:
            needed = any(is_needed(self._encoding, nal) for nal in slices)
            yield Unit(START + START.join(nals), False, needed, None)
            return
        yield Unit(START + START.join([*self._before(nals), *nals]), True, True, self._size())

    def _before(self, nals: list[bytes]) -> list[bytes]:
        """What a decoder needs before a key picture that tells it not, or in part."""
        if all(told in nals for told in self._sets.values()):
            return []
        return [told for _, told in sorted(self._sets.items())]

    def _size(self) -> tuple[int, int]:
        told = [nal for (kind, _), nal in self._sets.items() if kind == self._kinds.size]
        if not told:
            raise BadStreamError("the stream does not tell its size")
        shapes = [shape_of(self._encoding, nal) for nal in told]
        for shape in shapes:
            _check(shape)
        return shapes[-1].width, shapes[-1].height  # the newest


def _check(shape: Shape) -> None:
    width, height = shape.width, shape.height
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLargeError(width, height)
    if min(width, height) < LEAST_SIDE:
        raise StrangeError(f"{width} x {height}")
    if shape.chroma > 1:
        raise StrangeError(_CHROMA.get(shape.chroma, str(shape.chroma)))
    if shape.depth > MAX_DEPTH:
        raise StrangeError(f"{shape.depth} bits")
