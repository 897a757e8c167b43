"""Registers of Modbus: what a map makes of the bytes of an answer. Pure."""

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Literal, NamedTuple

from hub.errors import DecodeError
from hub.words.sentence import Sentence

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""In which a device sends the bytes of a number, of which A is the upper one; of one register AB is ABCD. With four
registers A to D stand for one register each, and B before A swaps the bytes of each."""
Type = Literal["u16", "s16", "u32", "s32", "f32", "u64", "s64", "f64"]
FORMATS: Mapping[str, Struct] = {
    "u16": Struct(">H"), "s16": Struct(">h"), "u32": Struct(">I"), "s32": Struct(">i"), "f32": Struct(">f"),
    "u64": Struct(">Q"), "s64": Struct(">q"), "f64": Struct(">d"),
}  # fmt: skip
COILS, REGISTERS = (1, 2), (3, 4)
"""Functions that read bits, and 16-bit registers."""
_MOST_DECIMALS = 9


class Register(NamedTuple):
    """A number in one to four registers, a bit of one, or a coil."""

    metric: str
    at: int
    """Its address, from 0."""
    type: Type = "u16"
    order: Order = "ABCD"
    scale: float = 1.0
    """What its number is multiplied by."""
    unit: str | None = None
    """In UCUM."""
    function: int = 3
    bit: int | None = None
    """Only this bit of the register counts, 0 is the lowest one: its value is 0 or 1."""
    decimals_at: int | None = None
    """The address of a register that holds how many decimals the number has."""
    unit_at: int | None = None
    """The address of a register that holds the code of the unit."""
    units: Mapping[int, str] = {}
    """By code."""

    @property
    def size(self) -> int:
        """How many registers it takes; 1 of a coil."""
        return 1 if self.function in COILS else FORMATS[self.type].size // 2

    @property
    def span(self) -> tuple[int, int]:
        """The first address that its value needs, and the one behind the last."""
        beside = [at for at in (self.decimals_at, self.unit_at) if at is not None]
        return min([self.at, *beside]), max([self.at + self.size, *(at + 1 for at in beside)])

    def moved(self, by: int) -> "Register":
        """The same with its addresses elsewhere."""
        beside = [None if at is None else at + by for at in (self.decimals_at, self.unit_at)]
        return self._replace(at=self.at + by, decimals_at=beside[0], unit_at=beside[1])


class Found(NamedTuple):
    """A number that was found, in its unit."""

    register: Register
    value: float
    unit: str | None


def values(
    registers: Sequence[Register], data: bytes, fault_at: int, start: int = 0
) -> tuple[list[Found], list[DecodeError]]:
    """The numbers in the data of an answer, and what of the map is not in it, or is no number.

    `fault_at`: where the data begins in the frame; `start`: the address of its first register.
    """
    found: list[Found] = []
    faults: list[DecodeError] = []
    for register in registers:
        try:
            found.append(_value(register, data, fault_at, start))
        except DecodeError as error:
            faults.append(error)
    return found, faults


def coils(
    registers: Sequence[Register], data: bytes, fault_at: int, start: int
) -> tuple[list[Found], list[DecodeError]]:
    """As `values`, of an answer whose data is bits, the lowest one of the first byte first."""
    found: list[Found] = []
    faults: list[DecodeError] = []
    for register in registers:
        place = register.at - start
        if 0 <= place < 8 * len(data):
            found.append(Found(register, float(data[place // 8] >> place % 8 & 1), register.unit))
        else:
            faults.append(_beyond(register, register.at, fault_at + len(data)))
    return found, faults


def _value(register: Register, data: bytes, fault_at: int, start: int) -> Found:
    layout, begin = FORMATS[register.type], 2 * (register.at - start)
    told = data[begin : begin + layout.size] if begin >= 0 else b""
    if len(told) < layout.size:
        raise _beyond(register, register.at, fault_at + len(data))
    number = layout.unpack(_ordered(told, register.order))[0]
    if register.bit is not None:
        return Found(register, float(number >> register.bit & 1), register.unit)
    unit = register.unit
    if register.unit_at is not None:
        code = _beside(register, register.unit_at, data, fault_at, start)
        unit = register.units.get(code)
        if unit is None:
            known = ", ".join(map(str, register.units))
            words = {"metric": f"'{register.metric}'", "code": code, "at": register.unit_at, "known": known}
            place = fault_at + 2 * (register.unit_at - start)
            raise DecodeError("unit_mismatch", Sentence("refusal.modbus.unit_code", **words), place)
    value = float(number) * register.scale
    if register.decimals_at is not None:
        decimals = _beside(register, register.decimals_at, data, fault_at, start)
        if decimals > _MOST_DECIMALS:
            words = {"metric": f"'{register.metric}'", "decimals": decimals, "at": register.decimals_at}
            place = fault_at + 2 * (register.decimals_at - start)
            raise DecodeError("bad_frame", Sentence("refusal.modbus.decimals", **words), place)
        value /= 10**decimals
    if value - value != 0.0:
        sentence = Sentence("refusal.modbus.finite", metric=f"'{register.metric}'", value=f"'{told.hex().upper()}'")
        raise DecodeError("value_not_finite", sentence, fault_at + begin)
    return Found(register, value, unit)


def _beside(register: Register, at: int, data: bytes, fault_at: int, start: int) -> int:
    """The number in a register beside that of the value."""
    begin = 2 * (at - start)
    if not 0 <= begin <= len(data) - 2:
        raise _beyond(register, at, fault_at + len(data))
    return int.from_bytes(data[begin : begin + 2], "big")


def _beyond(register: Register, at: int, place: int) -> DecodeError:
    sentence = Sentence("refusal.modbus.beyond", metric=f"'{register.metric}'", at=at)
    return DecodeError("bad_length", sentence, place)


def ordered(number: float, kind: Type, order: Order) -> bytes:
    """The bytes of a number as a device with this order takes them; struct.error when it does not fit the type."""
    layout = FORMATS[kind]
    return _ordered(layout.pack(number if kind in ("f32", "f64") else round(number)), order)


def _ordered(told: bytes, order: Order) -> bytes:
    """The bytes with the upper one first, and back: each order is its own inverse."""
    if order == "ABCD":
        return told
    if order in ("BADC", "DCBA"):
        swapped = bytearray(told)
        swapped[::2], swapped[1::2] = told[1::2], told[::2]
        told = bytes(swapped)
    if order in ("CDAB", "DCBA"):
        told = b"".join(told[place : place + 2] for place in range(len(told) - 2, -1, -2))
    return told
