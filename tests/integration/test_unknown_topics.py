"""Nothing below the hub's prefix disappears: messages on topics that are none of the contract, on a real broker."""

import json
from typing import Any

import psycopg
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until
from tests.support.sessions import subscribe

STRAYS = {
    "ganzhi/v1/d1/Telemetry": "ganzhi/v1/d1/telemetry",
    "ganzhi/v1/d1/telemetry/": "ganzhi/v1/d1/telemetry",
    "/ganzhi/v1/d1/event": "ganzhi/v1/d1/event",
    "ganzhi/d1/telemetry": "ganzhi/v1/d1/telemetry",
    "ganzhi/g1/child/d1/status": "ganzhi/v1/g1/child/d1/status",
    "ganzhi/v1/d1/ALARM": "ganzhi/v1/d1/event",
}
"""Those that each session hears."""
ODD = {
    "ganzhi/v1/d1": "ganzhi/v1/d1/telemetry",
    "ganzhi/v1/d1/anything": "ganzhi/v1/d1/telemetry",
    "ganzhi/v1/d1/telemetry/pm25": "ganzhi/v1/d1/telemetry",
}
ALERTS = 1_000
READINGS = "select count(*)::int from reading"


def publish(broker: Mosquitto, *topics: str, **body: Any) -> None:
    broker.publish([(topic, json.dumps(body or {"pm25": 1}).encode()) for topic in topics])


@pytest.fixture
def city(hub: Hub) -> Hub:
    hub.register("d1", "pm25")
    return hub


def letters(database: str) -> dict[str, tuple[str, str, str]]:
    found = fetch(database, "select address, reason, device, detail from dead_letter")
    assert len(found) == len({row[0] for row in found}), "each once"
    return {address: (reason, device, detail) for address, reason, device, detail in found}


def diagnosed(hub: Hub) -> str:
    return str(hub.api.get("/api/v1/devices/d1/diagnosis", params={"lang": "en"}).json()["findings"])


def test_each_becomes_a_letter_that_names_the_right_topic(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    wrong = STRAYS | ODD
    publish(mosquitto, *wrong)
    publish(mosquitto, "ganzhi/v1/d1/events", "ganzhi/v1/d1/event", kind="door_open")
    wait_until(lambda: len(letters(database)) == len(wrong), "all of them", moved=lambda: len(letters(database)))
    for address, (reason, device, detail) in letters(database).items():
        assert (reason, device) == ("unknown_topic", "d1")
        assert f"publish to {wrong[address]}, not to" in detail
    assert fetch(database, "select count(*) from event") == [(2,)]
    assert "Publish to ganzhi/v1/d1/" in diagnosed(city)
    assert "refused_unknown_topic" in diagnosed(city)


def test_a_session_of_an_older_version_hears_the_frequent_ones_and_nothing_twice(
    city: Hub, mosquitto: Mosquitto, database: str
) -> None:
    city.kill()
    with psycopg.connect(database) as conn:  # a session as that version made it
        conn.execute("update mqtt_session set client_id = 'ganzhi-hub-before', whole = false, filters = null")
    subscribe(mosquitto.port, "ganzhi-hub-before")
    city.start()
    publish(mosquitto, *STRAYS)
    wait_until(lambda: len(letters(database)) == len(STRAYS), "all", moved=lambda: len(letters(database)))
    publish(mosquitto, "ganzhi/v1/d1/telemetry", "ganzhi/v1/d1/telemetry")
    wait_until(lambda: fetch(database, READINGS) == [(2,)], "both are stored, once")
    assert len(letters(database)) == len(STRAYS)


def test_what_the_hub_publishes_is_never_a_letter(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    mosquitto.publish((f"ganzhi/v1/alerts/3101{number % 16:02}/red", b"{}") for number in range(ALERTS))
    publish(mosquitto, "ganzhi/v1/d1/command", "ganzhi/v1/g1/child/d1/command", "ganzhi/v1/hub-check/ganzhi-hub")
    publish(mosquitto, "ganzhi/v1/d1/telemetry")
    wait_until(lambda: fetch(database, READINGS) == [(1,)], "what comes behind them is stored")
    assert letters(database) == {}
