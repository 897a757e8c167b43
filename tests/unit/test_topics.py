"""Topics: which filters there are, what is the hub's own, and what somebody meant."""

import re
from itertools import product

import paho.mqtt.client as paho
import pytest

from devices.addressing import Origins
from devices.topics import (
    FORMS,
    OWN,
    Topic,
    beside,
    each_of,
    formerly_each_of,
    is_own,
    meant,
    mistaken,
    own_topic,
)
from hub.alerts.path import round_origin
from hub.models import Origin

P = "ganzhi/v1"
WORDS = ("telemetry", "Telemetry", "d1", "child", "")
TOPICS = [
    *(f"ganzhi/{'/'.join(levels)}" for count in (1, 2, 3) for levels in product(WORDS, repeat=count)),
    *(f"{P}/{'/'.join(levels)}" for count in (1, 2, 3) for levels in product(WORDS, repeat=count)),
    *(
        f"{above}/g/child/d/{word}"
        for above in (P, "ganzhi", f"/{P}", "ganzhi/V1", "ganzhi//v1")
        for word in (*WORDS, "events", "Event", "data/")
    ),
]


def matches(filters: list[str], topic: str) -> int:
    return sum(paho.topic_matches_sub(each, topic) for each in filters)


@pytest.mark.parametrize("prefix", [P, "city"])
def test_no_topic_is_matched_by_two_filters(prefix: str) -> None:
    """Brokers deliver a message once for each; only one that lacks its device may come twice."""
    each, whole = [*each_of(prefix), *mistaken(prefix), *beside(prefix)], [f"{prefix}/#", *beside(prefix)]
    for topic in TOPICS:
        assert matches(each, topic) <= 1, topic
        lacks_device = re.match(r"ganzhi/(v1|V1|)/([^/]*/?|child/.*)$", topic)
        assert matches(whole, topic) <= (2 if lacks_device else 1), topic
        assert matches(whole, topic) >= matches(each, topic)


def test_filters_of_before_are_among_those_of_today() -> None:
    assert {*formerly_each_of(P)} < {*each_of(P)}
    assert len(formerly_each_of(P)) == 2 * len(FORMS)


@pytest.mark.parametrize(
    ("topic", "right"),
    [
        ("ganzhi/v1/d1/Telemetry", "ganzhi/v1/d1/telemetry"),
        ("ganzhi/v1/d1/telemetry/", "ganzhi/v1/d1/telemetry"),
        ("/ganzhi/v1/d1/event", "ganzhi/v1/d1/event"),
        ("//ganzhi//v1/d1//status/", "ganzhi/v1/d1/status"),
        ("ganzhi/d1/telemetry", "ganzhi/v1/d1/telemetry"),
        ("ganzhi/V1/d1/telemetry", "ganzhi/v1/d1/telemetry"),
        ("Ganzhi/v2/d1/alarm", "ganzhi/v1/d1/event"),
        ("/ganzhi/d1/events", "ganzhi/v1/d1/event"),
        ("ganzhi/v1/d1", "ganzhi/v1/d1/telemetry"),
        ("ganzhi/v1/d1/telemetry/pm25", "ganzhi/v1/d1/telemetry"),
        ("ganzhi/v1/d1/foo", "ganzhi/v1/d1/telemetry"),
        ("ganzhi/v1/g1/Child/d1/SenML", "ganzhi/v1/g1/child/d1/senml"),
        ("ganzhi/g1/child/d1/replies/", "ganzhi/v1/g1/child/d1/reply"),
    ],
)
def test_what_was_meant(topic: str, right: str) -> None:
    found = meant(topic, P)
    assert found is not None
    assert found.under(P) == right


@pytest.mark.parametrize(
    "topic",
    [
        *("ganzhi/d1/Telemetry", "ganzhi/g1/child/d1/replies", "/ganzhi/d1/x", f"{P}/a/b/c"),
        *("ganzhi/V1/d1/telemetry", "ganzhi//v1/d1/telemetry", "GANZHI/v1/d1/telemetry", "Ganzhi/V1/d1/Event"),
    ],
)
def test_several_mistakes_are_heard_too(topic: str) -> None:
    assert matches([f"{P}/#", *beside(P)], topic) == 1


@pytest.mark.parametrize("topic", ["ganzhi/v1", "ganzhi/v1/telemetry", "ganzhi/v1/气象/telemetry", "a/d1/status"])
def test_what_cannot_be_told(topic: str) -> None:
    assert meant(topic, P) is None


def test_a_prefix_without_a_version() -> None:
    assert meant("/city/d1/Event", "city") == Topic("d1", "event")
    assert meant("d1/telemetry", "city") is None


def test_the_hubs_own_topics() -> None:
    names = {
        "device": "d1",
        "gateway": "g1",
        "region": "310101",
        "level": "red",
        "alert": "a1",
        "target": "t1",
        "client_id": "ganzhi-hub",
    }
    for kind in OWN:
        topic = own_topic(P, kind, **names)
        assert is_own(topic, P)
        expected = round_origin("mqtt", topic) if kind == "path" else Origin("mqtt", topic)
        assert Origins(P).of_topic(topic) == expected, "about no device, and no fault"
    for topic in (f"{P}/alerts/310101", "ganzhi/v2/alerts/310101/red", f"{P}/d1/commands", f"x{P}/d1/command", P):
        assert not is_own(topic, P)
