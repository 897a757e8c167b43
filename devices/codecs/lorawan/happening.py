"""What happened at a network server to a device, beside its uplinks. Pure."""

from typing import NamedTuple
from uuid import UUID

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
    item: UUID | None = None
    """Of the queue of downlinks: the id of the command."""
    acknowledged: bool = False
    counter: int = 0
    """Of downlinks."""
    gateway: str = ""
    level: str = ""
    code: str = ""
    text: str = ""


def item_of(told: str) -> UUID | None:
    """The id of a downlink; None of one that is none."""
    try:
        return UUID(told)
    except ValueError:
        return None
