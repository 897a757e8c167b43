"""Topics of networks, and the origins of their messages: of ChirpStack, The Things Stack, Sparkplug B and ONVIF."""

import re
from collections.abc import Sequence

from devices.schemes import MAX_ADDRESS, normal, schemes_of
from hub.errors import DecodeError
from hub.models import Origin
from hub.words.sentence import Sentence

CHIRPSTACK, THINGS_STACK, SPARKPLUG, ONVIF = "chirpstack", "the-things-stack", "sparkplug", "onvif"
NETWORKS = (CHIRPSTACK, THINGS_STACK, SPARKPLUG, ONVIF)
"""Protocols whose messages come from networks."""
EVENTS = ("up", "join", "status", "ack", "txack", "log", "location", "integration")
"""Of ChirpStack, as its topics name them."""
KINDS = ("NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA")
"""Of messages of Sparkplug B that are about devices."""
_EVENTS, _KINDS, _FORMS = "|".join(EVENTS), "|".join(KINDS), "|".join((*EVENTS, *KINDS, "frame"))
_CHIRPSTACK = re.compile(rf"application/[^/]+/device/(?P<device>[^/]+)/event/(?P<form>{_EVENTS})")
_SPARKPLUG = re.compile(rf"spBv1\.0/(?P<group>[^/]+)/(?P<form>{_KINDS})/(?P<node>[^/]+)(/(?P<device>[^/]+))?")
_ADDRESS = re.compile(rf"(?P<protocol>{'|'.join(NETWORKS)})/(?P<form>{_FORMS})/(?P<device>.*)")
_ONVIF = re.compile(r"(?P<prefix>.+?)/onvif-ej/(?P<topic>.+)")
PREFIX_LEVELS = 4
"""Levels of the topic prefix of a camera that are looked for at most; of longer ones, those that `only` names."""
_THINGS_STACK = (
    *("up", "join", "down/queued", "down/sent", "down/ack", "down/nack", "down/failed"),
    *("location/solved", "service/data"),
)


def filters(protocol: str, only: Sequence[str]) -> list[str]:
    """Topic filters of what a network tells; `only` of these applications or groups."""
    if protocol == ONVIF:
        prefixes = list(only) or ["/".join(["+"] * levels) for levels in range(1, PREFIX_LEVELS + 1)]
        return [f"{each}/onvif-ej/#" for each in prefixes]
    levels = list(only) or ["+"]
    if protocol == CHIRPSTACK:
        return [f"application/{each}/device/+/event/+" for each in levels]
    if protocol == THINGS_STACK:
        return [f"v3/{each}/devices/+/{end}" for each in levels for end in _THINGS_STACK]
    return [
        topic
        for each in levels
        for topic in (*(f"spBv1.0/{each}/{kind}/+" for kind in ("NBIRTH", "NDEATH", "NDATA")),
                      *(f"spBv1.0/{each}/{kind}/+/+" for kind in ("DBIRTH", "DDEATH", "DDATA")))
    ]  # fmt: skip


def via_of_topic(protocol: str, topic: str) -> str | None:
    """What of a topic leads back to its device (column network_sender.via); None where it takes no commands."""
    levels = topic.split("/", 4)
    if protocol == CHIRPSTACK and len(levels) > 1:
        return levels[1]
    if protocol == THINGS_STACK and len(levels) == 5:
        return f"{levels[1]}/{levels[3]}"
    return None


def onvif_topic(topic: str) -> str:
    """What a camera of ONVIF says by a topic of MQTT: RuleEngine/LineDetector/Crossed/&1/Line1; "" of another one."""
    found = _ONVIF.fullmatch(topic)
    return "" if found is None else found["topic"]


def network_origin(transport: str, protocol: str, form: str, device: str) -> Origin:
    """The origin of a message of a network; `device` is what the network calls it by."""
    address = f"{protocol}/{form}/{device[:MAX_ADDRESS]}"
    try:
        device = normal(schemes_of(protocol)[0], device)
    except DecodeError as error:
        return Origin(transport, address, "", form, protocol=protocol, fault=(error.reason, error.detail))
    return Origin(transport, address, device, form, protocol=protocol)


def origin_at(transport: str, address: str) -> Origin | None:
    """The origin of a dead letter of a network; None of another's."""
    found = _ADDRESS.fullmatch(address)
    return None if found is None else network_origin(transport, found["protocol"], found["form"], found["device"])


def origin_of_topic(protocol: str, topic: str) -> Origin:
    """The origin of what a network published; of The Things Stack the payload names the device."""
    if protocol == CHIRPSTACK and (told := _CHIRPSTACK.fullmatch(topic)):
        return network_origin("mqtt", protocol, told["form"], told["device"])
    if protocol == SPARKPLUG and (told := _SPARKPLUG.fullmatch(topic)):
        parts = told["group"], told["node"], *([told["device"]] if told["device"] else [])
        return network_origin("mqtt", protocol, told["form"], "/".join(parts))
    if protocol == THINGS_STACK:
        return Origin("mqtt", topic, "", "frame", protocol=protocol)
    if protocol == ONVIF and (told := _ONVIF.fullmatch(topic)):
        return network_origin("mqtt", protocol, "frame", told["prefix"])
    return Origin("mqtt", topic, fault=("unknown_topic", Sentence("refusal.network.topic", topic=repr(topic[:100]))))
