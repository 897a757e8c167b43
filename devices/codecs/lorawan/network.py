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
    told = [gateway for gateway in uplink.gateways if gateway.rssi]
    best = max(told, key=_strength, default=None)
    extras = {} if best is None else {"signal": best.rssi, "snr": best.snr}
    if uplink.battery is not None:
        extras["battery"] = uplink.battery
    link = Link(
        session=uplink.session or None,
        counter=uplink.counter,
        rssi=None if best is None else best.rssi,
        snr=None if best is None else best.snr,
        gateway=None if best is None else best.id,
        gateways=len(uplink.gateways) or None,
        battery=uplink.battery,
    )
    envelope = Envelope(ts=uplink.at, extras=extras, link=link)
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
    return gateway.rssi
