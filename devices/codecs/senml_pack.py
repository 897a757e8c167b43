"""SenML packs as devices send them: in JSON or in CBOR, which no byte that JSON begins with begins. Pure."""

from datetime import tzinfo

from devices.codecs import senml, senml_cbor
from devices.codecs.decoded import Decoded, Place
from hub.models import Micros

_LISTS = frozenset(range(0x80, 0xA0)) | {0xD9}
"""What a list in CBOR begins with, or the tag that says that it is CBOR."""


def decode(payload: bytes, received: Micros, zone: tzinfo, into: Decoded | None = None) -> Decoded:
    """Decode a pack; DecodeError when no reading is usable."""
    if payload and payload[0] in _LISTS:
        return senml_cbor.decode(payload, received, zone, into)
    return senml.decode(payload, received, zone, into)


def places(payload: bytes, received: Micros, zone: tzinfo) -> list[Place]:
    """Location of each reading returned by `decode`, which must have succeeded."""
    if payload and payload[0] in _LISTS:
        return senml_cbor.places(payload, received, zone)
    return senml.places(payload, received, zone)
