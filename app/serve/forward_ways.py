"""Ways of forwarding: superior platforms over HJ 212 and GB/T 28181, the hub's own broker and its own Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from api.forwarding.gb28181.link import Link, Take, linked
from api.forwarding.gb28181.platform import OpenLink, Superior
from api.forwarding.superior import connected
from api.forwarding.way import Hj212Way, KafkaWay, MqttWay, OpenWay, Target, Way
from hub.access.outgoing import Outgoing
from hub.secrets.sealed import Place, Secrets
from hub.settings import Kafka, Mqtt, Settings
from ingest.kafka.producer import open_topic
from ingest.kafka.topics import readings_topic
from ingest.mqtt.control import open_link

CONNECT_S = 5.0


def ways_of(settings: Settings) -> dict[str, OpenWay]:
    """How to open a way, by kind of target; without Kafka there is none of that kind."""
    outgoing, secrets = Outgoing(settings), Secrets(settings.secrets)
    found: dict[str, OpenWay] = {
        "hj212": partial(_hj212, outgoing, secrets),
        "mqtt": partial(_mqtt, settings.mqtt),
    }
    if settings.kafka.servers is not None:
        found["kafka"] = partial(_kafka, settings.kafka)
    return found


@asynccontextmanager
async def _hj212(outgoing: Outgoing, secrets: Secrets, target: Target) -> AsyncIterator[Way]:
    host, port = target.host or "", target.port or 0
    addresses = await outgoing.addresses("forward", host, port)
    password = secrets.open(Place("forward_target", "password", target.code), target.password or "")
    async with connected(addresses, port) as superior:
        yield Hj212Way(superior, target, password)


@asynccontextmanager
async def _mqtt(mqtt: Mqtt, target: Target) -> AsyncIterator[Way]:
    async with open_link(mqtt, f"readings-{target.id}", "readings") as link:
        with suppress(TimeoutError):  # what is published then tells why
            async with asyncio.timeout(CONNECT_S):
                while not link.connected:  # noqa: ASYNC110 it connects by itself
                    await asyncio.sleep(0.05)
        yield MqttWay(link.publish_all, f"{mqtt.prefix}/readings/{target.code}")


@asynccontextmanager
async def _kafka(kafka: Kafka, target: Target) -> AsyncIterator[Way]:
    async with open_topic(kafka, readings_topic(kafka, target.code)) as topic:
        yield KafkaWay(topic.append)


def link_of(settings: Settings) -> OpenLink:
    """How to reach superior platforms of GB/T 28181."""
    outgoing, secrets = Outgoing(settings), Secrets(settings.secrets)

    @asynccontextmanager
    async def open_link(superior: Superior, take: Take) -> AsyncIterator[tuple[Link, str]]:
        addresses = await outgoing.addresses("forward", superior.host, superior.port)
        password = secrets.open(Place("forward_target", "password", superior.code), superior.password)
        platform = superior.told
        async with linked(platform.transport, addresses, superior.port, platform.own_port, take) as link:
            yield link, password

    return open_link
