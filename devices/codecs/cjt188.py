"""CJ/T 188, meters of water and gas: FE..., 68, type, address, control, length, data, sum, 16. Pure.

Numbers are in BCD, low byte first. Meters of heat, and data other than the current one, are not read.
"""

import json
from datetime import tzinfo
from functools import cache
from importlib.resources import files

from devices.codecs.calendar_time import Parts, moment, no_time
from devices.codecs.decoded import Decoded, EventDraft, Units
from devices.codecs.local_time import zone_at
from devices.codecs.octets import check_size, cut, digits, expect, unexpected, wrong_length, wrong_sum
from hub.errors import DecodeError
from hub.models import Micros

HEAD, TAIL = b"\x68", b"\x16"
WAKE = 0xFE
_MOST_WAKE = 16
_BEFORE, _AFTER = 11, 2
"""Bytes before the data, from 68, and behind it."""
_ANSWER, _ABNORMAL = 0x81, 0xC1
_CURRENT = (b"\x1f\x90", b"\x90\x1f")
"""The identifier of the current data; meters write it in either order."""
_LENGTH = 22
"""Bytes of current data: identifier, serial number, two volumes with their units, time, status."""
_VALVE, _VALVE_FAULT, _BATTERY_LOW = 0b11, 0b11, 0b100


@cache
def _tables() -> tuple[frozenset[int], dict[int, str]]:
    """Types of meters that are read, and units in UCUM by code."""
    told = json.loads(files(__package__).joinpath("cjt188.json").read_text(encoding="utf-8"))
    return frozenset(int(code, 16) for code in told["types"]), {int(code, 16): u for code, u in told["units"].items()}


def decode(frame: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one answer; the address of the meter, its upper byte first, is the device that it names."""
    begin, length = _checked(frame)
    decoded = Decoded()
    decoded.name(frame[begin + 2 : begin + 9][::-1].hex().upper())
    kind, control, data = frame[begin + 1], frame[begin + 9], begin + _BEFORE
    if control == _ABNORMAL:
        decoded.note_unused("abnormal answer")
    elif control != _ANSWER or frame[data : data + 2] not in _CURRENT or kind not in _tables()[0]:
        decoded.note_unused(f"type {kind:02X}, control {control:02X}, data {frame[data : data + 2].hex().upper()}")
    elif length != _LENGTH:
        raise wrong_length(length, _LENGTH, begin + 10)
    else:
        _read(frame, data + 3, decoded, received, zone_at(zone, received))
    return decoded.settled()


def _checked(frame: bytes) -> tuple[int, int]:
    """Where 68 is, and the length of the data, once the sum is right."""
    check_size(frame, _MOST_WAKE + _BEFORE + 255 + _AFTER)
    begin = 0
    while begin < min(len(frame), _MOST_WAKE) and frame[begin] == WAKE:
        begin += 1
    expect(frame, begin, HEAD)
    if len(frame) < begin + _BEFORE + _AFTER:
        raise cut(frame, begin + _BEFORE + _AFTER)
    length = frame[begin + 10]
    end = begin + _BEFORE + length
    if len(frame) < end + _AFTER:
        raise cut(frame, end + _AFTER)
    if len(frame) > end + _AFTER:
        raise wrong_length(length, len(frame) - begin - _BEFORE - _AFTER, begin + 10)
    if (computed := sum(frame[begin:end]) & 0xFF) != frame[end]:
        raise wrong_sum(frame, end, f"{frame[end]:02X}", f"{computed:02X}")
    expect(frame, end + 1, TAIL)
    return begin, length


def _read(frame: bytes, at: int, decoded: Decoded, received: Micros, zone: tzinfo) -> None:
    parts = _parts(frame, at + 10)
    decoded.timeless = not any(parts)  # a meter whose clock is dead still counts
    ts = received if decoded.timeless else moment(parts, zone)
    if ts is None:
        raise no_time(parts, at + 10)
    units = decoded.units = Units()
    for metric, place in (("volume", at), ("volume_settled", at + 5)):
        unit = _tables()[1].get(frame[place + 4])
        if unit is None:
            decoded.leave_out(unexpected(frame, place + 4, "2C"))
            continue
        try:
            value = int(_backwards(frame, place, 4)) / 100
        except DecodeError as error:
            decoded.leave_out(error)
            continue
        decoded.metrics.append(metric)
        decoded.ts.append(ts)
        decoded.values.append(value)
        units[metric] = unit
    status = frame[at + 17]
    decoded.metrics.append("valve")  # 0 open, 1 closed
    decoded.ts.append(ts)
    decoded.values.append(float(status & _VALVE))
    faults = [("valve", status & _VALVE == _VALVE_FAULT), ("battery_low", bool(status & _BATTERY_LOW))]
    told = [EventDraft("fault", ts, None, "active", None, {"code": code}) for code, is_on in faults if is_on]
    decoded.events = told or [EventDraft("fault", ts, None, "inactive")]


def _backwards(frame: bytes, begin: int, size: int) -> str:
    """Digits of BCD whose low byte comes first."""
    told = digits(frame, begin, begin + size)
    return "".join(told[n : n + 2] for n in range(2 * size - 2, -2, -2))


def _parts(frame: bytes, at: int) -> Parts:
    told = _backwards(frame, at, 7)
    year, *rest = int(told[:4]), *(int(told[n : n + 2]) for n in range(4, 14, 2))
    month, day, hour, minute, second = rest
    return year, month, day, hour, minute, second
