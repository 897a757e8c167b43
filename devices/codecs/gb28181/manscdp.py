"""What every body of MANSCDP tells: which command it is of, its number and the device that it is about. Pure."""

from typing import NamedTuple

from devices.codecs.gb28181.document import Element, tree
from devices.codecs.gb28181.ids import is_id
from devices.personal_values import holds_personal_value, masked
from hub.errors import DecodeError
from hub.words.sentence import Sentence

MAX_SN = 20


class Body(NamedTuple):
    """A body that is XML and names its command."""

    root: Element
    kind: str
    """Notify, Response, Query or Control."""
    command: str
    """CmdType: Keepalive, Alarm, Catalog, ..."""
    number: str
    """SN: a response has that of its query. Empty where it tells none."""
    device: str
    """DeviceID: 20 digits, or fewer of a division; empty where it tells none."""


def read(payload: bytes, begin: int = 0) -> Body:
    """Read the body that begins there; some write CmdType and SN as attributes. DecodeError."""
    root = tree(payload, begin)
    command = root.told("CmdType")
    if not command or len(command) > 64:
        raise DecodeError("missing_field", Sentence("refusal.gb28181.command"), root.at)
    device, number = root.told("DeviceID"), root.told("SN")
    return Body(
        root,
        root.name,
        command,
        number[:MAX_SN],
        device if _is_number(device) else "",
    )


def _is_number(device: str) -> bool:
    is_one = device.isascii() and device.isdigit() and len(device) <= 20
    return is_one and not holds_personal_value(device)


def check_device(body: Body) -> str:
    """The device of a body that must name one; DecodeError."""
    if not is_id(body.device):
        told = body.root.told("DeviceID")
        at = (body.root.child("DeviceID") or body.root).at
        raise DecodeError("bad_address", Sentence("refusal.gb28181.device", told=masked(repr(told[:64]))[0]), at)
    return body.device
