"""Message origins: parses topics, record keys and HTTP paths, once each, into an Origin."""

import re
from collections.abc import Mapping
from typing import TypeVar

from devices.network_topics import origin_at
from devices.schemes import MAX_ADDRESS
from devices.topics import CODE, FORMS, LEVELS, each_of, is_own, meant, own_topic
from hub.alerts.endings import FORM as ENDING_FORM
from hub.alerts.path import round_origin
from hub.errors import DecodeError
from hub.models import HUB, Origin
from hub.words.sentence import Sentence

PATHS = {"telemetry": "telemetry", "event": "events", "senml": "senml"}
"""By form: the last part of the path that takes it over HTTP; `event` is taken as well as `events`."""

PRESENCE, LISTENING, ENDED = "presence", "listening", ENDING_FORM
"""Forms of the hub's own findings: a device went or came back; what an edge of the bus hears; a desk ended an alert."""

DIALLED = ("tcp", "udp")
"""Transports by which stations dial in; the address of their messages is protocol/number."""

REGISTERED = {"sip": "gb28181", "viid": "gat1400"}
"""Transports of what registers over SIP or HTTP, and their protocols; the address of a message is
protocol/sender/form/device."""

PUSHED = "push"
"""The transport of what platforms push; addresses are subscription/platform/form/device."""

CAMERAS = ("isapi", "onvif", "video")
"""Transports, and protocols, of cameras that are asked or push; addresses are device/channel, or the device alone."""

K = TypeVar("K")

MAX_ORIGINS = 500_000
"""Origins remembered; protects memory from a peer that invents topics."""


def subscriptions(prefix: str) -> list[str]:
    """Topic filters covering every message of the contract."""
    return each_of(prefix)


def handover_topic(prefix: str) -> str:
    """Topic that each of the hub's sessions is subscribed to; what comes by it is acknowledged and nothing more."""
    return own_topic(prefix, "handover")


class Origins:
    """Creates and caches origins, one per topic: a new one per message would cost 5 % of a core."""

    def __init__(self, prefix: str, records: Mapping[str, str] | None = None) -> None:
        """`prefix` is the MQTT topic prefix; `records` maps Kafka topics to payload forms."""
        self._prefix, self._records = prefix, records or {}
        self._topics: dict[str, Origin] = {}
        self._others: dict[tuple[str, str, str], Origin] = {}

    def of_topic(self, topic: str) -> Origin:
        """Origin of an MQTT message."""
        return self._topics.get(topic) or self._keep(self._topics, topic, self._parsed("mqtt", topic))

    def of_record(self, topic: str, device: str) -> Origin:
        """Origin of a third-party Kafka record about a device."""
        found = self._others.get(("kafka", topic, device))
        return found or self._keep(self._others, ("kafka", topic, device), self._record(topic, device))

    def of_request(self, device: str, form: str) -> Origin:
        """Origin of a message posted over HTTP."""
        found = self._others.get(("http", form, device))
        return found or self._keep(self._others, ("http", form, device), _request(device, form))

    def of_station(self, transport: str, protocol: str, station: str) -> Origin:
        """Origin of frames of a station that has dialled in (tcp, udp), by its number."""
        found = self._others.get((transport, protocol, station))
        return found or self._keep(self._others, (transport, protocol, station), _station(transport, protocol, station))

    def of_push(self, subscription: str, platform: str, form: str, device: str) -> Origin:
        """Origin of a message that a platform pushed, by what it calls the device."""
        key = PUSHED, f"{subscription}/{platform}/{form}", device
        return self._others.get(key) or self._keep(self._others, key, _pushed(subscription, platform, form, device))

    def of_registered(self, transport: str, sender: str, form: str, device: str) -> Origin:
        """Origin of a message of who has registered, by the numbers of its sender and of the device it is about."""
        key = transport, f"{sender}/{form}", device
        return self._others.get(key) or self._keep(self._others, key, _registered(transport, sender, form, device))

    def of_camera(self, protocol: str, device: str, channel: str) -> Origin:
        """Origin of what a camera that is connected says of a channel ("": of itself), by the code of its device."""
        return self._of_camera(protocol, f"{device}/{channel}" if channel else device)

    def _of_camera(self, protocol: str, address: str) -> Origin:
        found = self._others.get((protocol, "camera", address))
        made = found or Origin(protocol, address, address[:MAX_ADDRESS], "frame", protocol=protocol)
        return found or self._keep(self._others, (protocol, "camera", address), made)

    def of_letter(self, transport: str, address: str) -> Origin:
        """Origin of a dead letter or bus record, as its source created it originally."""
        if transport == "kafka" and (topic := address.partition("/")[0]) in self._records:
            return self.of_record(topic, address.partition("/")[2])
        if transport in ("mqtt", "http") and (told := origin_at(transport, address)) is not None:
            return told
        if transport == HUB and (finding := _finding_of(address)) is not None:
            return finding
        if transport in DIALLED:
            return self.of_station(transport, *address.split("/", 1)) if "/" in address else _nobody(transport, address)

        if transport in REGISTERED and address.count("/") == 3:
            return self.of_registered(transport, *address.split("/")[1:])
        if transport in CAMERAS:
            return self._of_camera(transport, address)
        if transport == PUSHED and address.count("/") >= 3:
            return self.of_push(*address.split("/", 3))
        if transport == "http" and (path := _PATH.fullmatch(address)) is not None:
            return self.of_request(path["device"], next(form for form, name in PATHS.items() if name == path["name"]))
        return self.of_topic(address) if transport == "mqtt" else self._parsed(transport, address)

    def _keep(self, origins: dict[K, Origin], key: K, origin: Origin) -> Origin:
        if len(origins) >= MAX_ORIGINS:
            origins.clear()
        origins[key] = origin
        return origin

    def _parsed(self, transport: str, topic: str) -> Origin:
        try:
            device, form, gateway = parse_topic(topic, self._prefix)
        except DecodeError as error:
            if transport == "mqtt" and is_own(topic, self._prefix):
                rounds = topic == own_topic(self._prefix, "path")
                return round_origin(transport, topic) if rounds else Origin(transport, topic)
            if transport == "mqtt" and error.reason == "bad_topic":
                return _unknown(topic, self._prefix)
            return Origin(transport, topic, fault=(error.reason, error.detail))
        return Origin(transport, topic, device, form, gateway)

    def _record(self, topic: str, device: str) -> Origin:
        address, form = f"{topic}/{device}", self._records[topic]
        if not device:
            return Origin("kafka", address, fault=("no_device", Sentence("refusal.no_device.record", topic=topic)))
        if not CODE.fullmatch(device):
            return Origin("kafka", address, fault=_no_code(device[:64]))
        return Origin("kafka", address, device, form, keyed=True)


def finding(device: str, form: str) -> Origin:
    """Origin of the hub's own messages, about a device or (if empty) none."""
    return Origin(HUB, f"{form}/{device}" if device else form, device, form, protocol=HUB)


def _finding_of(address: str) -> Origin | None:
    form, _, device = address.partition("/")
    return finding(device, form) if form in (PRESENCE, LISTENING, ENDED) else None


_PATH = re.compile(r"/api/v1/devices/(?P<device>[^/]*)/(?P<name>telemetry|events|senml)")


def _station(transport: str, protocol: str, station: str) -> Origin:
    address = f"{protocol}/{station}"
    return Origin(transport, address, station, "frame", protocol=protocol) if station else _nobody(transport, address)


def _nobody(transport: str, address: str) -> Origin:
    protocol = address.partition("/")[0]
    return Origin(transport, address, protocol=protocol, fault=("no_station", Sentence("refusal.no_device.frame")))


def _request(device: str, form: str) -> Origin:
    address = f"/api/v1/devices/{device}/{PATHS[form]}"
    if not device:
        return Origin("http", address, fault=_NO_DEVICE)
    if not CODE.fullmatch(device):
        return Origin("http", address, fault=_no_code(device))
    return Origin("http", address, device, form)


def _pushed(subscription: str, platform: str, form: str, device: str) -> Origin:
    address = f"{subscription}/{platform}/{form}/{device}"
    if not device:
        return Origin(PUSHED, address, protocol=platform, fault=_NO_SENDER)
    return Origin(PUSHED, address, device, form, protocol=platform)


def _registered(transport: str, sender: str, form: str, device: str) -> Origin:
    gateway, protocol = sender if device != sender else None, REGISTERED[transport]
    return Origin(transport, f"{protocol}/{sender}/{form}/{device}", device, form, gateway, protocol)


_NO_SENDER = "no_device", Sentence("refusal.push.no_device", most=MAX_ADDRESS)
_NO_DEVICE = "no_device", Sentence("refusal.no_device.told")


def _no_code(code: str) -> tuple[str, str]:
    return "bad_device_code", Sentence("refusal.device_code.told", code=repr(code))


def _unknown(topic: str, prefix: str) -> Origin:
    """Origin of what came to a topic that is none of a device: about the one that was probably meant, if any."""
    right = meant(topic, prefix)
    if right is None:
        return Origin("mqtt", topic, fault=("unknown_topic", _shape(topic, prefix)))
    sentence = Sentence("refusal.topic.meant", topic=repr(topic), right=right.under(prefix))
    return Origin("mqtt", topic, right.device, fault=("unknown_topic", sentence))


def _shape(topic: str, prefix: str) -> str:
    return Sentence("refusal.topic.shape", prefix=prefix, topic=repr(topic))


def parse_topic(topic: str, prefix: str) -> tuple[str, str, str | None]:
    """Parse `{prefix}/{device}/{form}` or `{prefix}/{gateway}/child/{device}/{form}`: (device, form, gateway).

    DecodeError says why it is neither.
    """
    parts = topic[len(prefix) + 1 :].split("/") if topic.startswith(prefix + "/") else []
    if len(parts) == 2:
        device, level = parts
        gateway = None
    elif len(parts) == 4 and parts[1] == "child":
        gateway, _, device, level = parts
    else:
        raise DecodeError("bad_topic", _shape(topic, prefix))
    if level not in LEVELS:
        raise DecodeError("bad_topic", Sentence("refusal.topic.form", forms=", ".join(FORMS), form=repr(level)))
    if not device:
        raise DecodeError(*_NO_DEVICE)
    for code in (device, gateway):
        if code is not None and not CODE.fullmatch(code):
            raise DecodeError("bad_device_code", Sentence("refusal.device_code.topic", code=repr(code)))
    return device, LEVELS[level], gateway
