"""What messages of GB/T 28181 report: alarms and states of channels as events, and who is there. Pure.

A payload is a body of MANSCDP, or a SIP message with one.

Where a device is (MobilePosition) would follow who carries it: dropped, unless its profile says that it is a vehicle of
an operator's own fleet. Targets that are followed (TargetTrack) are dropped always, as are texts about persons.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from devices.codecs.decoded import MAX_EVENTS, Codec, Decoded, EventDraft
from devices.codecs.gb28181 import catalogue, sip
from devices.codecs.gb28181.alarms import leave_unused, take_alarm, time_of
from devices.codecs.gb28181.catalogue import OFFLINE, ONLINE
from devices.codecs.gb28181.manscdp import Body, check_device, read
from devices.codecs.gb28181.tables import channel_state
from devices.codecs.local_time import zone_at
from hub.models import Micros

DIRECTORY = "directory"
"""The part of what a directory says of a channel: that it is on again ends nothing that the channel said itself."""
POSITION = "position"
"""The form whose codec a profile of a fleet has its own of."""


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one body, whatever its command is."""
    begin = sip.body_at(payload)
    if payload and begin == len(payload):  # a REGISTER of somebody who was not known then
        return Decoded()
    body = read(payload, begin)
    decoded = Decoded()
    read_it = _COMMANDS.get(body.command.lower(), _unused)
    read_it(body, decoded, received, zone_at(zone, received))
    return decoded.settled()


def of_part(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """As `decode`, of an alarm at a channel that nobody has registered: it is told of the device that it hangs on."""
    decoded = decode(payload, received, zone)
    channel = read(payload, sip.body_at(payload)).device
    for draft in decoded.events:
        draft.part = channel
    return decoded


def position(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """The position of a vehicle of an operator's own fleet; for the profile that says so, and for no other."""
    body = read(payload, sip.body_at(payload))
    decoded = Decoded()
    if body.command.lower() != "mobileposition":
        return decode(payload, received, zone)
    ts = time_of(body.root, "Time", decoded, zone_at(zone, received))
    decoded.timeless = ts is None
    for name, most in (("Longitude", 180.0), ("Latitude", 90.0), ("Speed", 1_000.0), ("Direction", 360.0)):
        text = body.root.told(name)
        try:
            value = float(text[:32])
        except ValueError:
            continue
        if abs(value) <= most:
            decoded.metrics.append(name.lower())
            decoded.ts.append(received if ts is None else ts)
            decoded.values.append(value)
    return decoded.settled()


def _alarm(body: Body, decoded: Decoded, _received: Micros, zone: tzinfo) -> None:
    take_alarm(body, decoded, zone)


def _catalog(body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    """The state of a channel: whether it is there, and what is new of it. Several are those of a check."""
    page = catalogue.page_of(body)
    decoded.timeless = bool(page.channels)
    for channel in page.channels[:MAX_EVENTS]:
        said = channel.event or channel.status
        if len(page.channels) == 1 and said in ONLINE | OFFLINE:
            decoded.online = said in ONLINE
        meant = channel_state(channel.event) if channel.event else None
        if meant is not None:
            attributes: dict[str, Any] = {"code": meant.code} if meant.code else {}
            for kind, state in ((meant.kind, meant.state), *((kind, "inactive") for kind in meant.ends)):
                source = f"{body.number}/{channel.event}/{kind}" if body.number else None
                decoded.events.append(EventDraft(kind, None, source, state, None, dict(attributes), None, DIRECTORY))


def _status(body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    decoded.timeless = True
    said = body.root.told("Online").upper()
    if body.kind == "Response" and said in ONLINE | OFFLINE:
        decoded.online = said in ONLINE


def _keepalive(body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    check_device(body)
    decoded.timeless = True


def _told(_body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    """What it is: the server keeps that beside its registration."""
    decoded.timeless = True


def _private(_body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    decoded.private += 1


def _unused(body: Body, decoded: Decoded, _received: Micros, _zone: tzinfo) -> None:
    if body.root.child("TargetTrack") is not None:
        decoded.private += 1
    else:
        leave_unused(decoded, body.command)


_COMMANDS: dict[str, Callable[[Body, Decoded, Micros, tzinfo], None]] = {
    "alarm": _alarm, "catalog": _catalog, "keepalive": _keepalive, "devicestatus": _status, "mobileposition": _private,
    "deviceinfo": _told,
}  # fmt: skip

FORMS: dict[str, Codec] = {
    "frame": decode, "alarm": decode, "part-alarm": of_part, "state": decode, POSITION: decode,
}  # fmt: skip
"""By kind of message: what a source tells apart. `frame` is any of them, and a whole SIP message too; `state` is that
of a channel, of a device, or that it is alive."""
