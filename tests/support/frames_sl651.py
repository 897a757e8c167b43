"""Messages of SL 651."""

from devices.codecs.crc16 import crc16
from devices.codecs.decoded import EventDraft
from devices.codecs.sl651.readings import decode
from tests.support.frames import Bad, Frames, Good, at

RIVER = bytes.fromhex(
    "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F01707181100201900004026190000403923000104903812109903"
    "A421"
)
CONFIRMED = bytes.fromhex("7E7E00112233440503E8328008020034170718110020048D82")
RESERVOIR = bytes.fromhex(
    "7E7E0100102200010000320032021658220628090851F1F100102200014BF0F02206280908391A051300FF012AFFFFFFFFFF45200000040038"
    "12FFFFFF0208FF03CAE6"
)
"""A reservoir that has no voltage and no elements of its own to tell."""
T = at("2017-07-18T11:00:00+08:00")
MINUTES = 60_000_000
HEADER = "0034170718110016"
BODY = HEADER + "F1F1001122334448F0F01707181100"


def packet(body: str, function: str = "32", numbers: str = "", end: str = "03", counted: int = 0) -> bytes:
    """A packet of station 0011223344; `numbers`: of how many packets it is, and which."""
    length = len(body) // 2 + counted
    told = f"7E7E05001122334403E8{function}{length:04X}{'16' if numbers else '02'}{numbers}{body}{end}"
    octets = bytes.fromhex(told)
    return octets + crc16(octets).to_bytes(2, "big")


def _event(kind: str, state: str | None, code: str | None = None, ts: int = T) -> EventDraft:
    return EventDraft(kind, ts, None, state, None, {"code": code} if code else {})


PARTS = [BODY + "20190000", "40391AFF1234"]
"""A body that two packets carry, cut within an element."""
WHOLE = [("rain", T, 4.0), ("level", T, -12.34)]
GOOD = [
    Good(RIVER, [("rain", T, 4.0), ("rain_total", T, 4.0), ("level", T, 10.49), ("voltage", T, 10.99)],
         units={"rain": "mm", "rain_total": "mm", "level": "m", "voltage": "V"}),
    Good(RESERVOIR, [("level", at("2022-06-28T09:08:00+08:00"), 513.0)],
         [_event(kind, "inactive", None, at("2022-06-28T09:08:00+08:00")) for kind in ("fault", "power_loss")]),
    Good(packet(HEADER, "2F")),
    Good(packet(HEADER + "F1F1001122334448382B00123456785D1200070308FF", "33"),
         [("voltage", T + 16_000_000, 12345.678), ("e5d", T + 16_000_000, 0.07)]),
    Good(packet(BODY + "452000000067", "33"),
         events=[_event("power_loss", "active", "mains"), _event("fault", "active", "battery_low"),
                 _event("other", None, "level_over_limit"), _event("fault", "active", "flow_meter_fault"),
                 _event("fault", "active", "level_meter_fault")]),
    # A uniform report: the time is that of the first value. Each five minutes of an hour: that of the last.
    Good(packet(BODY + "04180000053923" + "00010490" + "FFFFFFFF" + "00010700", "31"),
         [("level", T, 10.49), ("level", T + 10 * MINUTES, 10.7)]),
    Good(packet(BODY + "F460" + "05" + "FF" * 10 + "0A" + "F5C0" + "FFFF" * 11 + "0107", "34"),
         [("rain_5min", T - 55 * MINUTES, 0.5), ("rain_5min", T, 1.0), ("level_5min_1", T, 2.63)]),
    Good(packet(BODY + "F3F3FFD8FFE0", "36"), unused=("picture",)),
    Good(packet(PARTS[0], numbers="002001", end="17") + packet(PARTS[1], numbers="002002"), WHOLE),
    Good(packet(PARTS[0], numbers="002001", counted=3) + packet(PARTS[1], numbers="002002", counted=3), WHOLE),
]  # fmt: skip

BAD = [
    Bad(b"\x010500112233440 3E832", "bad_frame", "hexadecimal/BCD"),
    Bad(b"", "bad_length", "needs 2"),
    Bad(b"##0139", "bad_frame", "23 stands here, expected '7E'"),
    Bad(RIVER[:9], "bad_length", "has 9 bytes and needs 17"),
    Bad(RIVER[:-1], "bad_length", "has 59 bytes and needs 60"),
    Bad(RIVER[:11] + b"\0\x2a" + RIVER[13:], "bad_frame", "99 stands here, expected '03'"),
    Bad(RIVER[:11] + b"\x80" + RIVER[12:], "bad_frame", "80 stands here, expected '00'"),
    Bad(RIVER[:13] + b"\1" + RIVER[14:], "bad_frame", "01 stands here, expected '02'"),
    Bad(RIVER[:-2] + b"\x21\xa4", "bad_checksum", "its two bytes are swapped"),
    Bad(RIVER[:50] + b"\7" + RIVER[51:], "bad_checksum", "the checksum is 'A421', computed it is '"),
    Bad(RIVER + b"\0", "bad_length", "says 61 bytes, and it is 60"),
    Bad(packet(BODY + "2019000A40"), "bad_frame", "0A is not two decimal digits"),
    Bad(packet(BODY + "20190000"), "bad_length", "element '20' says it has 3 bytes, and 2 are left"),
    Bad(packet(BODY + "20"), "bad_length", "element '20'"),
    Bad(packet(HEADER + "F0F01713181100"), "bad_time", "'2017-13-18 11:00:00'"),
    Bad(packet(BODY + "0418000000", "31"), "bad_frame", "step"),
    Bad(packet(BODY + "0400", "31"), "bad_frame", "step"),
    Bad(packet(PARTS[0], numbers="002001", end="17"), "bad_length", "packet 2 of 2 is missing"),
    Bad(packet(PARTS[1], numbers="002002"), "bad_frame", "packet 2 of 2, expected number 1"),
    Bad(packet(PARTS[0], numbers="002001") + packet(PARTS[1], numbers="002001"), "bad_frame", "expected number 2"),
    Bad(packet(PARTS[0], numbers="002001") + packet(PARTS[1], "33", numbers="002002"), "bad_frame", "function"),
    Bad(packet(BODY + "".join(f"FF{n:02x}0801" for n in range(250)) * 3), "too_many_values", "500"),
    Bad(b"~~" + b"x" * 40_000, "too_large", "40,002"),
]

FRAMES = Frames(decode, GOOD, BAD)
