"""Consumers that follow the log, while the hub is killed: each change reaches Kafka and MQTT, in order per alert."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import eventually

KILLS = 3


@pytest.fixture
def follower_hub(database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path) -> Iterator[Hub]:
    """A hub with a broker and with Kafka."""
    hub = Hub(database, mosquitto.port, tmp_path, **kafka.env)
    try:
        yield hub.start()
    finally:
        hub.close()


@pytest.mark.heavy
async def test_each_change_arrives_while_the_hub_is_killed(
    follower_hub: Hub, database: str, mosquitto: Mosquitto, kafka: KafkaTopics
) -> None:
    heard: list[str] = []
    subscriber = paho.Client(CallbackAPIVersion.VERSION2)
    subscriber.on_connect = lambda client, *_: client.subscribe("ganzhi/v1/alerts/#", 1)
    subscriber.on_message = lambda *got: heard.append(json.loads(got[2].payload)["id"])
    subscriber.connect(mosquitto.host, mosquitto.port)
    subscriber.loop_start()
    for kind in ("kafka", "mqtt"):
        follower_hub.put(f"/consumers/{kind}", kind=kind)
    async with open_pool(Database(url=database)) as pool:
        alarms = Alarms(pool)
        await alarms.seed()

        async def storm() -> None:
            for _ in range(60):
                alert = await alarms.raised()
                await alarms.apply(alert, "acknowledged")
                await asyncio.sleep(0.05)

        raising = asyncio.create_task(storm(), name="storm")
        for _ in range(KILLS):
            before = len(heard)

            async def moved(before: int = before) -> bool:
                return len(heard) > before

            await eventually(moved, "it follows", 60)
            await asyncio.to_thread(follower_hub.kill)
            await asyncio.to_thread(follower_hub.start)
        await raising
        rows = await alarms.run("select alert_id, seq from alert_change order by cursor")
    expected = [f"{alert}.{seq}" for alert, seq in rows]

    async def complete() -> bool:
        return set(heard) >= set(expected)

    await eventually(complete, "all over MQTT", 60)

    async def caught_up() -> bool:
        found = await asyncio.to_thread(follower_hub.api.get, "/api/v1/consumers/kafka")
        return bool(found.json()["pending"] == 0)

    await eventually(caught_up, "all over Kafka", 60)
    records = [json.loads(record.value)["id"] for record in await kafka.read("alerts")]
    for got in (heard, records):
        once = list(dict.fromkeys(got))
        assert set(once) == set(expected)
        assert all(once.index(f"{alert}.1") < once.index(f"{alert}.2") for alert, seq in rows if seq == 2)
    subscriber.disconnect()


@pytest.mark.heavy
async def test_a_hub_goes_on_when_a_consumer_that_follows_comes_and_goes(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    hub = Hub(database, mosquitto.port, tmp_path)
    try:
        await asyncio.to_thread(hub.start)
        async with open_pool(Database(url=database)) as pool:
            alarms = Alarms(pool)
            await alarms.seed()
            for _ in range(3):
                await asyncio.to_thread(hub.put, "/consumers/desk", kind="mqtt")
                await alarms.raised()

                async def followed() -> bool:
                    found = await asyncio.to_thread(hub.api.get, "/api/v1/consumers/desk")
                    return bool(found.json()["pending"] == 0)

                await eventually(followed, "it follows", 30)
                assert (await asyncio.to_thread(hub.api.delete, "/api/v1/consumers/desk")).status_code == 200
    finally:
        hub.close()
