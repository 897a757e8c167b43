"""Sinks of consumers that follow the log of alert changes: the hub's own Kafka and its own broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from api.push.follower import OpenSink, Sink, Target
from api.push.kafka import KafkaSink
from api.push.mqtt import MqttSink
from hub.settings import Kafka, Mqtt, Settings
from ingest.kafka.producer import open_topic
from ingest.kafka.topics import alerts_topic
from ingest.mqtt.control import open_link


def sinks_of(settings: Settings) -> dict[str, OpenSink]:
    """How to open a sink, by kind of consumer; without Kafka there is none of that kind."""
    found: dict[str, OpenSink] = {"mqtt": partial(_mqtt, settings.mqtt)}
    if settings.kafka.servers is not None:
        found["kafka"] = partial(_kafka, settings.kafka)
    return found


@asynccontextmanager
async def _kafka(kafka: Kafka, target: Target) -> AsyncIterator[Sink]:
    name = msgspec.json.decode(target.settings).get("name")
    async with open_topic(kafka, alerts_topic(kafka) + (f".{name}" if name else "")) as topic:
        yield KafkaSink(topic.append)


@asynccontextmanager
async def _mqtt(mqtt: Mqtt, target: Target) -> AsyncIterator[Sink]:
    retain = msgspec.json.decode(target.settings).get("retain", False)
    async with open_link(mqtt, "alerts", "alerts") as link:
        yield MqttSink(link.publish_all, f"{mqtt.prefix}/alerts", retain=retain)
