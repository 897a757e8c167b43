"""What a broker retains and sends again to whoever subscribes: on a real broker, with a session that it has lost."""

import json
from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until
from tests.support.sessions import client_id, end

OWN_MS = 1_772_352_000_000
RETAINED: list[tuple[str, Any]] = [
    ("pole/telemetry", {"lux": 5}),
    ("pole/telemetry", {"ts": OWN_MS, "values": {"lux": 6}}),
    ("bell/event", {"kind": "manual_alarm", "id": "7"}),
    ("gas/event", {"kind": "smoke", "state": "active", "ts": OWN_MS}),
    ("lamp/status", "offline"),
]
STORED = "select (select count(*) from reading), (select count(*) from event), (select count(*) from alert_change)"


def say(broker: Mosquitto, *messages: tuple[str, Any], retain: bool) -> None:
    broker.publish(
        [
            (f"ganzhi/v1/{at}", body.encode() if isinstance(body, str) else json.dumps(body).encode())
            for at, body in messages
        ],
        retain=retain,
    )


def forget(hub: Hub, broker: Mosquitto, database: str) -> None:
    """The hub is killed, and the broker loses its session: what it retains comes to the next one."""
    hub.kill()
    end(broker.port, client_id(database))
    hub.start()


def findings(hub: Hub, device: str) -> dict[str, str]:
    answer = hub.api.get(f"/api/v1/devices/{device}/diagnosis", params={"lang": "en"}).json()
    return {each["code"]: each["what"] for each in answer["findings"]}


@pytest.fixture
def city(hub: Hub) -> Hub:
    hub.put("/profiles/any", name="Any", metrics={"lux": {"name": "Lux", "unit": "lx"}})
    for device in ("pole", "bell", "gas", "lamp"):
        hub.put(f"/devices/{device}", name=device, profile="any")
    hub.put("/rules/bell", name="Bell", event_kind="manual_alarm", level="red")
    hub.wait_for_devices(4)
    return hub


def test_it_is_no_news_and_no_sign_of_life(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    say(mosquitto, *RETAINED, retain=True)
    say(mosquitto, ("lamp/status", "online"), ("bell/telemetry", {"lux": 1}), retain=False)
    wait_until(lambda: fetch(database, STORED) == [(3, 2, 1)], "all of it is new")
    wait_until(lambda: fetch(database, "select count(*) from device_seen") == [(3,)], "it is known who was heard")
    heard = "select device_id, seen_at from device_seen order by 1"
    before = fetch(database, heard)
    said = fetch(database, "select online, at from device_status")
    forget(city, mosquitto, database)
    counts = "select d.code, n.retained from device_no_news n join device d on d.id = n.device_id order by 1"
    wait_until(lambda: fetch(database, counts) == [("bell", 1)], "the one without a time is counted")
    say(mosquitto, ("pole/event", {"kind": "manual_alarm", "state": "inactive"}), retain=False)
    wait_until(lambda: fetch(database, STORED) == [(3, 3, 1)], "what comes behind it is taken")
    assert fetch(database, heard)[:2] == before[:2]
    assert fetch(database, "select online, at from device_status") == said == [(True, said[0][1])]
    assert fetch(database, "select count(*) from dead_letter") == [(0,)]
    assert "because the broker had retained them" in findings(city, "bell")["retained"]


@pytest.mark.heavy
def test_of_a_device_that_was_never_heard_a_retained_status_counts_until_it_is(
    city: Hub, mosquitto: Mosquitto, database: str
) -> None:
    city.terminate()  # a hub that is killed is waited for before anybody is judged
    end(mosquitto.port, client_id(database))
    say(mosquitto, ("lamp/status", "offline"), retain=True)
    city.start()
    wait_until(lambda: fetch(database, "select online, at::text from device_status") != [], "it is known")
    with psycopg.connect(database) as conn:
        assert conn.execute("select online, at = 'epoch' from device_status").fetchall() == [(False, True)]
    say(mosquitto, ("lamp/telemetry", {"lux": 3}), retain=False)
    online = "select online from device_health h join device d on d.id = h.device_id where code = 'lamp'"
    wait_until(lambda: fetch(database, online) == [(True,)], "it is there")


def test_clearing_a_retained_topic_is_no_dead_letter(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    say(mosquitto, *RETAINED, retain=True)
    say(mosquitto, *((at, "") for at, _ in RETAINED), ("stranger/telemetry", ""), retain=True)
    say(mosquitto, ("pole/telemetry", {"lux": 9}), retain=False)
    wait_until(lambda: fetch(database, "select count(*) from reading") == [(3,)], "all of it is taken")
    assert fetch(database, "select count(*) from dead_letter") == [(0,)]
    assert fetch(database, "select sum(empty)::int from device_no_news") == [(4,)]
    assert "were empty" in findings(city, "pole")["empty_messages"]


def asked_for(broker: Mosquitto, since: int) -> Counter[str]:
    """Filters that hubs have asked for, from a place of the broker's log on."""
    lines = [line.split() for line in broker.text()[since:].splitlines()]
    return Counter(words[-1] for words in lines if len(words) == 4 and words[1].startswith("ganzhi-hub-"))


def test_a_resumed_session_asks_for_new_filters_only(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    some = "select cardinality(filters) > 0 from mqtt_session"
    wait_until(lambda: fetch(database, some) == [(True,)], "what was granted is noted")
    city.kill()
    mosquitto.stop()
    mosquitto.settings["log_type"] = "subscribe"
    mosquitto.start()
    since = len(mosquitto.text())
    city.start()
    say(mosquitto, ("pole/telemetry", {"lux": 1}), retain=False)
    wait_until(lambda: fetch(database, "select count(*) from reading") == [(1,)], "it is subscribed")
    assert not asked_for(mosquitto, since)
    city.kill()
    with psycopg.connect(database) as conn:  # as a version left it that noted nothing
        conn.execute("update mqtt_session set whole = false, filters = null")
    city.start()
    wait_until(lambda: asked_for(mosquitto, since)["ganzhi/v1/+/events"] == 1, "new filters are asked for")
    noted = "select 'ganzhi/v1/+/events' = any (filters) and 'ganzhi/v1/+/telemetry' = any (filters) from mqtt_session"
    wait_until(lambda: fetch(database, noted) == [(True,)], "and noted with the old ones")
    asked = asked_for(mosquitto, since)
    assert set(asked.values()) == {1}
    assert "ganzhi/v1/+/telemetry" not in asked
