"""Reads the broker of a network: a session of its own, with the guarantees of the hub's (ingest/mqtt)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from devices.addressing import MAX_ORIGINS, handover_topic
from devices.codecs.lorawan import the_things_stack
from devices.codecs.protocols import SPARKPLUG, THINGS_STACK
from devices.network_topics import (
    CHIRPSTACK,
    ONVIF,
    filters,
    network_origin,
    origin_of_topic,
    via_of_topic,
)
from hub.errors import DecodeError
from hub.models import Origin, Raw, now_micros
from hub.network_settings import Network
from hub.pipeline import Sink
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt.connection import MqttConnection
from ingest.mqtt.filters import Filters
from ingest.mqtt.reader import SessionReader
from ingest.mqtt.session import Session
from ingest.mqtt.source import MqttSource
from ingest.networks.listening import MAX_SENDERS
from ingest.networks.onvif import by_topic, camera, published
from ingest.networks.sparkplug import EdgeNodes, state, state_topic
from ingest.networks.translation import Translate, TranslatingSink

QOS_0 = (SPARKPLUG, THINGS_STACK)
"""Networks that publish with QoS 0: what comes while nobody listens is lost."""


def broker_of(network: Network) -> Mqtt:
    """The connection to a network's broker. The prefix is that of the hub's own markers there."""
    return Mqtt(
        host=network.host,
        port=network.port,
        username=network.username,
        password=network.password,
        tls=network.tls,
        version=network.version,
        keepalive_s=network.keepalive_s,
        client_id=network.client_id or f"ganzhi-{network.name}",
        prefix=f"ganzhi-network/{network.name}",
    )


class NetworkSource(MqttSource):
    """The source of a network; of Sparkplug B it follows the sessions of edge nodes."""

    def __init__(
        self,
        network: Network,
        sink: Sink,
        counters: Counters,
        permitted: Callable[[], bool],
        session: Session,
        heard: Callable[[str, str | None], None] = lambda _device, _via: None,
    ) -> None:
        """While it is not `permitted` another hub reads the network. `heard` is told the device of each message, and
        what of its topic leads back to it.
        """
        broker, self._host_id = broker_of(network), network.host_id
        marker = handover_topic(broker.prefix)
        self._nodes = EdgeNodes(self._publish, network.rebirth_s)
        via: Callable[[Raw, str], str | None] = partial(_via, network.protocol)
        translate: Translate = {SPARKPLUG: self._nodes.translate, THINGS_STACK: _named}.get(network.protocol, _same)
        origin: Callable[[str], Origin] = lru_cache(MAX_ORIGINS)(partial(_origin, network.protocol, marker))
        if network.protocol == ONVIF:
            translate, origin = published, lru_cache(MAX_ORIGINS)(by_topic(origin))
        elif network.protocol == CHIRPSTACK:
            topics_of = _Topics(origin)
            origin, via = topics_of.origin, topics_of.via
        sink = TranslatingSink(sink, partial(_noted, translate, heard, via))
        topics = filters(network.protocol, network.only)
        super().__init__(broker, topics, sink, counters, origin, permitted, session, Filters(topics, [marker]))
        self._since_ms = 0
        """When the connection began, as its birth and its will tell."""

    def close(self) -> None:
        """Disconnect; edge nodes that go by the hub as their primary host are told, and keep what they measure."""
        if self._host_id is not None and self.connected:
            self._publish(state_topic(self._host_id), state(False, self._since_ms), qos=1, retain=True)
        super().close()

    def _reader_of(self, name: str, source: str) -> SessionReader:
        reader = super()._reader_of(name, source)
        self._nodes.forget()
        if self._host_id is not None:
            self._since_ms = now_micros() // 1000
            reader.connection.leave_a_will(state_topic(self._host_id), state(False, self._since_ms))
        return reader

    def _greet(self, connection: MqttConnection) -> None:
        if self._host_id is not None:
            connection.tell(state_topic(self._host_id), state(True, self._since_ms), qos=1, retain=True)

    def _publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        if self._reader is not None and self.connected:
            self._reader.connection.tell(topic, payload, qos, retain)


class _Topics:
    """Remembers by which topic devices were heard, where an origin does not tell."""

    def __init__(self, origin: Callable[[str], Origin]) -> None:
        self._origin = origin
        self._topics: dict[str, str] = {}

    def origin(self, topic: str) -> Origin:
        """The origin of a topic."""
        origin = self._origin(topic)
        if len(self._topics) >= MAX_SENDERS and origin.device not in self._topics:
            self._topics.clear()
        self._topics[origin.device] = topic
        return origin

    def via(self, _raw: Raw, device: str) -> str | None:
        """What leads to a device that was heard just now."""
        return via_of_topic(CHIRPSTACK, self._topics.get(device, ""))


def _via(protocol: str, raw: Raw, _device: str) -> str | None:
    return via_of_topic(protocol, raw.origin.address)


def _origin(protocol: str, marker: str, topic: str) -> Origin:
    """The origin of a topic; a marker that is not the newest is about nothing."""
    return Origin("mqtt", topic) if topic == marker else origin_of_topic(protocol, topic)


def _same(raw: Raw) -> Sequence[Raw]:
    """A message that means the same by itself."""
    return [raw]


def _noted(
    translate: Translate,
    heard: Callable[[str, str | None], None],
    via: Callable[[Raw, str], str | None],
    raw: Raw,
) -> Sequence[Raw]:
    """What is to be decoded of a message, whose devices are noted; markers of the hub name none."""
    raws = translate(raw)
    for each in raws:
        if each.origin.protocol and each.origin.device:
            device = camera(raw, each.origin.device)
            heard(device, via(raw, device))
    return raws


def _named(raw: Raw) -> Sequence[Raw]:
    """A message of The Things Stack, whose topic does not tell the DevEUI; one that tells none is refused."""
    if raw.origin.protocol != THINGS_STACK:
        return [raw]
    try:
        origin = network_origin("mqtt", THINGS_STACK, "frame", the_things_stack.dev_eui(raw.payload))
    except DecodeError as error:
        origin = replace(raw.origin, fault=(error.reason, error.detail))
    return [raw._replace(origin=origin)]
