"""What a profile says of a command through a network of LoRaWAN, and the message that puts it into the network's queue.

A profile's command has `downlink`: {"f_port": 85, "confirmed": true, "data": "FF03{seconds:u16le}"}, or with `object`,
which the network's codec encodes. Both are pure. The JSON is that which `api/downlink_body.py` validates.
"""

import json
import re
import struct
from base64 import b64encode
from binascii import Error, a2b_base64, unhexlify
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

CORRELATION = "ganzhi:"
"""Before the id of a command in the correlation ids of The Things Stack."""
LONGEST = 242
"""Bytes of a downlink at most, as LoRaWAN has them at its best data rate."""
_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63}):([a-z0-9]+)\}|((?:[0-9A-Fa-f]{2})+)|\s+")
_NUMBERS = {
    f"{sign}{bits}{end}": f"{'<' if end == 'le' else '>'}{letter if sign == 'u' else letter.lower()}"
    for sign in "us" for bits, letter in ((16, "H"), (32, "I")) for end in ("le", "be")
} | {"u8": ">B", "s8": ">b"}  # fmt: skip
TYPES = (*sorted(_NUMBERS), "hex", "base64")
"""Of parameters in `data`."""


class DownlinkRefused(Exception):
    """A command cannot be put into bytes: a parameter does not fit what its profile says"""


class Part(NamedTuple):
    """Bytes that are always the same, or a parameter and its type."""

    octets: bytes
    param: str = ""
    type: str = ""


def parts_of(data: str) -> list[Part]:
    """Hexadecimal digits with parameters between them, as `FF03{seconds:u16le}`; ValueError where it is none."""
    found, at = list[Part](), 0
    while at < len(data):
        told = _PART.match(data, at)
        if told is None:
            raise ValueError(f"no hexadecimal digits and no {{parameter:type}} from character {at + 1} on")
        param, type_, digits = told.groups()
        if param and type_ not in TYPES:
            raise ValueError(f"no type '{type_}'; there are: {', '.join(TYPES)}")
        if param or digits:
            found.append(Part(unhexlify(digits or ""), param or "", type_ or ""))
        at = told.end()
    return found


class Payload(NamedTuple):
    """What a command is for the network."""

    port: int
    confirmed: bool
    octets: bytes | None
    read: Mapping[str, Any] | None
    """What the network's codec encodes, where there are no bytes."""


def payload_of(downlink: Mapping[str, Any], params: Mapping[str, Any]) -> Payload:
    """The payload of a command with these parameters; DownlinkRefused when it cannot be made."""
    port, confirmed = downlink["f_port"], downlink.get("confirmed", True)
    if (data := downlink.get("data")) is None:
        return Payload(port, confirmed, None, {**(downlink.get("object") or {}), **params})
    octets = b"".join(_octets(part, params) for part in parts_of(data))
    if not 1 <= len(octets) <= LONGEST:
        raise DownlinkRefused(f"it is {len(octets)} bytes; a downlink has 1 to {LONGEST}")
    return Payload(port, confirmed, octets, None)


def _octets(part: Part, params: Mapping[str, Any]) -> bytes:
    if not part.param:
        return part.octets
    given = params.get(part.param)
    try:
        if part.type == "hex":
            return bytes.fromhex(given)  # type: ignore[arg-type]
        if part.type == "base64":
            return a2b_base64(given, strict_mode=True)  # type: ignore[arg-type]
        number = int(given) if isinstance(given, bool) or (isinstance(given, float) and given.is_integer()) else given
        return struct.pack(_NUMBERS[part.type], number)
    except (struct.error, TypeError, ValueError, Error):
        raise DownlinkRefused(f"parameter '{part.param}' is no {part.type}: {given!r}") from None


def for_chirpstack(via: str, eui: str, command: UUID, payload: Payload) -> tuple[str, bytes]:
    """Topic and message for ChirpStack 4; the item of its queue has the command's id."""
    body: dict[str, Any] = {"id": str(command), "devEui": eui.lower(), "confirmed": payload.confirmed}
    body["fPort"] = payload.port
    body |= {"object": payload.read} if payload.octets is None else {"data": b64encode(payload.octets).decode()}
    return f"application/{via}/device/{eui.lower()}/command/down", _json(body)


def for_the_things_stack(via: str, _eui: str, command: UUID, payload: Payload) -> tuple[str, bytes]:
    """Topic and message for The Things Stack 3. What a device does not acknowledge is not sent again."""
    application, _, device = via.partition("/")
    body: dict[str, Any] = {"f_port": payload.port, "confirmed": payload.confirmed, "priority": "NORMAL"}
    body["correlation_ids"] = [f"{CORRELATION}{command}"]
    if payload.confirmed:
        body["confirmed_retry"] = {"max_attempts": 1}
    if payload.octets is None:
        body["decoded_payload"] = payload.read
    else:
        body["frm_payload"] = b64encode(payload.octets).decode()
    return f"v3/{application}/devices/{device}/down/push", _json({"downlinks": [body]})


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
