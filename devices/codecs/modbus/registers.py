"""Registers of Modbus: what a map makes of the bytes of an answer. Pure."""

from collections.abc import Sequence
from struct import Struct
from typing import Literal, NamedTuple

from hub.errors import DecodeError
from hub.words.sentence import Sentence

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""In which a device sends the bytes of a number, of which A is the upper one; of one register AB is ABCD."""
Type = Literal["u16", "s16", "u32", "s32", "f32"]
_FORMATS = {"u16": Struct(">H"), "s16": Struct(">h"), "u32": Struct(">I"), "s32": Struct(">i"), "f32": Struct(">f")}


class Register(NamedTuple):
    """A number in one or two registers."""

    metric: str
    at: int
    """From 0, counted from the first register of the answer."""
    type: Type = "u16"
    order: Order = "ABCD"
    scale: float = 1.0
    """What its number is multiplied by."""
    unit: str | None = None
    """In UCUM."""


class Found(NamedTuple):
    """A number that was found."""

    register: Register
    value: float


def values(registers: Sequence[Register], data: bytes, fault_at: int) -> tuple[list[Found], list[DecodeError]]:
    """The numbers in the data of an answer, and what of the map is not in it, or is no number.

    `fault_at`: where the data begins in the frame.
    """
    found: list[Found] = []
    faults: list[DecodeError] = []
    for register in registers:
        layout, begin = _FORMATS[register.type], 2 * register.at
        told = data[begin : begin + layout.size]
        if len(told) < layout.size:
            sentence = Sentence("refusal.modbus.beyond", metric=f"'{register.metric}'", at=register.at)
            faults.append(DecodeError("bad_length", sentence, fault_at + len(data)))
            continue
        value = float(layout.unpack(_ordered(told, register.order))[0]) * register.scale
        if value - value == 0.0:
            found.append(Found(register, value))
        else:
            sentence = Sentence("refusal.modbus.finite", metric=f"'{register.metric}'", value=f"'{told.hex().upper()}'")
            faults.append(DecodeError("value_not_finite", sentence, fault_at + begin))
    return found, faults


def _ordered(told: bytes, order: Order) -> bytes:
    """The bytes with the upper one first."""
    if order in ("BADC", "DCBA"):
        swapped = bytearray(told)
        swapped[::2], swapped[1::2] = told[1::2], told[::2]
        told = bytes(swapped)
    if order in ("CDAB", "DCBA"):
        told = told[2:] + told[:2]
    return told
