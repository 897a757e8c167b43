"""What a slave of Modbus RTU makes of a request, and answers. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.modbus.requests import MAX_REGISTERS

REGISTERS = (3, 4)
"""Functions that read registers."""
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
"""Codes of exceptions."""
REQUEST_BYTES = 8


class Asked(NamedTuple):
    """A request for registers."""

    unit: int
    function: int
    address: int
    size: int
    """How many registers."""


def asked(request: bytes) -> Asked | None:
    """A request of 8 bytes; None for what is none, which a slave does not answer."""
    if len(request) != REQUEST_BYTES or crc16(request[:6]) != int.from_bytes(request[6:], "little"):
        return None
    return Asked(request[0], request[1], int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big"))


def answer(request: Asked, registers: Mapping[int, int]) -> bytes:
    """The answer of a slave that has these registers, each 0 to 65535; an exception where it has not all of them."""
    if request.function not in REGISTERS:
        return _sealed(bytes([request.unit, request.function | 0x80, ILLEGAL_FUNCTION]))
    wanted = range(request.address, request.address + request.size)
    if not 0 < request.size <= MAX_REGISTERS or any(at not in registers for at in wanted):
        return _sealed(bytes([request.unit, request.function | 0x80, ILLEGAL_ADDRESS]))
    told = b"".join(registers[at].to_bytes(2, "big") for at in wanted)
    return _sealed(bytes([request.unit, request.function, len(told)]) + told)


def _sealed(told: bytes) -> bytes:
    return told + crc16(told).to_bytes(2, "little")
