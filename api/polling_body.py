"""Schema of how a profile's devices are polled: the map of their registers. A refusal says what to write."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.contract_types import known
from devices.codecs.modbus.plan import Block
from devices.codecs.modbus.polling import COIL, ONE, Place, place_of, polling_of
from devices.codecs.modbus.registers import COILS, FORMATS, Order, Type
from devices.codecs.modbus.requests import MAX_REGISTERS
from devices.units import unit_problem

MAX_BLOCKS = 32
"""Requests of a device in a round: each costs a line up to half a second, and its other slaves wait."""
MOST_DECIMALS = 9
_STYLES = {"0": "from 0 to 65535", "1": "from 1 to 65536", "40001": "like 40001, 30001, 10001 or 1"}
_FUNCTIONS = {1: "coils", 2: "inputs", 3: "registers", 4: "input registers"}
_METER = frozenset(("volume", "volume_settled", "valve"))
"""Metrics of a meter's answer (devices/codecs/cjt188.py)."""


def _unit(text: str) -> str:
    if (problem := unit_problem(text)) is not None:
        raise ValueError(problem)
    return text


Unit = Annotated[str, AfterValidator(_unit)]
Address = Annotated[int, Field(ge=0, le=465_536)]
Scale = Annotated[float, Field(gt=-1e12, lt=1e12)]
Parameter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Address = Field(description="in the style of `addressing`")
    type: Type = Field(default="u16", description="u unsigned, s signed, f floating point, and how many bits")
    order: Order = Field(default="ABCD", description="of the bytes; A is the upper one. Two registers swapped: CDAB")
    scale: Scale = Field(default=1.0, description="the value is the register's number times this: 0.1")

    @model_validator(mode="before")
    @classmethod
    def _by_type(cls, given: Any) -> Any:
        """Say how to write what other systems call `count` and `signed`."""
        if isinstance(given, Mapping):
            for name in ("count", "signed", "length", "words"):
                if name in given:
                    raise ValueError(
                        f'\'{name}\' is not known: the type tells it; write "type": "s16" for one signed register, '
                        '"u32", "s32" or "f32" for two, "u64", "s64" or "f64" for four'
                    )
        return given

    @model_validator(mode="after")
    def _scaled(self) -> "_Part":
        if self.scale == 0:
            raise ValueError("scale 0 would make every value 0: write 1 for the number as it is, 0.1 for one decimal")
        return self


class RegisterSpec(_Part):
    """Where the value of a metric is in a slave."""

    function: Literal[1, 2, 3, 4] | None = Field(
        default=None, description="that reads it: 1 coils, 2 inputs, 3 registers (default), 4 input registers"
    )
    unit: Unit | None = Field(default=None, description="of the value, in UCUM; null: that of the metric")
    bit: int | None = Field(default=None, ge=0, le=15, description="only this bit of the register, from 0: 0 or 1")
    decimals_at: Address | None = Field(default=None, description="a register that holds the number of decimals")
    unit_at: Address | None = Field(default=None, description="a register that holds the code of the unit")
    units: dict[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")], Unit] = Field(
        default_factory=dict, max_length=50, description="units by code, for unit_at"
    )

    @model_validator(mode="after")
    def _possible(self) -> "RegisterSpec":
        if self.bit is not None and self.type != "u16":
            raise ValueError(f"bit {self.bit} is of a register, and the type is {self.type}: leave the type out")
        if (self.unit_at is None) != (not self.units):
            raise ValueError('unit_at and units belong together: "unit_at": 2, "units": {"16": "m", "17": "cm"}')
        return self


class WriteSpec(_Part):
    """What a command writes into a slave."""

    function: Literal[5, 6, 16] = Field(description="5 one coil, 6 one register, 16 several registers")
    param: Parameter | None = Field(default=None, description="the command's parameter whose value is written")
    value: float | None = Field(default=None, description="what is always written, instead of a parameter")

    @model_validator(mode="after")
    def _possible(self) -> "WriteSpec":
        if (self.param is None) == (self.value is None):
            raise ValueError("name either the parameter whose value is written, or the value that always is")
        if self.function == ONE and FORMATS[self.type].size > 2:
            raise ValueError(f"function 6 writes one register, and {self.type} takes several: use function 16")
        return self


class PollingBody(BaseModel):
    """How the devices of a profile are polled: over a DTU that dials in, as slaves of its line."""

    model_config = ConfigDict(extra="forbid")

    protocol: Literal["modbus-rtu", "modbus-tcp", "cjt188"] = Field(
        default="modbus-rtu",
        description="on the DTU's connection. modbus-rtu: transparent, with a checksum behind; modbus-tcp: the DTU "
        "converts, with 7 bytes before; cjt188: a meter, which needs no registers",
    )
    addressing: Literal["0", "1", "40001"] = Field(
        default="0", description="how the addresses below are written: from 0 as on the wire, from 1, or like 40001"
    )
    timeout_s: float = Field(default=3, ge=0.1, le=60, description="how long an answer may take, over the network")
    retries: int = Field(default=2, ge=0, le=5, description="how often a request is repeated that is not answered")
    gap: int = Field(default=0, ge=0, le=60, description="registers between two that may be read along with them")
    registers: dict[str, RegisterSpec] = Field(default_factory=dict, max_length=500, description="by metric")
    writes: dict[str, WriteSpec] = Field(default_factory=dict, max_length=100, description="by command")

    @model_validator(mode="after")
    def _addresses(self) -> "PollingBody":
        for metric, spec in self.registers.items():
            place = self._place(f"registers/{metric}", spec.address, spec.function)
            for name, beside in (("decimals_at", spec.decimals_at), ("unit_at", spec.unit_at)):
                if beside is not None and place.function in COILS:
                    raise ValueError(
                        f"registers/{metric}: {name} is for registers, not for {_FUNCTIONS[place.function]}"
                    )
                if beside is not None:
                    self._place(f"registers/{metric}/{name}", beside, place.function)
        for name, write in self.writes.items():
            wanted = 1 if write.function == COIL else 3
            self._place(f"writes/{name}", write.address, wanted if self.addressing == "40001" else None)
        return self

    def _place(self, where: str, address: int, function: int | None) -> Place:
        place = place_of(address, function, self.addressing)
        if place is not None:
            return place
        if (told := place_of(address, None, self.addressing)) is not None:
            raise ValueError(
                f"{where}: {address} is among the {_FUNCTIONS[told.function]}, which function {told.function} reads, "
                f"not function {function}: correct one of them"
            )
        raise ValueError(
            f'{where}: {address} is no address {_STYLES[self.addressing]}: correct it, or say with "addressing" how '
            "the manual counts: 0, 1 or 40001"
        )


def check_polling(
    polling: PollingBody, metrics: Mapping[str, Any], commands: Mapping[str, Any], interval_s: float | None
) -> None:
    """ValueError, with what to write, when a map does not fit the rest of its profile."""
    if interval_s is None:
        raise ValueError('polling needs "interval_s": how many seconds lie between two readings of a device')
    if polling.protocol == "cjt188":
        _check_meter(polling, metrics)
        return
    if not polling.registers and not polling.writes:
        raise ValueError(
            'polling has no registers: {"registers": {"temperature": {"address": 1, "type": "s16", "scale": 0.1}}}'
        )
    for metric in polling.registers:
        if metric not in metrics:
            raise ValueError(f"polling/registers: {known('metric of the profile', metric, sorted(metrics))}")
    for name in polling.writes:
        if name not in commands:
            raise ValueError(f"polling/writes: {known('command of the profile', name, sorted(commands))}")
    _check_blocks(polling, metrics, interval_s)


def _check_meter(polling: PollingBody, metrics: Mapping[str, Any]) -> None:
    if polling.registers or polling.writes:
        raise ValueError("a meter of CJ/T 188 has no registers: leave registers and writes out")
    if not _METER & metrics.keys():
        raise ValueError(
            "a meter of CJ/T 188 tells volume, volume_settled and valve: name those in metrics that you want"
        )


def _check_blocks(polling: PollingBody, metrics: Mapping[str, Any], interval_s: float) -> None:
    made = polling_of(polling.model_dump(exclude_none=True), metrics, interval_s)
    blocks: tuple[Block, ...] = made.blocks if made is not None else ()
    for block in blocks:
        if block.function not in COILS and block.size > MAX_REGISTERS:
            metric = block.registers[0].metric
            raise ValueError(
                f"polling/registers/{metric}: it and the registers of its decimals and unit are {block.size} apart; "
                f"one request reads at most {MAX_REGISTERS}"
            )
    if len(blocks) > MAX_BLOCKS:
        raise ValueError(
            f"polling: a round would take {len(blocks)} requests, at most {MAX_BLOCKS}: let registers be read that lie "
            f'between two, "gap": 8, or leave out what nobody looks at'
        )
