"""Fuzzing guided by structure: bytes of a frame are changed, and its length and sum made right again.

Else nearly each input is refused by its sum, and what lies behind that is never reached. A tenth is left broken.
"""

from collections.abc import Callable, Iterator
from random import Random

from devices.codecs.crc16 import crc16
from devices.codecs.hj212.frame import written
from tests.support.frames_all import FRAMES
from tests.support.fuzz_inputs import Mutator

BROKEN = 0.1
SMALL = 4_000
"""Bytes of a seed."""


def _hj212(frame: bytes) -> bytes:
    segment = frame[6:].rstrip(b"\r\n")[:-4][:9_999]
    return written(segment) if segment else frame


def _gb26875(frame: bytes) -> bytes:
    if len(frame) < 30:
        return frame
    data = frame[27:-3][:1_024]
    told = frame[2:24] + len(data).to_bytes(2, "little") + frame[26:27] + data
    return b"@@" + told + bytes([sum(told) & 0xFF]) + b"##"


def _sl651(frame: bytes) -> bytes:
    if len(frame) < 17:
        return frame
    body = frame[14:-3][:0xFFF]
    told = b"~~" + frame[2:11] + len(body).to_bytes(2, "big") + b"\x02" + body + b"\x03"
    return told + crc16(told).to_bytes(2, "big")


def _modbus_rtu(frame: bytes) -> bytes:
    data = frame[3:-2][:250]
    told = frame[:2] + bytes([len(data)]) + data
    return told + crc16(told).to_bytes(2, "little")


def _cjt188(frame: bytes) -> bytes:
    begin = frame.find(b"\x68")
    told = frame[begin:-2]
    if begin < 0 or len(told) < 11:
        return frame
    told = told[:10] + bytes([(len(told) - 11) & 0xFF]) + told[11:]
    return told + bytes([sum(told) & 0xFF, 0x16])


SEALED: dict[str, Callable[[bytes], bytes]] = {
    "hj212": _hj212, "gb26875": _gb26875, "sl651": _sl651, "modbus-rtu": _modbus_rtu, "cjt188": _cjt188,
}  # fmt: skip
"""By protocol: makes length and sum of a frame right. Those that have none (uplinks, JSON) are changed as they are."""


def inputs(protocol: str, chance: Random) -> Iterator[bytes]:
    """Inputs without end for the codec of a protocol."""
    frames = FRAMES[protocol]
    seeds = [each.payload for each in frames.all if 0 < len(each.payload) <= SMALL]
    good = [each.payload for each in frames.good if len(each.payload) <= SMALL]
    mutator, sealed = Mutator(seeds, chance, 64 << 10), SEALED.get(protocol)
    while True:
        if sealed is None or chance.random() < BROKEN:
            yield mutator.mutated(chance.choice(seeds))
        else:
            yield sealed(_changed(chance.choice(good), chance))


def _changed(frame: bytes, chance: Random) -> bytes:
    """The frame with some bytes changed, left out, put in or repeated."""
    told = bytearray(frame)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(told)) if told else 0
        match chance.randrange(6):
            case 0 | 1 if told:
                told[at] = chance.choice(
                    (0, 0xFF, 0x7F, 0x80, told[at] ^ 1 << chance.randrange(8), chance.randrange(256))
                )
            case 2:
                del told[at : at + chance.choice((1, 2, 8))]
            case 3:
                told[at:at] = chance.randbytes(chance.choice((1, 2, 8)))
            case 4:
                piece = told[at : at + chance.choice((4, 16, 64))]
                told[at:at] = piece * chance.choice((1, 2, 20))
            case _:
                other = chance.randrange(len(told)) if told else 0
                told[at : at + 4] = told[other : other + 4]
    return bytes(told)
