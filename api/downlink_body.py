"""Schema of what a command is through a network of LoRaWAN. A refusal says what to write."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from devices.codecs.lorawan.downlink import LONGEST, TYPES, parts_of
from devices.commands.networks import LONGEST_S


def _data(text: str) -> str:
    try:
        parts = parts_of(text)
    except ValueError as error:
        raise ValueError(f"{error}; write it like FF03{{seconds:u16le}}, types: {', '.join(TYPES)}") from None
    if not parts or sum(len(part.octets) for part in parts) > LONGEST:
        raise ValueError(f"a downlink has 1 to {LONGEST} bytes")
    return text


Data = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_data)]


class DownlinkBody(BaseModel):
    """A command through a network of LoRaWAN: bytes, or an object that the network's codec encodes."""

    model_config = ConfigDict(extra="forbid")

    f_port: int = Field(ge=1, le=223, description="the port on which the device takes it")
    confirmed: bool = Field(default=True, description="whether the device is asked to acknowledge it")
    data: Data | None = Field(
        default=None,
        description="its bytes in hexadecimal digits, with parameters between them: FF03{seconds:u16le}. Types: "
        + ", ".join(TYPES),
    )
    object: dict[str, JsonValue] | None = Field(
        default=None, description="members that are always the same; the parameters of a command are added"
    )
    expires_s: float | None = Field(
        default=None, ge=10, le=LONGEST_S,
        description="how long it may wait for the device; null: twice as long as the device may be silent",
    )  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> "DownlinkBody":
        if (self.data is None) == (self.object is None):
            raise ValueError("write either data (bytes) or object ({}: the parameters as they are)")
        return self


def check_downlink(name: str, downlink: DownlinkBody, schema: Mapping[str, Any]) -> None:
    """ValueError where bytes are made of a parameter that the command does not require."""
    required = schema.get("required") or ()
    for part in parts_of(downlink.data or ""):
        if part.param and part.param not in required:
            raise ValueError(f"command '{name}': its downlink needs {part.param}, so let its schema require it")
