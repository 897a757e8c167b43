"""SZY 206-2016, stations of water resources: 68, length, 68, control, address, function, data, CRC-8, 16. Pure.

Of what stations report (C0) the flow is read, with its volume; of rain and level the layout is not known here.
"""

from datetime import timedelta, tzinfo

from devices.codecs.calendar_time import Parts, moment, no_time
from devices.codecs.code_table import shipped
from devices.codecs.decoded import Decoded, EventDraft, Units
from devices.codecs.local_time import zone_at
from devices.codecs.octets import check_size, cut, digits, expect, wrong_length, wrong_sum
from devices.vocabulary import OTHER
from hub.models import Micros, from_micros

PROTOCOL = "szy206"
MARK, TAIL = b"\x68", b"\x16"
_BEFORE, _AFTER = 3, 2
_HEAD = 7
"""Bytes of control, address and function."""
_REPORT, _LINK, _UP, _KIND, _FLOW = 0xC0, 0x02, 0x80, 0x0F, 3
_FLOW_LENGTH = 19
"""Bytes of flow, volume, alarm, state and time."""
_NONE = 0xAA
_AHEAD = timedelta(days=1)


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ (0xE5 if byte & 0x80 else 0)) & 0xFF
    return byte


_TABLE = bytes(map(_row, range(256)))


def crc(octets: bytes) -> int:
    """CRC-8, polynomial E5, start 0."""
    crc = 0
    for byte in octets:
        crc = _TABLE[crc ^ byte]
    return crc


def decode(frame: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one frame; division and terminal are the device that it names."""
    end = checked(frame)
    decoded = Decoded()
    decoded.name(frame[4:9].hex().upper())
    control, function, data = frame[3], frame[9], frame[10:end]
    if not control & _UP or function != _REPORT:
        return decoded
    if control & _KIND != _FLOW:
        decoded.note_unused(f"kind {control & _KIND}")
    elif len(data) != _FLOW_LENGTH:
        raise wrong_length(frame[1], _HEAD + _FLOW_LENGTH, 1)
    else:
        _read(frame, decoded, _time(frame, 24, received, zone_at(zone, received)))
    return decoded.settled()


def reply(frame: bytes) -> bytes | None:
    """The frame that confirms a report, or a link, once it is stored; None where none is wanted."""
    end = checked(frame)
    if not frame[3] & _UP or frame[9] not in (_REPORT, _LINK):
        return None
    told = bytes([frame[3] & ~_UP]) + frame[4:10] + (b"\0" if frame[9] == _REPORT else frame[10:end])
    return MARK + bytes([len(told)]) + MARK + told + bytes([crc(told)]) + TAIL


def checked(frame: bytes) -> int:
    """Where the checksum is, once it is right."""
    check_size(frame, _BEFORE + 255 + _AFTER)
    expect(frame, 0, MARK)
    if len(frame) < _BEFORE + _HEAD + _AFTER:
        raise cut(frame, _BEFORE + _HEAD + _AFTER)
    expect(frame, 2, MARK)
    end = _BEFORE + frame[1]
    if frame[1] < _HEAD or len(frame) > end + _AFTER:
        raise wrong_length(frame[1], len(frame) - _BEFORE - _AFTER, 1)
    if len(frame) < end + _AFTER:
        raise cut(frame, end + _AFTER)
    if (computed := crc(frame[_BEFORE:end])) != frame[end]:
        raise wrong_sum(frame, end, f"{frame[end]:02X}", f"{computed:02X}")
    expect(frame, end + 1, TAIL)
    return end


def _read(frame: bytes, decoded: Decoded, ts: Micros) -> None:
    units = Units()
    table = shipped("devices.codecs", "szy206.json").metrics
    for code, place, divisor in (("flow", 10, 1000), ("volume", 15, 1)):
        metric, unit, _ = table[code]
        if frame[place : place + 5].count(_NONE) == 5:
            continue
        told = digits(frame, place, place + 5)
        decoded.metrics.append(metric)
        decoded.ts.append(ts)
        decoded.values.append(int("".join(told[n : n + 2] for n in range(8, -2, -2))) / divisor)
        if unit:
            units[metric] = unit
    decoded.units = units
    if alarm := int.from_bytes(frame[20:22], "little"):
        for bit in range(alarm.bit_length()):  # which one is what, is not known here
            if alarm >> bit & 1:
                decoded.unmapped(PROTOCOL).states[len(decoded.events)] = f"alarm.{bit}"
                decoded.events.append(EventDraft(OTHER, ts, None, None, None, {"code": f"alarm.{bit}"}))


def _time(frame: bytes, at: int, received: Micros, zone: tzinfo) -> Micros:
    """Of second, minute, hour and day; the month is that in which it can have been before it came."""
    told = digits(frame, at, at + 4)
    second, minute, hour, day = (int(told[n : n + 2]) for n in range(0, 8, 2))
    latest = from_micros(received).astimezone(zone) + _AHEAD
    year, month = latest.year, latest.month
    for _ in range(3):
        parts: Parts = year, month, day, hour, minute, second
        ts = moment(parts, zone)
        if ts is not None and ts <= received + _AHEAD // timedelta(microseconds=1):
            return ts
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    raise no_time((latest.year, latest.month, day, hour, minute, second), at)
