"""The formats of vendors: Milesight (EM300, EM310, EM400, EM500), Cayenne LPP, Dragino. Pure.

Their tables are data with their sources. Nothing is guessed between formats: the same bytes are another value in each.
"""

import json
from datetime import tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

from devices.codecs.decoded import Codec, Decoded, Units
from devices.codecs.lorawan.tlv import LONGEST, Form, table
from devices.codecs.octets import check_size, cut, wrong_length
from hub.models import Micros


@cache
def _milesight() -> Form:
    return Form(table("milesight.json"), "little", by_channel=True)


@cache
def _cayenne() -> Form:
    return Form(table("cayenne.json"), "big", by_channel=False)


def milesight(uplink: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode an uplink of Milesight; states are events, and reports of a threshold say whether it is passed."""
    return _milesight().decode(uplink, received)


def cayenne(uplink: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode an uplink in Cayenne LPP; the metrics have the number of their channel: `temperature_3`."""
    return _cayenne().decode(uplink, received)


@cache
def dragino_models() -> dict[str, dict[str, Any]]:
    """What is known of each model of Dragino."""
    told = files(__package__).joinpath("dragino.json").read_text(encoding="utf-8")
    return dict(json.loads(told))


def dragino_name(model: str) -> str:
    """The name of the protocol of a model."""
    return f"dragino-{model.lower()}"


def ports(protocol: str) -> frozenset[int] | None:
    """On which ports the devices of a format send it; None: on any."""
    found = (told["port"] for model, told in dragino_models().items() if dragino_name(model) == protocol)
    return frozenset(found) or None


def dragino(model: str) -> Codec:
    """The codec of a model of Dragino, whose uplinks hold all fields at fixed places."""
    told = dragino_models()[model]
    size, fields = told["size"], told["fields"]

    def decode(uplink: bytes, received: Micros, _zone: tzinfo) -> Decoded:
        """Decode an uplink; a sensor that is not there has no reading."""
        check_size(uplink, LONGEST)
        if len(uplink) < size:
            raise cut(uplink, size)
        if len(uplink) > size:
            raise wrong_length(len(uplink), size, size)
        decoded, units = Decoded(), Units()
        decoded.timeless = True
        for field in fields:
            if (value := _value(uplink, field)) is not None:
                decoded.metrics.append(field["metric"])
                decoded.values.append(value)
                units[field["metric"]] = field["unit"]
        decoded.ts, decoded.units = [received] * len(decoded.metrics), units
        return decoded.settled()

    return decode


def _value(uplink: bytes, field: dict[str, Any]) -> float | None:
    place, kind = field.get("when", (0, uplink[0]))
    if uplink[place] != kind:
        return None
    at, size = field["at"], field["size"]
    number = int.from_bytes(uplink[at : at + abs(size)], "big", signed=size < 0) & field.get("mask", -1)
    return None if number == field.get("none") else float(number / field["divisor"])
