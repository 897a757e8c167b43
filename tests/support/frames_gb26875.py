"""Frames of GB/T 26875.3."""

from struct import pack

from devices.codecs.decoded import EventDraft
from devices.codecs.gb26875.reports import decode
from tests.support.frames import Bad, Frames, Good, at

FIRE = bytes.fromhex(
    "40400000010118 0d11160a14 000000000000 060504030201 3000 02 0201 010300 d9000600 0200 a3c1c7f8a3b1b2e3dfc8b2b8"
    "d7dfc0c8 000000000000000000000000000000 301213010814 68 2323"
)
CONFIRMED = bytes.fromhex("40400000010118 0d11160a14 060504030201 000000000000 0000 03 84 2323")
T = at("2020-08-01T19:18:48+08:00")
CLOCK = bytes.fromhex("301213010814")
PART: dict[str, object] = {"system_type": 1, "system": 3, "component_type": 0, "component": 0x600D9}


def frame(data: bytes, command: int = 2, source: bytes = bytes.fromhex("060504030201")) -> bytes:
    """A frame with this application data."""
    told = pack("<H2s6s6s6sHB", 7, b"\1\1", CLOCK, source, bytes(6), len(data), command) + data
    return b"@@" + told + bytes([sum(told) & 0xFF]) + b"##"


def _event(
    kind: str, state: str | None, told: dict[str, object], source: str | None = None, part: str | None = None
) -> EventDraft:
    """One at T; with an id of its source, one without a time."""
    if "system" in told and part is None:
        part = "{system_type}/{system}".format(**told)
    if "component" in told:
        part = "{system_type}/{system}/{component_type}-{component}".format(**told)
    return EventDraft(kind, T if source is None else None, source, state, None, told, None, part)


def _part(state: int, kind: int = 0, clock: bytes = CLOCK) -> bytes:
    return pack("<BBBIH31s6s", 1, 3, kind, 0x600D9, state, b"", clock)


def _value(kind: int, value: int, component: int = 5) -> bytes:
    return pack("<BBBIBh6s", 128, 2, 91, component, kind, value, CLOCK)


TEXT: dict[str, object] = {"text": "Ａ区１层呷哺走廊"}
GAS = {**PART, "component_type": 11}
SYSTEM: dict[str, object] = {"system_type": 1, "system": 3}
OWN = "1/3/system"
RESET = [
    _event(kind, "inactive", SYSTEM)
    for kind in ("fault", "fire", "gas_leak", "leakage_current", "manual_alarm", "muted", "power_loss", "shielded")
]
ON, GAS_ON = _event("shielded", "inactive", PART), _event("shielded", "inactive", GAS)
GOOD = [
    Good(FIRE, events=[_event("fire", "active", {**PART, **TEXT}), _event("fault", "inactive", {**PART, **TEXT}),
                       _event("shielded", "inactive", {**PART, **TEXT})]),
    # A count that is wrong hides no fire.
    *(Good(frame(bytes((2, count)) + _part(2)), events=[_event("fire", "active", PART),
           _event("fault", "inactive", PART), _event("shielded", "inactive", PART)], faults=["bad_length"])
      for count in (0, 2)),
    Good(CONFIRMED),
    Good(frame(b"", 6)),
    # Nothing is set: what there was has ended. All that is set is told, and what is no alarm by its code.
    Good(frame(b"\2\1" + _part(1)), events=[_event("fire", "inactive", PART), _event("fault", "inactive", PART), ON]),
    Good(frame(b"\2\1" + _part(0b1_0000_1101)),
         events=[_event("fault", "active", PART), _event("shielded", "active", PART),
                 _event("power_loss", "active", {**PART, "code": "power_fault"}), _event("fire", "inactive", PART)]),
    Good(frame(b"\2\2" + _part(3, 11) + _part(1, 11), 5),
         events=[_event("gas_leak", "active", {**GAS, "code": "fire"}), _event("fault", "inactive", GAS), GAS_ON,
                 _event("gas_leak", "inactive", GAS), _event("fault", "inactive", GAS), GAS_ON]),
    Good(frame(b"\2\1" + _part(2, 0, bytes(6))), timeless=True,
         events=[_event("fire", "active", PART, "7/29/fire"), _event("fault", "inactive", PART, "7/29/fault"),
                 _event("shielded", "inactive", PART, "7/29/shielded")]),
    # A clock that was never set may begin in 2000, at any moment of it.
    Good(frame(b"\2\1" + _part(2, 0, bytes.fromhex("301213010800"))), timeless=True,
         events=[_event("fire", "active", PART, "7/29/fire"), _event("fault", "inactive", PART, "7/29/fault"),
                 _event("shielded", "inactive", PART, "7/29/shielded")]),
    # Of an object whose clock is wrong, as one that tells BCD, the fire is taken, and that others have ended is not.
    Good(frame(b"\2\2" + _part(2, 0, bytes.fromhex("301213011814")) + _part(2)), faults=["bad_time"],
         events=[_event("fire", "active", PART, "7/29/fire"),
                 _event("fire", "active", PART), _event("fault", "inactive", PART), ON]),
    Good(frame(b"\2\1" + _part(2, 0, bytes.fromhex("000000000014"))), faults=["bad_time"],
         events=[_event("fire", "active", PART, "7/29/fire")]),
    # What a system does not say is over at its own unit, and at its components where all is normal.
    Good(frame(b"\1\1" + pack("<BBH6s", 1, 3, 1 << 10 | 1, CLOCK)),
         events=[_event("fault", "active", {**SYSTEM, "code": "bus_fault"}, None, OWN),
                 _event("fire", "inactive", SYSTEM, None, OWN), _event("shielded", "inactive", SYSTEM, None, OWN)]),
    Good(frame(b"\1\1" + pack("<BBH6s", 1, 3, 1 << 11 | 1, CLOCK)),
         events=[_event("other", None, {**SYSTEM, "code": "manual_mode"}, None, OWN),
                 *(_event(kind, "inactive", SYSTEM) for kind in ("fire", "fault", "shielded"))]),
    Good(frame(b"\x15\1" + pack("<B6s", 0b1001, CLOCK)),
         events=[_event("power_loss", "active", {"code": "main_power_fault"}, None, "transmitter"),
                 _event("fire", "inactive", {}, None, "transmitter"),
                 _event("fault", "inactive", {}, None, "transmitter")]),
    # A reset ends all that a system may have told; what is still so is told anew.
    Good(frame(b"\4\1" + pack("<BBBB6s", 1, 3, 1, 77, CLOCK)),
         events=[*RESET, _event("other", None, {**SYSTEM, "code": "reset"})]),
    Good(frame(b"\1\1" + pack("<BBH6s", 1, 3, 1 << 13 | 1, CLOCK)),
         events=[_event("other", None, {**SYSTEM, "code": "reset"}, None, OWN), *RESET]),
    Good(frame(b"\x18\1" + pack("<BB6s", 1, 77, CLOCK)),
         events=[_event("muted", "inactive", {}), _event("other", None, {"code": "reset"})]),
    # The number of the operator is not kept.
    Good(frame(b"\4\1" + pack("<BBBB6s", 1, 3, 0b110, 77, CLOCK)),
         events=[_event("muted", "active", SYSTEM), _event("manual_alarm", "active", SYSTEM)]),
    # A bit, or a kind of value, that the standard does not have is kept.
    Good(frame(b"\2\1" + _part(1 << 9 | 2)),
         events=[_event("fire", "active", PART), _event("other", None, {**PART, "code": "component.9"}),
                 _event("fault", "inactive", PART), ON]),
    Good(frame(b"\x18\1" + pack("<BB6s", 0b100000, 77, CLOCK)),
         events=[_event("other", None, {"code": "duty_check_answered"})]),
    Good(frame(b"\3\4" + _value(3, -105) + _value(2, 250) + _value(6, 32_767, 6) + _value(99, 1)),
         [("temperature/128-2-5", T, -10.5), ("height/128-2-5", T, 2.5), ("gas/128-2-6", T, 3276.7),
          ("analogue_99/128-2-5", T, 1)],
         units={"temperature/128-2-5": "Cel", "height/128-2-5": "m", "gas/128-2-6": "%{LEL}"}),
    Good(frame(b"\3\2" + _value(4, 12) + _value(5, 345)),
         [("pressure/128-2-5", T, 1.2), ("pressure/128-2-5", T, 34.5)], units={"pressure/128-2-5": "MPa"},
         other_units={1: "kPa"}),
    Good(frame(b"\x05\1\1\3\1\0"), unused=("type 5",)),
    Good(frame(b"\2\0")),
]  # fmt: skip

BAD = [
    Bad(b"", "bad_length", "has 0 bytes and needs 2"),
    Bad(b"@", "bad_length", "needs 2"),
    Bad(b"@#" + FIRE[2:], "bad_frame", "23 stands here, expected '40'"),
    Bad(b'{"pm25": 1}', "bad_frame", "7B stands here"),
    Bad(FIRE[:20], "bad_length", "has 20 bytes and needs 30"),
    Bad(FIRE[:60], "bad_length", "has 60 bytes and needs 78"),
    Bad(FIRE[:24] + b"\x31" + FIRE[25:], "bad_length", "says 49 bytes, and it is 48"),
    Bad(FIRE + b"#", "bad_length", "says 48 bytes, and it is 49"),
    Bad(FIRE[:24] + b"\x01\x04" + FIRE[26:], "bad_length", "says 1025"),
    Bad(FIRE[:40] + b"\7" + FIRE[41:], "bad_checksum", "computed it is 'A8'"),
    Bad(FIRE[:-1] + b"!", "bad_frame", "21 stands here, expected '23'"),
    Bad(frame(b"\2"), "bad_length", "needs 29"),
    Bad(frame(b"\2\2"), "bad_length", "the count says 2 objects, and 0 are there"),
    Bad(frame(b"\2\1" + _part(2)[:-1]), "bad_length", "says 47 bytes, and it is 48"),
    Bad(frame(b"\2\1" + _part(1, 0, bytes.fromhex("3c1213010814"))), "bad_time", "'2020-08-01 19:18:60'"),
    Bad(frame(b"\x15\1" + pack("<B6s", 0, bytes.fromhex("000000000014"))), "bad_time", "'2020-00-00"),
    Bad(b"@@" + b"x" * 20_000, "too_large", "20,002"),
]

FRAMES = Frames(decode, GOOD, BAD)
