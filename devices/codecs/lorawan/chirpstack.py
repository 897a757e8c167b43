"""Events of ChirpStack 4, in JSON or Protocol Buffers (chirpstack-api, integration.proto). Pure.

The kind of an event is in its topic, or in ?event= of its address, not in its payload; what has its default is left
out of it. A repeat has the same deduplicationId. What is no uplink tells something of the device, and no reading but
its battery.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo

from devices.codecs.decoded import MAX_BYTES, Codec, Decoded
from devices.codecs.inner import Downlink, Envelope, Link
from devices.codecs.lorawan import chirpstack_json, chirpstack_protobuf
from devices.codecs.lorawan.happening import Happening
from devices.codecs.lorawan.network import decoded_of, enveloped
from devices.codecs.octets import check_size, cut
from hub.models import Micros


def _joined(told: Happening) -> Decoded:
    return enveloped(Envelope(ts=told.at, link=Link(session=told.session or None)), online=True)


def _status(told: Happening) -> Decoded:
    link = Link(battery=told.battery, margin=told.margin, external_power=told.external_power)
    extras = {} if told.battery is None else {"battery": told.battery}
    return enveloped(Envelope(ts=told.at, extras=extras, link=link))


def _log(told: Happening) -> Decoded:
    note = ": ".join(part for part in (told.level, told.code, told.text) if part)[:_LONGEST_NOTE]
    refused = Downlink(told.item, "refused", note) if told.item and told.level in _ERROR else None
    return enveloped(Envelope(ts=told.at, link=Link(note=note), downlink=refused))


def _sent(told: Happening) -> Decoded:
    return enveloped(Envelope(ts=told.at, link=Link(), downlink=Downlink(told.item, "sent")))


def _acknowledged(told: Happening) -> Decoded:
    done = Downlink(told.item, "done") if told.is_acknowledged else Downlink(told.item, "refused", NOT_ACKNOWLEDGED)
    return enveloped(Envelope(ts=told.at, link=Link(), downlink=done))


def _nothing(told: Happening) -> Decoded:
    """What the hub makes nothing of but a sign of life."""
    return enveloped(Envelope(ts=told.at, link=Link()))


NOT_ACKNOWLEDGED = "the device has not acknowledged it"
_LONGEST_NOTE = 300
"""Characters."""
_ERROR = ("ERROR", "2")
"""Levels of the log at which an item of the queue is gone."""
_OTHERS: Mapping[str, Callable[[Happening], Decoded]] = {
    "join": _joined,
    "status": _status,
    "ack": _acknowledged,
    "txack": _sent,
    "log": _log,
    "location": _nothing,
    "integration": _nothing,
}
EVENTS = ("up", *_OTHERS)
"""As topics name them."""


def codec(event: str) -> Codec:
    """The codec of one kind of event."""

    def decode(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
        """Decode an event. JSON begins with a brace, which no message of Protocol Buffers does."""
        check_size(payload, MAX_BYTES)
        if not payload:
            raise cut(payload, 1)
        reader = chirpstack_json if payload[0] == _BRACE else chirpstack_protobuf
        if event == "up":
            decoded = decoded_of(reader.uplink(payload))
        else:
            decoded = _OTHERS[event](reader.happening(payload, event))
        decoded.timeless = decoded.envelope is not None and decoded.envelope.ts is None
        return decoded

    return decode


_BRACE = ord("{")
