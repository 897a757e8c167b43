"""Answers of Modbus."""

import json

from devices.codecs.crc16 import crc16
from devices.codecs.decoded import EventDraft
from devices.codecs.protocols import CODECS
from tests.support.frames import RECEIVED as T
from tests.support.frames import Bad, Frames, Good


def rtu(told: str) -> bytes:
    """An answer of slave 1 with its checksum."""
    octets = bytes.fromhex("01" + told)
    return octets + crc16(octets).to_bytes(2, "little")


def tcp(told: str) -> bytes:
    """The same in TCP."""
    octets = bytes.fromhex("01" + told)
    return b"\0\7\0\0" + len(octets).to_bytes(2, "big") + octets


def _numbers(name: str, *values: float) -> list[tuple[str, int, float]]:
    return [(f"{name}_{at}", T, value) for at, value in enumerate(values)]


SOIL = bytes.fromhex("0103080292FF9B03E8003857B6")
RTU = Frames(
    CODECS["modbus-rtu", "frame"],
    [
        Good(bytes.fromhex("0103020017F84A"), _numbers("register", 23), timeless=True),
        Good(SOIL, _numbers("register", 658, 65435, 1000, 56), timeless=True),
        Good(rtu("01010D"), _numbers("coil", 1, 0, 1, 1, 0, 0, 0, 0), timeless=True),
    ],
    [
        Bad(b"", "bad_length", "needs 3"),
        Bad(SOIL[:-1], "bad_length", "has 12 bytes and needs 13"),
        Bad(SOIL + b"\0", "bad_length", "says 8 bytes, and it is 9"),
        Bad(SOIL[:-2] + b"\xb6\x57", "bad_checksum", "its two bytes are swapped"),
        Bad(SOIL[:4] + b"\7" + SOIL[5:], "bad_checksum", "computed it is '"),
        Bad(bytes.fromhex("018302C0F1"), "bad_frame", "refuses function 3 with exception 2"),
        Bad(rtu("0505"), "bad_frame", "05 stands here, expected '03'"),
        Bad(rtu("0303000000"), "bad_length", "even number of bytes from 2 to 250, not 3"),
        Bad(rtu("0300"), "bad_length", "not 0"),
        Bad(b"\1\3" + b"x" * 1_000, "too_large", "1,002"),
    ],
)
TCP = Frames(
    CODECS["modbus-tcp", "frame"],
    [
        Good(tcp("03020017"), _numbers("register", 23), timeless=True),
        Good(tcp("040400010002"), _numbers("register", 1, 2), timeless=True),
    ],
    [
        Bad(b"", "bad_length", "needs 9"),
        Bad(b"\0\7\0\1" + tcp("03020017")[4:], "bad_frame", "01 stands here, expected '00'"),
        Bad(tcp("03020017")[:-1], "bad_length", "has 10 bytes and needs 11"),
        Bad(tcp("03020017") + b"\0", "bad_length", "says 2 bytes, and it is 3"),
        Bad(tcp("03020017")[:5] + b"\6" + tcp("03020017")[6:], "bad_length", "says 6 bytes, and it is 5"),
        Bad(tcp("8304"), "bad_frame", "exception 4"),
        Bad(b"\0" * 1_000, "too_large", "1,000"),
    ],
)


def _asked(request: str, answer: bytes, **more: object) -> bytes:
    return json.dumps({"at": T, "framing": "modbus-rtu", "request": request, "answer": answer.hex(), **more}).encode()


TWO = "010300000002C40B"
_FIVE = rtu("03040007FFFF")
_REFUSED = {"code": "modbus_exception", "exception": 2, "meaning": "no such register", "function": 3}
_FAULT = EventDraft(
    "fault", T, None, "active", None, {**_REFUSED, "registers": "0-1", "metrics": ["register_0", "register_1"]}
)
_OVER = EventDraft("fault", T, None, "inactive", None, {"code": "modbus_exception"})
POLL = Frames(
    CODECS["modbus", "poll"],
    [
        Good(_asked(TWO, _FIVE), _numbers("register", 7, 65535)),
        Good(_asked(TWO, _FIVE, cleared=True), _numbers("register", 7, 65535), events=[_OVER]),
        Good(_asked(TWO, rtu("8302")), [], events=[_FAULT]),
        Good(_asked("010100000008", rtu("01010D")), _numbers("coil", 1, 0, 1, 1, 0, 0, 0, 0)),
        Good(_asked("000700000006010300000001", tcp("03020017"), framing="modbus-tcp"), _numbers("register", 23)),
        Good(
            json.dumps({"request": "010300000001", "answer": rtu("03020017").hex()}).encode(),
            _numbers("register", 23),
            timeless=True,
        ),
    ],
    [
        Bad(b"", "not_json", "JSON"),
        Bad(b"[]", "not_an_object", "an object with"),
        Bad(b'{"request": "0103"}', "bad_frame", "'answer' is not there"),
        Bad(_asked("0103", _FIVE), "bad_frame", "asks for no registers"),
        Bad(_asked("01030000007E", _FIVE), "bad_frame", "asks for no registers"),
        Bad(_asked(TWO, _FIVE, framing="ascii"), "bad_frame", "modbus-rtu or modbus-tcp"),
        Bad(_asked(TWO, _FIVE, at=True), "bad_time", "microseconds"),
        Bad(_asked(TWO, _FIVE[:-1]), "bad_length", "needs 9"),
        Bad(_asked(TWO, _FIVE[:-1] + b"\0"), "bad_checksum", "computed"),
        Bad(_asked("020300000002", _FIVE), "bad_frame", "slave 1 answers, and slave 2 was asked"),
        Bad(_asked("010400000002", _FIVE), "bad_frame", "function 3, and function 4"),
        Bad(_asked("010300000003", _FIVE), "bad_length", "says 4 bytes, and it is 6"),
    ],
)
