"""What network servers of LoRaWAN tell of a device, whichever they are and however they write it. Pure."""

from typing import NamedTuple

from devices.codecs.decoded import Decoded
from devices.codecs.inner import Envelope, Inner, Link
from hub.errors import At
from hub.models import Micros


class Gateway(NamedTuple):
    """How one gateway heard an uplink."""

    id: str
    rssi: float
    """dBm; 0 where it is not told, for what is told to be 0 is left out."""
    snr: float
    """dB."""


class Uplink(NamedTuple):
    """An uplink; what is left out has its default."""

    id: str
    """The same whenever it is told again."""
    at: Micros | None
    """When the network received it."""
    session: str
    """What begins anew when the device joins."""
    counter: int
    port: int
    data: bytes
    """Empty: the frame had no payload, or only what is for the network."""
    data_at: At
    read: bytes | None = None
    """What the network's own codec made of it: an object in JSON."""
    read_at: At = None
    gateways: tuple[Gateway, ...] = ()
    battery: float | None = None
    """Per cent."""


def decoded_of(uplink: Uplink) -> Decoded:
    """An uplink as an envelope; the signal is that of the gateway that heard it best."""
    gateways = uplink.gateways
    best = _NOBODY if not gateways else gateways[0] if len(gateways) == 1 else max(gateways, key=_strength)
    _, rssi, snr = best
    extras = {"signal": rssi, "snr": snr} if rssi else {}
    if uplink.battery is not None:
        extras["battery"] = uplink.battery
    # By position, for by name a tuple of ten takes twice as long: a microsecond of the eight of an uplink.
    told, session, count = bool(rssi), uplink.session or None, len(gateways) or None
    link = Link(
        session, uplink.counter, rssi if told else None, snr if told else None, best.id if told else None, count,
        uplink.battery,
    )  # fmt: skip
    envelope = Envelope([], [], uplink.at, extras, False, link)
    id_, port = uplink.id or None, uplink.port
    if uplink.data and port:
        is_text = isinstance(uplink.data_at, str)
        envelope.inner.append(Inner(uplink.data, uplink.data_at, uplink.at, port, id_, None, is_text))
    if uplink.read is not None and port:
        envelope.read.append(Inner(uplink.read, uplink.read_at, uplink.at, port, id_, "telemetry", is_packed=False))
    return enveloped(envelope)


def enveloped(envelope: Envelope, online: bool | None = None) -> Decoded:
    """A message that is an envelope and nothing else."""
    decoded = Decoded(online=online)
    decoded.envelope = envelope
    return decoded


def _strength(gateway: Gateway) -> float:
    """The weakest of all where it is not told."""
    return gateway.rssi or -1e9


_NOBODY = Gateway("", 0.0, 0.0)
