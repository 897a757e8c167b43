"""Answers of Modbus, RTU (also over TCP) and TCP: framing, exceptions, registers and coils. Pure.

An answer does not say which registers it has: whoever asked knows, and has the map. Without one they are told by their
place in it: `register_0`, `coil_0`.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.decoded import Codec, Decoded, Units
from devices.codecs.modbus.registers import COILS, REGISTERS, Register, values
from devices.codecs.modbus.requests import EXCEPTION, MAX_REGISTERS
from devices.codecs.octets import check_size, cut, expect, unexpected, wrong_length, wrong_sum
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_LONGEST = 260
_MBAP, _CRC = 7, 2
"""Bytes before the function in Modbus TCP, and behind the data in RTU."""
PLAIN = tuple(Register(f"register_{at}", at) for at in range(MAX_REGISTERS))
"""The map that has each register as a number of its own."""


class Answer(NamedTuple):
    """What an answer holds."""

    function: int
    """With EXCEPTION, if it is one."""
    data: bytes
    """The registers or coils; the code of an exception."""


def rtu(registers: Sequence[Register] | None = None) -> Codec:
    """The codec of answers in RTU framing by a map; None: each register by itself."""

    def decode(frame: bytes, received: Micros, _zone: tzinfo) -> Decoded:
        """Decode one answer; its values have the time of arrival."""
        return _decoded(rtu_data(frame), 1, received, registers)

    return decode


def tcp(registers: Sequence[Register] | None = None) -> Codec:
    """The codec of answers in TCP framing by a map; None: each register by itself."""

    def decode(frame: bytes, received: Micros, _zone: tzinfo) -> Decoded:
        """Decode one answer; its values have the time of arrival."""
        return _decoded(tcp_data(frame), _MBAP, received, registers)

    return decode


def rtu_data(frame: bytes) -> Answer:
    """What an answer in RTU framing holds; DecodeError with the byte that is wrong."""
    check_size(frame, _LONGEST)
    end = _end(frame, 1)
    _fits(frame, end + _CRC, 2)
    told, computed = frame[end:], crc16(frame[:end]).to_bytes(2, "little")
    if told != computed:
        raise wrong_sum(frame, end, told.hex().upper(), computed.hex().upper())
    return _answer(frame, 1, end)


def tcp_data(frame: bytes) -> Answer:
    """What an answer in TCP framing holds; DecodeError with the byte that is wrong."""
    check_size(frame, _LONGEST)
    if len(frame) < _MBAP:
        raise cut(frame, _MBAP + 2)
    expect(frame, 2, b"\0\0")
    end = _end(frame, _MBAP)
    _fits(frame, end, _MBAP + 1)
    if (length := int.from_bytes(frame[4:6], "big")) != end - 6:
        raise wrong_length(length, end - 6, 4)
    return _answer(frame, _MBAP, end)


def _answer(frame: bytes, at: int, end: int) -> Answer:
    return Answer(frame[at], frame[at + 1 : end] if frame[at] & EXCEPTION else frame[at + 2 : end])


def _end(frame: bytes, at: int) -> int:
    """Where an answer ends whose function is at a place."""
    if len(frame) < at + 2:
        raise cut(frame, at + 2)
    function, count = frame[at], frame[at + 1]
    if function & EXCEPTION:
        return at + 2
    if function not in (*COILS, *REGISTERS):
        raise unexpected(frame, at, "03")
    if count == 0 or (function in REGISTERS and (count % 2 or count > 2 * MAX_REGISTERS)):
        raise DecodeError("bad_length", Sentence("refusal.modbus.count", count=count, most=2 * MAX_REGISTERS), at + 1)
    return at + 2 + count


def _fits(frame: bytes, wanted: int, length_at: int) -> None:
    if len(frame) < wanted:
        raise cut(frame, wanted)
    if len(frame) > wanted:
        raise wrong_length(frame[length_at], frame[length_at] + len(frame) - wanted, length_at)


def _decoded(answer: Answer, at: int, received: Micros, registers: Sequence[Register] | None) -> Decoded:
    """`at`: where its function is in the frame."""
    decoded, (function, data) = Decoded(), answer
    if function & EXCEPTION:
        sentence = Sentence("refusal.modbus.exception", code=data[0], function=function & ~EXCEPTION)
        raise DecodeError("bad_frame", sentence, at + 1)
    decoded.timeless = True
    if function in COILS:
        for coil in range(8 * len(data)):
            decoded.metrics.append(f"coil_{coil}")
            decoded.values.append(float(data[coil // 8] >> coil % 8 & 1))
    else:
        units = decoded.units = Units()
        wanted = PLAIN[: len(data) // 2] if registers is None else registers
        found, faults = values(wanted, data, at + 2)
        for register, value, unit in found:
            decoded.metrics.append(register.metric)
            decoded.values.append(value)
            if unit:
                units[register.metric] = unit
        for fault in faults:
            decoded.leave_out(fault)
    decoded.ts = [received] * len(decoded.metrics)
    return decoded.settled()
