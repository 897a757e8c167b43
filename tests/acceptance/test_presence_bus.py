"""Presence in the bus deployment: edges have no store, several workers share the devices, one of all decides."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import Bus, open_bus
from tests.support.kafka_topics import KafkaTopics
from tests.support.numbered import DEVICES
from tests.support.process import wait_until

SILENCE_S = 3.0
FAST = {"EVERY_S": "0.1", "SEEN_EVERY_S": "0.1", "LEAST_SILENCE_S": "0.5", "FORGET_S": "3"}


@pytest.fixture
def city(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bus]:
    for name, value in FAST.items():
        monkeypatch.setenv(f"HUB_HEALTH__{name}", value)
    with open_bus(database, mosquitto.port, kafka, tmp_path) as bus:
        yield bus


def _speak(broker: Mosquitto, *numbers: int) -> None:
    payload = json.dumps({"n": int(time.time() * 1000)}).encode()
    broker.publish([(f"ganzhi/v1/counter-{number}/telemetry", payload) for number in numbers])


def _online(url: str) -> int:
    return int(fetch(url, "select count(*) from device_health where online")[0][0])


def _paged(url: str) -> list[str]:
    return [str(kind) for (kind,) in fetch(url, "select kind from alert_change order by cursor")]


@pytest.mark.heavy
def test_silence_is_told_through_the_bus_and_an_edge_that_is_cut_off_is_no_silence(
    city: Bus, database: str, mosquitto: Mosquitto
) -> None:
    everyone = range(DEVICES)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update profile set offline_after_s = %s", (SILENCE_S,))
    city.first.put("/rules/away", name="Away", event_kind="offline", level="yellow")
    city.start()
    _speak(mosquitto, *everyone)
    wait_until(lambda: _online(database) == DEVICES, "all are online", 40)
    mosquitto.stop()
    time.sleep(SILENCE_S + 4)  # also longer than it takes to forget a process that says nothing
    mosquitto.start()
    city.edge.wait_for_line("WARNING ingest.mqtt.source: connected to the broker", 40)
    _speak(mosquitto, *everyone)
    wait_until(lambda: _online(database) == DEVICES, "all are online")
    assert not fetch(database, "select from event")
    deadline = time.monotonic() + 60
    while (silent := DEVICES - _online(database)) < DEVICES - 1:
        assert time.monotonic() < deadline, f"{silent} are silent"
        _speak(mosquitto, 0)
        time.sleep(0.2)
    wait_until(lambda: _paged(database) == ["raised"] * (DEVICES - 1), "an alert for each but one", 30)
    _speak(mosquitto, *everyone)
    wait_until(lambda: _paged(database)[DEVICES - 1 :] == ["cleared"] * (DEVICES - 1), "all cleared", 30)
    assert not fetch(database, "select reason, detail from dead_letter")
