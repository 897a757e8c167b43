"""What the envelope of a network or platform carries: payloads that the profile of the device says how to decode. Pure.

A codec of envelopes cannot read what is within, for it does not know the device. It returns the payloads as they are
in `Decoded.envelope`; the resolver decodes them (devices/envelopes.py).
"""

import re
from binascii import Error, a2b_base64
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from hub.errors import At
from hub.models import Micros


class Inner(NamedTuple):
    """A payload within an envelope."""

    payload: bytes
    at: At
    """Where it is: a JSON Pointer of the text that holds it, or the byte where it begins."""
    ts: Micros | None = None
    """When it was sent, as the envelope tells; None: the time of arrival stands in."""
    port: int | None = None
    """The port of LoRaWAN that it came by."""
    id: str | None = None
    """By which it is known when it comes again; events within have it as theirs."""
    form: str | None = None
    """Of the contract (telemetry, event), where the envelope tells; None: the profile does, in `payload`."""
    is_packed: bool = True
    """Whether the text at `at` holds its bytes in base64 or hexadecimal digits; False: they stand there as they are."""


class Link(NamedTuple):
    """How a network received a device; None where it is not told."""

    session: str | None = None
    """What begins anew when the device joins again."""
    counter: int | None = None
    """Of frames: what is missing between two was not received."""
    rssi: float | None = None
    """dBm at the gateway that heard it best."""
    snr: float | None = None
    """dB, at the same one."""
    gateway: str | None = None
    """The network's id of it."""
    gateways: int | None = None
    """How many heard it."""
    battery: float | None = None
    """Per cent, as the device told its network."""
    margin: float | None = None
    """dB above what is needed to understand the network, as the device told it."""
    external_power: bool | None = None
    note: str | None = None
    """What the network says of the device: an error of its counters, of its join."""


class Downlink(NamedTuple):
    """What became of a downlink in the network's queue."""

    item: str
    """By which the queue knows it: of one of the hub's the id of its command."""
    became: Literal["queued", "sent", "done", "refused"]
    why: str | None = None
    """It was refused."""


@dataclass(slots=True)
class Envelope:
    """What was within; nothing of it has been decoded."""

    inner: list[Inner] = field(default_factory=list)
    read: list[Inner] = field(default_factory=list)
    """The same, as the network's own codec has read it: taken where the profile names no codec."""
    ts: Micros | None = None
    extras: dict[str, float] = field(default_factory=dict)
    """Readings beside it (signal, battery), of which those are taken that the profile has."""
    lenient: bool = False
    """Whether readings of the envelope itself that the profile does not have are no mistake of the device."""
    link: Link | None = None
    """Of the time `ts`."""
    downlink: Downlink | None = None


def unpacked(told: str) -> bytes | None:
    """The bytes that a text holds in hexadecimal digits or base64; None of another one."""
    if len(told) % 2 == 0 and _HEX.fullmatch(told):
        return bytes.fromhex(told)
    try:
        return a2b_base64(told, strict_mode=True)
    except (Error, ValueError):
        return None


_HEX = re.compile(r"[0-9A-Fa-f]*")


def within(inner: Inner, at: At) -> At:
    """The place in an envelope of what is at a place of a payload in it.

    Of bytes that stand there as they are, it is a place like any other. In a text that holds bytes it is the text's
    with the byte behind a `#`: `/data#5`; of JSON in such a text, the pointer is: `/data#/values/pm25`.
    """
    if at is None:
        return inner.at
    if isinstance(inner.at, int):
        return inner.at + at if isinstance(at, int) else inner.at
    if inner.is_packed:
        return f"{inner.at}#{at}"
    return inner.at if isinstance(at, int) or inner.at is None else inner.at + at
