"""What a device tells in a MESSAGE or NOTIFY, as payloads with the device that each is about. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from devices.codecs.gb28181 import catalogue
from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.reports import POSITION
from hub.models import Origin
from ingest.sip.intake import Payload

OriginOf = Callable[[str, str, str], Origin]
"""Of a sender, a form and the device that it tells of; both by their 20 digits."""
Known = Callable[[str], bool]
"""Whether somebody has registered a device in the registry by its 20 digits."""


class Told(NamedTuple):
    """What becomes of a message."""

    payloads: list[Payload]
    urgent: bool = True
    """Whether it waits for no company."""
    page: catalogue.Page | None = None
    """News of a directory, or a part of it."""


def told(body: Body, octets: bytes, sender: str, known: Known | None, origin: OriginOf) -> Told:
    """Of a body that could be read; without `known` nobody knows who is registered, and all is passed on."""
    command = body.command.lower()
    if command == "alarm" and body.kind == "Notify":
        return Told([_alarm(body, octets, sender, known, origin)])
    if command == "catalog" and body.kind in ("Notify", "Response"):
        page = catalogue.page_of(body)
        states = [
            (origin(sender, "state", channel.id), catalogue.state_of(channel, body.number))
            for channel in page.channels
            if (channel.event or channel.status) and (known is None or known(channel.id))
        ]
        return Told(states, urgent=body.kind == "Notify", page=page)
    device = body.device if len(body.device) == len(sender) else sender
    if known is not None and not known(device):
        if not known(sender):
            return Told([])
        device = sender
    form = POSITION if command == "mobileposition" else "state"
    return Told([(origin(sender, form, device), octets)], urgent=command != "keepalive")


def _alarm(body: Body, octets: bytes, sender: str, known: Known | None, origin: OriginOf) -> Payload:
    """Of a channel that is registered; else of the recorder that it hangs on, if that is: nobody waits for adoption."""
    if known is not None and body.device != sender and not known(body.device) and known(sender):
        return origin(sender, "part-alarm", sender), octets
    return origin(sender, "alarm", body.device or sender), octets
