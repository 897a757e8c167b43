"""Codecs of payloads within an envelope, by the name that a profile gives in `payload`."""

from collections.abc import Mapping
from typing import NamedTuple

from devices.codecs.decoded import Codec
from devices.codecs.lorawan.vendors import ports
from devices.codecs.protocols import CODECS, ENVELOPES
from hub.models import GANZHI, HUB

_FORMS = ("telemetry", "event", "senml", "senml-cbor")
"""Of the contract: what a device may send through a network or platform."""


class Payload(NamedTuple):
    """How a payload is decoded."""

    codec: Codec
    ports: frozenset[int] | None = None
    """Of LoRaWAN: on others the device sends something else, which is not read; None: it does not say."""


def _payloads() -> dict[str, Payload]:
    found = {form: Payload(CODECS[GANZHI, form]) for form in _FORMS}
    for (protocol, form), codec in CODECS.items():
        if form == "frame" and protocol not in (GANZHI, HUB) and protocol not in ENVELOPES:
            found[protocol] = Payload(codec, ports(protocol))
    return dict(sorted(found.items()))


PAYLOADS: Mapping[str, Payload] = _payloads()
