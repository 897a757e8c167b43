"""Cameras of ONVIF that publish at a broker: which camera, and which channel of it, a message is of."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from devices.addressing import MAX_ORIGINS
from devices.codecs.onvif.broker import document
from devices.network_topics import ONVIF, network_origin, onvif_topic, origin_of_topic
from hub.models import Origin, Raw


def by_topic(origin: Callable[[str], Origin]) -> Callable[[str], Origin]:
    """Origins that keep the topic until a message is translated: what it is about stands there alone."""

    def kept(topic: str) -> Origin:
        found = origin(topic)
        return replace(found, address=topic) if found.protocol == ONVIF else found

    return kept


def published(raw: Raw) -> Sequence[Raw]:
    """A message with its topic in it, of the camera by its topic prefix, or of a channel: PREFIX/TOKEN."""
    origin = raw.origin
    if origin.protocol != ONVIF:
        return [raw]
    payload, channel = document(onvif_topic(origin.address), raw.payload)
    if origin.fault is not None:  # a camera whose name is none says things of persons, too
        return [raw._replace(payload=payload, origin=origin_of_topic(ONVIF, origin.address))]
    return [raw._replace(payload=payload, origin=_of(origin.device, channel))]


def camera(raw: Raw, device: str) -> str:
    """How the network calls the sender of a message: of ONVIF the camera, whichever channel it is about."""
    return raw.origin.device if raw.origin.protocol == ONVIF else device


@lru_cache(MAX_ORIGINS)
def _of(prefix: str, channel: str) -> Origin:
    whole = network_origin("mqtt", ONVIF, "frame", prefix)
    if not channel or "/" in channel:
        return whole
    of_channel = network_origin("mqtt", ONVIF, "frame", f"{prefix}/{channel}")
    return whole if of_channel.fault is not None else of_channel
