"""How the devices of a profile are polled: its register map, as the profile's JSON holds it. Pure.

The JSON is that of `polling` in a profile, which `api/polling_body.py` validates. What is stored is trusted here.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from devices.codecs.modbus.plan import Block, plan
from devices.codecs.modbus.registers import Order, Register, Type, ordered
from devices.codecs.modbus.requests import Framing, Request, write
from hub.models import Micros

DEFAULT_TIMEOUT_S, DEFAULT_RETRIES = 3.0, 2
COIL, ONE, SEVERAL = 5, 6, 16
"""Functions that write a coil, a register, several registers."""
_FUNCTIONS = {0: 1, 1: 2, 3: 4, 4: 3}
"""By the leading digit of an address in the style of 40001: the function that reads it."""


class Place(NamedTuple):
    """Where something is in a slave."""

    function: int
    address: int
    """From 0."""


class WriteRefused(Exception):
    """A command cannot be written: its value does not fit the register"""


class Write(NamedTuple):
    """What a command writes into a slave."""

    function: int
    address: int
    type: Type
    order: Order
    scale: float
    param: str | None
    """The parameter whose value is written; None: always `value`."""
    value: float

    def request(self, framing: Framing, slave: int, params: Mapping[str, Any], transaction: int = 0) -> Request:
        """The request of a command with these parameters; WriteRefused when its value does not fit."""
        given = self.value if self.param is None else params.get(self.param)
        if not isinstance(given, int | float):
            raise WriteRefused(f"parameter '{self.param}' is no number")
        if self.function == COIL:
            return write(framing, slave, COIL, self.address, b"\xff\0" if given else b"\0\0", transaction)
        try:
            data = ordered(given / self.scale, self.type, self.order)
        except (struct.error, OverflowError, ValueError) as error:
            raise WriteRefused(f"{given:g} does not fit a register of type {self.type}") from error
        return write(framing, slave, self.function, self.address, data, transaction)


@dataclass(slots=True, frozen=True)
class Polling:
    """How a slave is polled."""

    framing: Framing
    timeout: Micros
    """How long its answer may take."""
    retries: int
    every_s: float
    blocks: tuple[Block, ...]
    """Empty of a meter, which has one answer."""
    writes: Mapping[str, Write]

    @property
    def registers(self) -> tuple[Register, ...]:
        """All of them."""
        return tuple(register for block in self.blocks for register in block.registers)


def place_of(address: int, function: int | None, addressing: str) -> Place | None:
    """Where an address is that is written in a style ("0", "1", "40001"); None when it is none of that style.

    In the style of 40001 its first digit tells the function: 0 coil, 1 input, 3 input register, 4 register.
    """
    if addressing == "40001":
        for unit in (100_000, 10_000):
            kind, number = divmod(address, unit)
            told = _FUNCTIONS.get(kind)
            if told is not None and 1 <= number <= 65_536 and (kind or unit == 10_000) and function in (None, told):
                return Place(told, number - 1)
        return None
    at = address - int(addressing)
    return Place(3 if function is None else function, at) if 0 <= at <= 0xFFFF else None


def polling_of(body: Mapping[str, Any] | None, metrics: Mapping[str, Any], interval_s: float | None) -> Polling | None:
    """What a profile says of polling; None of one that says nothing. `metrics` are those of the profile."""
    if not body:
        return None
    style = body.get("addressing", "0")
    every_s = interval_s or 60.0
    registers = [_register(metric, spec, style, metrics) for metric, spec in (body.get("registers") or {}).items()]
    own = {metric: spec.get("interval_s") or every_s for metric, spec in metrics.items()}
    blocks = plan(registers, own, body.get("gap", 0))
    writes = {name: _write(spec, style) for name, spec in (body.get("writes") or {}).items()}
    timeout = int(body.get("timeout_s", DEFAULT_TIMEOUT_S) * 1e6)
    framing = body.get("protocol", "modbus-rtu")
    return Polling(framing, timeout, body.get("retries", DEFAULT_RETRIES), every_s, blocks, writes)


def _register(metric: str, spec: Mapping[str, Any], style: str, metrics: Mapping[str, Any]) -> Register:
    function, at = _place(spec, style)
    unit = spec.get("unit") or (metrics.get(metric) or {}).get("unit")
    beside = {name: _beside(spec, name, function, style) for name in ("decimals_at", "unit_at")}
    units = {int(code): unit for code, unit in (spec.get("units") or {}).items()}
    kind, order, scale = spec.get("type", "u16"), spec.get("order", "ABCD"), spec.get("scale", 1.0)
    return Register(metric, at, kind, order, scale, unit, function, spec.get("bit"), **beside, units=units)


def _place(spec: Mapping[str, Any], style: str) -> Place:
    return place_of(spec["address"], spec.get("function"), style) or Place(3, 0)


def _beside(spec: Mapping[str, Any], name: str, function: int, style: str) -> int | None:
    given = spec.get(name)
    place = None if given is None else place_of(given, function, style)
    return None if place is None else place.address


def _write(spec: Mapping[str, Any], style: str) -> Write:
    function = spec["function"]
    place = place_of(spec["address"], None, style) or Place(3, 0)
    kind, order, scale = spec.get("type", "u16"), spec.get("order", "ABCD"), spec.get("scale", 1.0)
    return Write(function, place.address, kind, order, scale, spec.get("param"), spec.get("value", 0))
