"""Topics of networks and what they are about, also of a dead letter; when edge nodes are asked for their births."""

from typing import Any

import pytest

from devices.addressing import Origins
from devices.codecs.protocols import CODECS, ENVELOPES
from devices.network_topics import EVENTS, KINDS, NETWORKS, filters, network_origin, origin_of_topic
from hub.models import Delivery, Outcome, Raw
from hub.network_settings import Network, Networks
from ingest.networks.sparkplug import EdgeNodes, rebirth, state
from ingest.networks.translation import TranslatingSink
from tests.support.frames_networks import DATA, NBIRTH, NDEATH


def test_every_kind_of_message_has_its_codec() -> None:
    forms = {protocol: {form for each, form in CODECS if each == protocol} for protocol in NETWORKS}
    frames = {"the-things-stack": {"frame"}, "onvif": {"frame"}}
    assert forms == {"chirpstack": set(EVENTS), "sparkplug": set(KINDS), **frames}
    assert set(NETWORKS) | ENVELOPES > ENVELOPES


@pytest.mark.parametrize(
    ("protocol", "topic", "device", "form"),
    [
        ("chirpstack", "application/7/device/24e124136b502217/event/up", "24E124136B502217", "up"),
        ("sparkplug", "spBv1.0/g/DDATA/n/d", "g/n/d", "DDATA"),
        ("sparkplug", "spBv1.0/g/NBIRTH/n", "g/n", "NBIRTH"),
        ("onvif", "E4:30:22:F3:31:AA/onvif-ej/Device/tns1:Trigger/tns1:Relay/&Relay-1", "E4:30:22:F3:31:AA", "frame"),
        ("onvif", "county/gate-2/onvif-ej/RuleEngine/LineDetector/Crossed/&1", "county/gate-2", "frame"),
    ],
)
def test_a_topic_tells_the_device_and_so_does_the_address_of_its_letter(
    protocol: str, topic: str, device: str, form: str
) -> None:
    origin = origin_of_topic(protocol, topic)
    assert (origin.protocol, origin.device, origin.form, origin.fault) == (protocol, device, form, None)
    assert Origins("ganzhi/v1").of_letter("mqtt", origin.address) == origin


@pytest.mark.parametrize(
    ("protocol", "topic", "reason"),
    [
        ("chirpstack", "application/7/device/24e1/event/up", "bad_address"),
        ("chirpstack", "application/7/device/24e124136b502217/event/else", "unknown_topic"),
        ("sparkplug", "spBv1.0/STATE/hub", "unknown_topic"),
        ("onvif", "gate-2/onvif-sj/VideoAnalytics/Frame", "unknown_topic"),
        ("onvif", "onvif-ej/RuleEngine", "unknown_topic"),
    ],
)
def test_what_is_no_topic_of_a_device_is_refused(protocol: str, topic: str, reason: str) -> None:
    fault = origin_of_topic(protocol, topic).fault
    assert fault is not None
    assert fault[0] == reason


def test_filters_are_those_of_the_applications_that_are_wanted() -> None:
    assert filters("chirpstack", []) == ["application/+/device/+/event/+"]
    assert filters("chirpstack", ["a", "b"]) == [f"application/{each}/device/+/event/+" for each in "ab"]
    assert "v3/my@ttn/devices/+/up" in filters("the-things-stack", ["my@ttn"])
    assert "spBv1.0/g/DDATA/+/+" in filters("sparkplug", ["g"])
    assert filters("onvif", [])[:2] == ["+/onvif-ej/#", "+/+/onvif-ej/#"]
    assert filters("onvif", ["county/gate-2"]) == ["county/gate-2/onvif-ej/#"]


@pytest.mark.parametrize(
    "wrong",
    [{"only": ["a/b"]}, {"host_id": "hub"}, {"password": "x"}, {"name": "Ä"}, {"protocol": "lora"}],
)
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    right = {"name": "n", "protocol": "chirpstack", "host": "h"}
    assert Networks.model_validate({"brokers": [right]}).brokers == (Network.model_validate(right),)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Network.model_validate(right | wrong)
    with pytest.raises(ValueError, match="two networks are called n"):
        Networks.model_validate({"brokers": [right, right]})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def raw(kind: str, payload: bytes, device: str = "g/n") -> Raw:
    return Raw(network_origin("mqtt", "sparkplug", kind, device), payload, 1)


def test_a_node_is_asked_at_most_so_often_and_less_and_less_until_it_is_born() -> None:
    clock, asked = Clock(), list[str]()
    nodes = EdgeNodes(lambda topic, _payload: asked.append(topic), 10, clock)
    for clock.now in range(80):
        nodes.translate(raw("NDATA", DATA))
    assert asked == ["spBv1.0/g/NCMD/n"] * 4, "at 0, 10, 30 and 70 s"
    nodes.translate(raw("NBIRTH", NBIRTH))
    nodes.translate(raw("NDATA", DATA))
    assert len(asked) == 4
    nodes.translate(raw("NDATA", DATA))
    assert len(asked) == 5, "a gap, and it had answered"
    for number in range(30):
        nodes.translate(raw("NDATA", DATA, f"g/other{number}"))
    assert len(asked) <= 25, "20 a second in all"


def test_the_death_of_a_node_is_handed_over_for_each_of_its_devices() -> None:
    nodes = EdgeNodes(lambda _topic, _payload: None, 10, Clock())
    nodes.translate(raw("NBIRTH", NBIRTH))
    nodes.translate(raw("DBIRTH", b"\x18\x01", "g/n/d"))
    [node, child] = nodes.translate(raw("NDEATH", NDEATH))
    assert [(each.origin.form, each.origin.device) for each in (node, child)] == [
        ("NDEATH", "g/n"), ("DDEATH", "g/n/d"),
    ]  # fmt: skip


def test_commands_and_states_are_as_the_specification_has_them() -> None:
    assert rebirth(5) == bytes.fromhex("0805121a0a144e6f646520436f6e74726f6c2f52656269727468200b7001")
    assert state(True, 5) == b'{"online":true,"timestamp":5}'


class Full:
    """A sink that is full once: it has taken nothing then."""

    full = True

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def submit(self, delivery: Any) -> None:
        if self.full:
            self.full = False
            raise TimeoutError
        self.taken.append(delivery)


async def test_what_is_submitted_again_is_translated_once() -> None:
    async def settle(_outcome: Outcome) -> None:
        pass

    seen: list[Raw] = []
    full = Full()
    sink = TranslatingSink(full, lambda each: [seen.append(each) or each])  # type: ignore[func-returns-value]
    delivery = Delivery([raw("NDATA", DATA)], settle)
    with pytest.raises(TimeoutError):
        await sink.submit(delivery)
    await sink.submit(delivery)
    assert (len(seen), len(full.taken)) == (1, 1)
