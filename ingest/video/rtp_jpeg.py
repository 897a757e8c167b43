"""RTP packets of JPEG (RFC 2435) become pictures: their headers are made again from what each packet tells. Pure."""

import struct
from collections.abc import Iterator

from ingest.video.rtp import MAX_UNIT, BadStreamError, Packet, Unit

_TABLES = 128
"""Values of Q from which on the tables of a picture are in its first packet."""
MAX_PARTS = 16_384
"""Of a picture."""
_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMA = bytes.fromhex("1112121815182f1a1a2f634238426363") + bytes([0x63]) * 48
"""Of RFC 2435, appendix A, in zigzag order."""
_AC_LUMA = bytes.fromhex(
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a34353637"
    "38393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3"
    "a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_AC_CHROMA = bytes.fromhex(
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a3536"
    "3738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999a"
    "a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
_HUFFMAN = (
    (0x00, bytes.fromhex("00010501010101010100000000000000"), bytes(range(12))),
    (0x10, bytes.fromhex("0002010303020403050504040000017d"), _AC_LUMA),
    (0x01, bytes.fromhex("00030101010101010101010000000000"), bytes(range(12))),
    (0x11, bytes.fromhex("00020102040403040705040400010277"), _AC_CHROMA),
)
"""Class and number, how many codes of each length, and their values: the usual ones of ITU-T T.81, annex K.3."""


class JpegPictures:
    """Takes the packets of one stream in their order; see Depacketizer."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._head = b""
        self._bytes = 0
        self._timestamp, self._sequence = 0, -1
        self._tables: dict[int, bytes] = {}
        """By Q: they may be told once."""
        self.dropped = 0

    def take(self, packet: Packet) -> Iterator[Unit]:
        """Pictures that are whole with this packet. BadStreamError."""
        is_next = self._sequence < 0 or packet.sequence == self._sequence + 1 & 0xFFFF
        self._sequence = packet.sequence
        if not is_next or packet.timestamp != self._timestamp:
            self._drop()
        self._timestamp = packet.timestamp
        if not packet.payload:
            return
        offset, data = self._read(packet.payload)
        if offset != self._bytes:
            self._drop()
            if offset:
                return  # its begin was lost
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > MAX_UNIT or len(self._parts) > MAX_PARTS:
            raise BadStreamError("a picture has no end")
        if packet.marker and self._head:
            told = self._head + b"".join(self._parts)
            self._parts, self._head, self._bytes = [], b"", 0
            yield Unit(told if told.endswith(b"\xff\xd9") else told + b"\xff\xd9", True, True, None)

    def _drop(self) -> None:
        self.dropped += bool(self._parts)
        self._parts, self._head, self._bytes = [], b"", 0

    def _read(self, payload: bytes) -> tuple[int, bytes]:
        """Where a part belongs, and its bytes; of the first one the head is made."""
        if len(payload) < 8:
            raise BadStreamError("a packet of JPEG ends early")
        offset, kind, q = int.from_bytes(payload[1:4], "big"), payload[4], payload[5]
        width, height, at = 8 * payload[6], 8 * payload[7], 8
        restart = 0
        if 64 <= kind < 128:
            restart, at = int.from_bytes(payload[8:10], "big"), 12
        if kind & 0x3F > 1 or kind >= 128 or q == 0 or not width or not height:
            raise BadStreamError(f"JPEG of kind {kind}")
        if offset == 0:
            tables, at = self._quantisers(payload, q, at)
            self._head = _head(kind & 0x3F, width, height, tables, restart)
        if at > len(payload):
            raise BadStreamError("a packet of JPEG ends early")
        return offset, payload[at:]

    def _quantisers(self, payload: bytes, q: int, at: int) -> tuple[bytes, int]:
        if q < _TABLES:
            return _scaled(q), at
        if len(payload) < at + 4:
            raise BadStreamError("a packet of JPEG ends early")
        precision, length = payload[at + 1], int.from_bytes(payload[at + 2 : at + 4], "big")
        at += 4
        told = payload[at : at + length] or self._tables.get(q, b"")
        if precision or len(told) != 128:
            raise BadStreamError("tables of JPEG that are not known")
        if q < 255:
            self._tables[q] = told
        return told, at + length


def _scaled(q: int) -> bytes:
    q = min(max(q, 1), 99)
    factor = 5000 // q if q < 50 else 200 - 2 * q
    return bytes(min(max((each * factor + 50) // 100, 1), 255) for each in _LUMA + _CHROMA)


def _head(kind: int, width: int, height: int, tables: bytes, restart: int) -> bytes:
    """All of a JPEG before its data; kind 0 is 4:2:2, 1 is 4:2:0."""
    parts = [b"\xff\xd8"]
    parts += [_segment(0xDB, bytes([number]) + tables[64 * number : 64 * number + 64]) for number in (0, 1)]
    sampling = 0x21 if kind == 0 else 0x22
    colours = bytes([1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1])
    parts.append(_segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + colours))
    parts += [_segment(0xC4, bytes([number]) + counts + values) for number, counts, values in _HUFFMAN]
    if restart:
        parts.append(_segment(0xDD, restart.to_bytes(2, "big")))
    parts.append(_segment(0xDA, bytes([3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0])))
    return b"".join(parts)


def _segment(mark: int, told: bytes) -> bytes:
    return bytes([0xFF, mark]) + (len(told) + 2).to_bytes(2, "big") + told
