"""Events of ChirpStack 4 in Protocol Buffers, by the field numbers of its integration.proto and gw.proto. Pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec
import numpy as np

from devices.codecs.lorawan.chirpstack_json import ITEM
from devices.codecs.lorawan.happening import Happening
from devices.codecs.lorawan.network import Gateway, Uplink
from devices.codecs.protobuf import Field, fields, float32, float64, number, signed, span, text, timestamp
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_DEVICE = {"log": 2}
"""The number of device_info; of other events 3."""
_CONTEXT = 6
"""The number of the context of an event of the log."""
_DEEPEST = 12
"""Of objects in one another."""
_WHOLE = 2**53
"""Integers up to here are told apart by a float."""
_LEVELS = ("INFO", "WARNING", "ERROR")
_CODES = ("UNKNOWN", "DOWNLINK_PAYLOAD_SIZE", "UPLINK_CODEC", "DOWNLINK_CODEC", "OTAA", "UPLINK_F_CNT_RESET",
          "UPLINK_MIC", "UPLINK_F_CNT_RETRANSMISSION", "DOWNLINK_GATEWAY")  # fmt: skip
"""Of events of the log."""


def dev_eui(payload: bytes, event: str) -> str:
    """The device that an event is about; DecodeError when it cannot be read."""
    for field in fields(payload, 0, len(payload)):
        if field[0] == _DEVICE.get(event, 3):
            for each in fields(payload, *span(field, "device_info")):
                if each[0] == 8:
                    return text(payload, each, "dev_eui")
    return ""


def uplink(payload: bytes) -> Uplink:
    """An uplink; the last of a field that is sent twice counts."""
    id_ = session = ""
    at: Micros | None = None
    counter = port = data_at = read_at = 0
    data, read = b"", None
    gateways = []
    for field in fields(payload, 0, len(payload)):
        match field[0]:
            case 1:
                id_ = text(payload, field, "deduplication_id")
            case 2:
                at = timestamp(payload, field)
            case 4:
                session = text(payload, field, "dev_addr")
            case 7:
                counter = number(field, "f_cnt")
            case 8:
                port = number(field, "f_port")
            case 10:
                data_at, end = span(field, "data")
                data = payload[data_at:end]
            case 11:
                read, read_at = _object(payload, field), field[2]
            case 12:
                gateways.append(_gateway(payload, field))
    return Uplink(id_, at, session, counter, port, data, data_at, read, read_at, tuple(gateways))


def _gateway(payload: bytes, message: Field) -> Gateway:
    id_, rssi, snr = "", 0.0, 0.0
    for field in fields(payload, *span(message, "rx_info")):
        match field[0]:
            case 1:
                id_ = text(payload, field, "gateway_id")
            case 6:
                rssi = float(signed(number(field, "rssi"), 32))
            case 7:
                snr = _written(float32(payload, field, "snr"))
    return Gateway(id_, rssi, snr)


def _written(value: float) -> float:
    """Of a number in 32 bits the one that JSON has for it: 7.2, not 7.199999809; 0 where it is none."""
    return float(str(np.float32(value))) if isfinite(value) else 0.0


def happening(payload: bytes, event: str) -> Happening:
    """What is no uplink."""
    told = {field[0]: field for field in fields(payload, 0, len(payload))}
    at = told.get(1 if event == "log" else 2)
    when = None if at is None else timestamp(payload, at)
    if event == "join":
        return Happening(when, session=_text(payload, told, 4, "dev_addr"))
    if event == "status":
        plugged, unknown = _number(told, 6, "external_power_source"), _number(told, 7, "battery_level_unavailable")
        level = 0.0 if 8 not in told else _written(float32(payload, told[8], "battery_level"))
        margin = float(signed(_number(told, 5, "margin"), 32))
        battery = None if plugged or unknown else level
        return Happening(when, margin=margin, external_power=bool(plugged), battery=battery)
    if event == "log":
        level, code = _number(told, 3, "level"), _number(told, 4, "code")
        return Happening(
            when, level=_name(_LEVELS, level), code=_name(_CODES, code), text=_text(payload, told, 5, "description"),
            item=_context(payload).get(ITEM, ""),
        )  # fmt: skip
    if event in ("ack", "txack"):
        acknowledged = event == "ack" and bool(_number(told, 5, "acknowledged"))
        return Happening(when, item=_text(payload, told, 4, "queue_item_id"), is_acknowledged=acknowledged)
    return Happening(when)


def _context(payload: bytes) -> dict[str, str]:
    found = {}
    for entry in fields(payload, 0, len(payload)):
        if entry[0] == _CONTEXT:
            told = {field[0]: field for field in fields(payload, *span(entry, "context"))}
            found[_text(payload, told, 1, "key")] = _text(payload, told, 2, "value")
    return found


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else str(number)


def _text(payload: bytes, told: Mapping[int, Field], field: int, name: str) -> str:
    return text(payload, told[field], name) if field in told else ""


def _number(told: Mapping[int, Field], field: int, name: str) -> int:
    return number(told[field], name) if field in told else 0


def _object(payload: bytes, message: Field) -> bytes | None:
    """A Struct as JSON; None of an empty one."""
    found = _struct(payload, message, 0)
    return msgspec.json.encode(found) if found else None


def _struct(payload: bytes, message: Field, depth: int) -> dict[str, Any]:
    _check_depth(message, depth)
    found = {}
    for entry in fields(payload, *span(message, "object")):
        name, value = "", None
        for field in fields(payload, *span(entry, "fields")):
            if field[0] == 1:
                name = text(payload, field, "key")
            elif field[0] == 2:
                value = _value(payload, field, depth)
        found[name] = value
    return found


def _value(payload: bytes, message: Field, depth: int) -> Any:
    """A Value: the last of those that are sent."""
    value: Any = None
    for field in fields(payload, *span(message, "value")):
        match field[0]:
            case 2:
                value = _json_number(float64(payload, field, "number_value"))
            case 3:
                value = text(payload, field, "string_value")
            case 4:
                value = bool(number(field, "bool_value"))
            case 5:
                value = _struct(payload, field, depth + 1)
            case 6:
                _check_depth(field, depth)
                parts = fields(payload, *span(field, "list_value"))
                value = [_value(payload, part, depth + 1) for part in parts]
    return value


def _json_number(value: float) -> float | int | None:
    """As JSON has it: whole where it is, null where it is none."""
    if not isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _WHOLE else value


def _check_depth(message: Field, depth: int) -> None:
    if depth > _DEEPEST:
        raise DecodeError("too_deep", Sentence("refusal.nested"), message[4])
