"""Answers of slaves that were polled, together with what was asked: `{"at", "framing", "request", "answer"}`. Pure.

An answer does not say which registers it has. With the request beside it, its profile's map tells, at any time.
`at` is the time of the answer in microseconds; `cleared` says that the slave refused before and does so no more.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

import msgspec

from devices.codecs.decoded import Codec, Decoded, EventDraft, Units
from devices.codecs.jsontext import parse
from devices.codecs.modbus.answers import rtu_data, tcp_data
from devices.codecs.modbus.registers import COILS, REGISTERS, Found, Register, coils, values
from devices.codecs.modbus.requests import EXCEPTION, MAX_COILS, MAX_REGISTERS, Framing
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_EARLIEST, _LATEST = 0, 2**53
_MBAP = 7
MEANINGS = {1: "no such function", 2: "no such register", 3: "wrong value", 4: "failure", 6: "busy"}
"""Of exceptions (Modbus Application Protocol V1.1b3, 7)."""


class Asked(NamedTuple):
    """What a request asked for."""

    slave: int
    function: int
    address: int
    size: int


def written(at: Micros, framing: Framing, request: bytes, answer: bytes, cleared: bool) -> bytes:
    """The payload of an exchange."""
    told: dict[str, Any] = {"at": at, "framing": framing, "request": request.hex(), "answer": answer.hex()}
    return msgspec.json.encode({**told, "cleared": True} if cleared else told)


def poll(registers: Sequence[Register] | None = None) -> Codec:
    """The codec of exchanges by a map; None: each register by itself, named by its address."""

    def decode(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
        """Decode one exchange."""
        told = parse(payload)
        if not isinstance(told, dict):
            raise DecodeError("not_an_object", Sentence("refusal.modbus.exchange"), "")
        request, answer = _octets(told, "request"), _octets(told, "answer")
        framing, at = told.get("framing", "modbus-rtu"), told.get("at", received)
        if framing not in ("modbus-rtu", "modbus-tcp"):
            raise DecodeError("bad_frame", Sentence("refusal.modbus.framing"), "/framing")
        if isinstance(at, bool) or not isinstance(at, int) or not _EARLIEST <= at < _LATEST:
            raise DecodeError("bad_time", Sentence("refusal.modbus.at"), "/at")
        decoded = Decoded(timeless="at" not in told)
        asked = _asked(request, framing)
        try:
            function, data = (tcp_data if framing == "modbus-tcp" else rtu_data)(answer)
        except DecodeError as error:
            raise DecodeError(error.reason, error.detail, "/answer") from None
        _check(asked, answer[_MBAP - 1 if framing == "modbus-tcp" else 0], function, data)
        wanted = _wanted(registers, asked)
        if function & EXCEPTION:
            decoded.events.append(_fault(at, asked, data[0], wanted))
        else:
            _read(decoded, asked, data, at, wanted)
            if told.get("cleared") is True:
                decoded.events.append(EventDraft("fault", at, None, "inactive", None, {"code": "modbus_exception"}))
        return decoded.settled()

    return decode


def _octets(told: dict[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(told[name])
    except (KeyError, TypeError, ValueError):
        raise DecodeError(
            "bad_frame", Sentence("refusal.modbus.hex", name=f"'{name}'"), f"/{name}" if name in told else ""
        ) from None


def _asked(request: bytes, framing: str) -> Asked:
    """What a request asks for; its own checksum is not looked at, for nobody sent it to the hub."""
    at = _MBAP - 1 if framing == "modbus-tcp" else 0
    body = request[at : at + 6]
    slave, function, address, count = (*body[:2], body[2:4], body[4:]) if len(body) == 6 else (0, 0, b"", b"")
    number = int.from_bytes(count, "big")
    most = MAX_COILS if function in COILS else MAX_REGISTERS
    if function not in (*COILS, *REGISTERS) or not 1 <= number <= most:
        raise DecodeError("bad_frame", Sentence("refusal.modbus.asked"), "/request")
    return Asked(slave, function, int.from_bytes(address, "big"), number)


def _check(asked: Asked, slave: int, function: int, data: bytes) -> None:
    """Whether an answer is one to what was asked."""
    if slave != asked.slave:
        sentence = Sentence("refusal.modbus.slave", found=slave, wanted=asked.slave)
        raise DecodeError("bad_frame", sentence, "/answer")
    if function & ~EXCEPTION != asked.function:
        sentence = Sentence("refusal.modbus.function", found=function, wanted=asked.function)
        raise DecodeError("bad_frame", sentence, "/answer")
    size = (asked.size + 7) // 8 if asked.function in COILS else 2 * asked.size
    if not function & EXCEPTION and len(data) != size:
        raise DecodeError("bad_length", Sentence("refusal.octets.length", told=len(data), wanted=size), "/answer")


def _wanted(registers: Sequence[Register] | None, asked: Asked) -> list[Register]:
    """The registers of a map that lie in what was asked for."""
    end = asked.address + asked.size
    if registers is None:
        kind = "coil" if asked.function in COILS else "register"
        return [Register(f"{kind}_{at}", at, function=asked.function) for at in range(asked.address, end)]
    return [
        each
        for each in registers
        if each.function == asked.function and asked.address <= each.span[0] and each.span[1] <= end
    ]


def _read(decoded: Decoded, asked: Asked, data: bytes, at: Micros, wanted: list[Register]) -> None:
    found: list[Found]
    found, faults = (coils if asked.function in COILS else values)(wanted, data, 0, asked.address)
    units = decoded.units = Units()
    for register, value, unit in found:
        decoded.metrics.append(register.metric)
        decoded.values.append(value)
        decoded.ts.append(at)
        if unit:
            units[register.metric] = unit
    for fault in faults:
        decoded.leave_out(DecodeError(fault.reason, fault.detail, "/answer"))
    if not wanted:
        last = asked.address + asked.size - 1
        decoded.note_unused(f"function {asked.function} registers {asked.address}-{last}")


def _fault(at: Micros, asked: Asked, code: int, wanted: list[Register]) -> EventDraft:
    """The event of an exception: which one, and which registers were asked for."""
    last = asked.address + asked.size - 1
    attributes: dict[str, Any] = {
        "code": "modbus_exception",
        "exception": code,
        "meaning": MEANINGS.get(code, "unknown"),
        "function": asked.function,
        "registers": f"{asked.address}" if last == asked.address else f"{asked.address}-{last}",
        "metrics": [register.metric for register in wanted[:20]],
    }
    return EventDraft("fault", at, None, "active", None, attributes)
