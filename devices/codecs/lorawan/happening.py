"""What happened at a network server to a device, beside its uplinks. Pure."""

from typing import NamedTuple

from hub.models import Micros


class Happening(NamedTuple):
    """Of any kind; members that a kind does not have are as they are here."""

    at: Micros | None
    session: str = ""
    margin: float | None = None
    """dB."""
    external_power: bool = False
    battery: float | None = None
    """Per cent; None where the device does not know, or has a plug."""
    level: str = ""
    code: str = ""
    text: str = ""
    item: str = ""
    """Of the queue of downlinks: the one that it is about."""
    is_acknowledged: bool = False
