"""Frames of meters (CJ/T 188) and of stations of water resources (SZY 206)."""

from devices.codecs import cjt188, szy206
from devices.codecs.decoded import EventDraft
from tests.support.frames import RECEIVED, Bad, Frames, Good, at

WATER = bytes.fromhex("6810443322110033788116 1F9000 007766552C 007766552C 31012211051520 2184 1316")
FLOW = bytes.fromhex("681A68B35303810D00C00059000000826110000001106000004508090A3516")
CONFIRMED = bytes.fromhex("680868335303810D00C0003E16")
T = at("2015-05-11T22:01:31+08:00")
F = at("2026-02-09T08:45:00+08:00")


def meter(data: str, kind: int = 0x10, control: int = 0x81) -> bytes:
    """A frame of a meter."""
    octets = bytes.fromhex(data)
    told = bytes([0x68, kind]) + WATER[2:9] + bytes([control, len(octets)]) + octets
    return told + bytes([sum(told) & 0xFF, 0x16])


def station(data: str, control: int = 0xB3, function: int = 0xC0) -> bytes:
    """A frame of a station."""
    told = bytes([control]) + FLOW[4:9] + bytes([function]) + bytes.fromhex(data)
    return bytes([0x68, len(told), 0x68]) + told + bytes([szy206.crc(told), 0x16])


def _fault(state: str, code: str = "", ts: int = T) -> EventDraft:
    return EventDraft("fault", ts, None, state, None, {"code": code} if code else {})


TAIL = "007766552C 007766552C 31012211051520 "
GOOD = [("volume", T, 556677.0), ("volume_settled", T, 556677.0), ("valve", T, 1.0)]
CJT188 = Frames(
    cjt188.decode,
    [
        Good(WATER, GOOD, [_fault("inactive")], units={"volume": "m3", "volume_settled": "m3"}),
        Good(b"\xfe" * 4 + WATER, GOOD, [_fault("inactive")]),
        Good(meter("901F05" + TAIL + "0700"), [*GOOD[:2], ("valve", T, 3.0)],
             [_fault("active", "valve"), _fault("active", "battery_low")]),
        Good(meter("901F05 0A7766552C 0977665529 31012211051520 0000", 0x30),
             [("volume_settled", T, 556677.09), ("valve", T, 0.0)], [_fault("inactive")], faults=["bad_frame"],
             units={"volume_settled": "L"}),
        Good(meter("901F05 007766552C 0077665577 31012211051520 0000"), [GOOD[0], ("valve", T, 0.0)],
             [_fault("inactive")], faults=["bad_frame"]),
        Good(meter("901F05 007766552C 007766552C" + "00" * 7 + "0000"),
             [("volume", RECEIVED, 556677.0), ("volume_settled", RECEIVED, 556677.0), ("valve", RECEIVED, 0.0)],
             [_fault("inactive", ts=RECEIVED)], timeless=True),
        Good(meter("901F00", 0x20), unused=("type 20, control 81, data 901F",)),
        Good(meter("0000", 0x10, 0xC1), unused=("abnormal answer",)),
    ],
    [
        Bad(b"", "bad_length", "needs 1"),
        Bad(b"\xfe\xfe\xfe", "bad_length", "has 3 bytes and needs 4"),
        Bad(b"\xfe\xff" + WATER, "bad_frame", "FF stands here, expected '68'"),
        Bad(WATER[:12], "bad_length", "needs 13"),
        Bad(WATER[:-1], "bad_length", "has 34 bytes and needs 35"),
        Bad(WATER + b"\x16", "bad_length", "says 22 bytes, and it is 23"),
        Bad(WATER[:15] + b"\x78" + WATER[16:], "bad_checksum", "the checksum is '13', computed it is '14'"),
        Bad(WATER[:-1] + b"\x17", "bad_frame", "17 stands here, expected '16'"),
        Bad(meter("901F05" + TAIL), "bad_length", "says 20 bytes, and it is 22"),
        Bad(meter("901F05 007766552C 007766552C 31012211131520 0000"), "bad_time", "'2015-13-11"),
        Bad(meter("901F05 007766552C 007766552C 3101221105152A 0000"), "bad_frame", "2A is not two decimal digits"),
        Bad(b"\x68" * 1_000, "too_large", "1,000"),
    ],
)  # fmt: skip
SZY206 = Frames(
    szy206.decode,
    [
        Good(FLOW, [("flow", F, 5.9), ("volume", F, 106182.0)],
             [EventDraft("other", F, None, None, None, {"code": f"alarm.{bit}"}) for bit in (0, 12)],
             units={"volume": "m3"}),
        Good(station("AAAAAAAAAA" + "8261100000" + "00000000" + "004508090A"), [("volume", F, 106182.0)]),
        # Today, and the day after it: the clock may be a little ahead. The 31st of a month that has one.
        Good(station("0059000000" + "AAAAAAAAAA" + "00000000" + "0000080100"),
             [("flow", at("2026-03-01T08:00:00+08:00"), 5.9)]),
        Good(station("0059000000" + "AAAAAAAAAA" + "00000000" + "0000083100"),
             [("flow", at("2026-01-31T08:00:00+08:00"), 5.9)]),
        Good(station("00", 0xB2), unused=("kind 2",)),
        Good(station("00", 0xB3, 0x02)),
        Good(CONFIRMED),
    ],
    [
        Bad(b"", "bad_length", "needs 1"),
        Bad(b"\x68\x08\x67" + CONFIRMED[3:], "bad_frame", "67 stands here, expected '68'"),
        Bad(FLOW[:-1], "bad_length", "has 30 bytes and needs 31"),
        Bad(FLOW + b"\x16", "bad_length", "says 26 bytes, and it is 27"),
        Bad(FLOW[:-2] + b"\x36\x16", "bad_checksum", "the checksum is '36', computed it is '35'"),
        Bad(FLOW[:-1] + b"\x17", "bad_frame", "expected '16'"),
        Bad(station("0059000000"), "bad_length", "says 12 bytes, and it is 26"),
        Bad(station("0059000000" + "8261100000" + "00000000" + "004524090A"), "bad_time", "-09 24:45:00'"),
        Bad(station("0A59000000" + "8261100000" + "00000000" + "004508090A"), "bad_frame", "0A is not two"),
        Bad(b"\x68" * 1_000, "too_large", "1,000"),
    ],
)  # fmt: skip
