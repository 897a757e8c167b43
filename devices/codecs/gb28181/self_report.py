"""What a device says of itself: that it is alive and how it is (Keepalive), and what it is (DeviceInfo). Pure."""

import re
from typing import NamedTuple

from devices.codecs.gb28181.catalogue import one_line
from devices.codecs.gb28181.ids import is_id
from devices.codecs.gb28181.manscdp import Body

MAX_FAULTY = 100
_STATUS = re.compile(r"[A-Z][A-Z0-9_-]{0,15}")
OK, OTHER = "OK", "OTHER"


class Alive(NamedTuple):
    """A keepalive (9.6 of GB/T 28181)."""

    status: str
    """OK or ERROR; OTHER where it is no such word."""
    faulty: tuple[str, ...]
    """Devices that it calls faulty, by their 20 digits; the first MAX_FAULTY."""


class Described(NamedTuple):
    """What a device is; empty where it tells nothing."""

    manufacturer: str
    model: str
    firmware: str
    channels: int | None


def alive_of(body: Body) -> Alive | None:
    """None where it is no keepalive. One without a status is alive."""
    if body.kind != "Notify" or body.command.lower() != "keepalive":
        return None
    status = body.root.told("Status").upper() or OK
    found = [each.text for info in body.root.all("Info") for each in info.all("DeviceID") if is_id(each.text)]
    return Alive(status if _STATUS.fullmatch(status) else OTHER, tuple(dict.fromkeys(found))[:MAX_FAULTY])


def described_of(body: Body) -> Described | None:
    """None where it is no answer of DeviceInfo."""
    if body.kind != "Response" or body.command.lower() != "deviceinfo":
        return None
    manufacturer, model, firmware = (one_line(body.root.told(name)) for name in ("Manufacturer", "Model", "Firmware"))
    channels = body.root.told("Channel")
    counted = int(channels) if channels.isascii() and channels.isdigit() and len(channels) < 7 else None
    return Described(manufacturer, model, firmware, counted)
