"""RTP packets of JPEG become pictures."""

import random
import struct

from ingest.video.rtp import BadStreamError, Packet
from ingest.video.rtp_jpeg import JpegPictures

DATA = bytes(range(1, 250)) * 20


def _packets(q: int, stamp: int, first: int = 0, tables: bytes = b"") -> list[Packet]:
    """As a camera sends one picture of 320 x 176."""
    sent = list[Packet]()
    for at in range(0, len(DATA), 1_000):
        head = struct.pack(">BBHBBBB", 0, at >> 16, at & 0xFFFF, 1, q, 40, 22)
        extra = struct.pack(">BBH", 0, 0, len(tables)) + tables if q >= 128 and at == 0 else b""
        part = DATA[at : at + 1_000]
        sent.append(Packet(26, at + 1_000 >= len(DATA), first + len(sent), stamp, head + extra + part))
    return sent


def test_a_picture_has_its_size_its_tables_and_its_data() -> None:
    pictures, tables = JpegPictures(), bytes(range(1, 129))
    told = [unit for packet in [*_packets(200, 1, 0, tables), *_packets(200, 2, 5)] for unit in pictures.take(packet)]
    for unit in told:
        assert unit.data.startswith(
            b"\xff\xd8\xff\xdb\x00\x43\x00" + tables[:64] + b"\xff\xdb\x00\x43\x01" + tables[64:]
        )
        assert b"\xff\xc0\x00\x11\x08\x00\xb0\x01\x40\x03" in unit.data
        assert unit.data.endswith(DATA + b"\xff\xd9")
    assert len(told) == 2, "the tables of a quality are told once"


def test_a_picture_of_which_a_part_is_lost_is_left_out() -> None:
    pictures, first = JpegPictures(), _packets(50, 1)
    sent = [*first[:2], *first[3:], *_packets(50, 2, 5)]
    assert len([unit for packet in sent for unit in pictures.take(packet)]) == 1
    assert pictures.dropped == 1


def test_nonsense_raises_nothing_else() -> None:
    source = random.Random(2)
    for _ in range(300):
        payload = source.randbytes(source.randrange(30))
        try:
            list(JpegPictures().take(Packet(26, True, 0, 0, payload)))
        except BadStreamError:
            continue
