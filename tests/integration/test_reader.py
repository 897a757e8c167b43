"""What a session holds from before the connection, on a real mosquitto: when all of it has been read."""

import pytest

from ingest.mqtt import reader
from ingest.mqtt.connection import MqttConnection
from ingest.mqtt.source import MqttSource
from tests.integration.test_former_session import Store, connected, numbers, publish, running
from tests.support.broker import Mosquitto
from tests.support.process import eventually


async def read_up(source: MqttSource) -> None:
    async def ask() -> bool:
        return not source.behind

    await eventually(ask, "read up", 30)


async def test_it_is_behind_until_all_that_the_broker_kept_is_read(mosquitto: Mosquitto) -> None:
    async with running(mosquitto, Store()) as source:
        assert source.behind
        await connected(source)
        await read_up(source)
    await publish(mosquitto, numbers(0, 3_000))
    store = Store(full=True)
    async with running(mosquitto, store) as source:
        await publish(mosquitto, numbers(3_000, 6_000))
        assert source.behind, "none of it is passed on"
        store.full = False
        await read_up(source)
        assert len(store.payloads) >= 3_000
        await store.holds(numbers(0, 6_000))


async def test_without_the_right_to_publish_a_quiet_session_is_read_up(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(mosquitto, Store()) as source:
        await read_up(source)
    await publish(mosquitto, numbers(0, 100))
    monkeypatch.setattr(MqttConnection, "mark", lambda *_: None)
    monkeypatch.setattr(reader, "UNMARKED_QUIET_S", 0.5)
    store = Store()
    async with running(mosquitto, store) as source:
        await read_up(source)
        assert store.payloads == numbers(0, 100)
