"""Devices that fall silent, gateways, status topics, outages of the hub and of the broker: each finding pages once."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

FAST = {
    "HUB_HEALTH__EVERY_S": "0.1",
    "HUB_HEALTH__SEEN_EVERY_S": "0.1",
    "HUB_HEALTH__STATUS_HOLD_S": "1.5",
    "HUB_HEALTH__LEAST_SILENCE_S": "0.5",
    "HUB_HEALTH__FORGET_S": "2",
}
SILENCE_S = 2.0


class City:
    """A hub with a rule for devices that are offline."""

    def __init__(self, hub: Hub, database: str, broker: Mosquitto) -> None:
        self.hub, self.database, self.broker = hub, database, broker

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database, autocommit=True) as conn:
            cursor = conn.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def register(self, *codes: str, parent: str | None = None, silence_s: float | None = SILENCE_S) -> None:
        """Devices that may be silent for so long."""
        profile = "often" if silence_s else "seldom"
        self.hub.put(f"/profiles/{profile}", name=profile, metrics={"v": {"name": "v", "unit": "1"}})
        self.run("update profile set offline_after_s = %s where code = %s", silence_s, profile)
        known = self.hub.counter("ganzhi_devices_known")
        for code in codes:
            self.hub.put(f"/devices/{code}", name=code, profile=profile, **({"parent": parent} if parent else {}))
        self.hub.wait_for_devices(int(known) + len(codes))

    def speak(self, *codes: str, gateway: str | None = None) -> None:
        """A reading of each."""
        middle = f"{gateway}/child/" if gateway else ""
        payload = json.dumps({"v": time.time()}).encode()
        self.broker.publish([(f"ganzhi/v1/{middle}{code}/telemetry", payload) for code in codes])

    def say(self, code: str, status: str) -> None:
        self.broker.publish([(f"ganzhi/v1/{code}/status", status.encode())], retain=True)

    def health(self) -> dict[str, str]:
        """online, or why it is offline, of each device that something is known of."""
        rows = self.run(
            "select d.code, case when h.online then 'online' else h.cause end"
            " from device_health h join device d on d.id = h.device_id where h.online is not null"
        )
        return {str(code): str(state) for code, state in rows}

    def wait_for(self, seconds: float = 20, **states: str) -> None:
        """Wait until so many devices are in each state."""

        def reached() -> bool:
            found = list(self.health().values())
            return {state: found.count(state) for state in set(found)} == {k: int(v) for k, v in states.items()}

        try:
            wait_until(reached, f"{states}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.health()}") from None

    def events(self) -> list[tuple[str, str]]:
        """(device, state) of each offline event, in their order."""
        rows = self.run(
            "select d.code, e.state from event e join device d on d.id = e.device_id where kind = 'offline' order by ts"
        )
        return [(str(code), str(state)) for code, state in rows]

    def changes(self) -> list[str]:
        """What was paged."""
        return [str(kind) for (kind,) in self.run("select kind from alert_change order by cursor")]

    def settle(self) -> None:
        """Wait until it was decided on everything that was heard by now."""
        now = time.time()
        hears = "select 1 from listening having min(at) > to_timestamp(%s) and isfinite(max(since))"
        wait_until(lambda: bool(self.run(hears, now)), "everything heard until now")
        time.sleep(0.3)  # a decision each 0.1 s; there is no trace of one that changes nothing


@pytest.fixture
def city(database: str, mosquitto: Mosquitto, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[City]:
    """With a hub of one process, or of as many workers as the parameter says."""
    workers = getattr(request, "param", 0)
    hub = Hub(database, mosquitto.port, tmp_path, *(["--workers", str(workers)] if workers else []), **FAST)
    try:
        hub.start()
        hub.put("/rules/away", name="Away", event_kind="offline", level="yellow")
        yield City(hub, database, mosquitto)
    finally:
        hub.close()


@pytest.mark.parametrize("city", [0, 2], ids=["one process", "workers"], indirect=True)
def test_a_silent_device_pages_once_and_its_return_clears(city: City) -> None:
    city.register("a", "b")
    city.speak("a", "b")
    city.wait_for(online="2")
    began = time.monotonic()
    city.wait_for(silence="2")
    assert time.monotonic() - began > SILENCE_S - 1
    wait_until(lambda: len(city.changes()) == 2, "two alerts")
    city.speak("a")
    city.wait_for(online="1", silence="1")
    wait_until(lambda: city.changes() == ["raised", "raised", "cleared"], "cleared")
    assert sorted(city.events()) == [("a", "active"), ("a", "inactive"), ("b", "active")]
    history = city.run("select online, cause from device_online o join device d on d.id = device_id"
                       " where code = 'a' order by at")  # fmt: skip
    assert history[:3] == [(True, None), (False, "silence"), (True, None)]


def test_a_gateway_with_fifty_children_is_one_finding(city: City) -> None:
    children = [f"c{number}" for number in range(50)]
    city.register("pole", silence_s=None)
    city.register(*children, parent="pole")
    city.speak(*children, gateway="pole")
    city.wait_for(online="51")
    city.wait_for(silence="1", gateway="50")
    wait_until(lambda: city.changes() == ["raised"], "one alert")
    city.speak("c7", gateway="pole")
    wait_until(lambda: city.changes() == ["raised", "cleared"], "the gateway is back")
    assert city.events() == [("pole", "active"), ("pole", "inactive")]


def test_a_status_must_hold_and_maintenance_is_no_finding(city: City) -> None:
    city.register("flapping", "gone", "worked-on", "odd", silence_s=None)
    city.run("insert into maintenance (device_id, from_at, to_at) select id, now(), now() + interval '1 hour'"
             " from device where code = 'worked-on'")  # fmt: skip
    for code in ("flapping", "gone", "worked-on"):
        city.say(code, "online")
    city.say("odd", "perhaps")
    city.wait_for(online="3")
    city.say("gone", '{"state": "offline"}')
    city.say("worked-on", "offline")
    for _ in range(4):
        city.say("flapping", "offline")
        city.settle()
        city.say("flapping", "online")
        city.settle()
    city.wait_for(online="2", status="1")
    wait_until(lambda: city.changes() == ["raised"], "one alert")
    assert city.events() == [("gone", "active")]
    assert city.run("select reason from dead_letter") == [("status_unknown",)]
    # Retained messages come again when the hub subscribes again: nothing has changed.
    before = city.run("select device_id, online, at from device_status order by 1")
    city.hub.kill()
    city.hub.start()
    city.settle()
    assert city.run("select device_id, online, at from device_status order by 1") == before
    city.say("gone", "online")
    city.wait_for(online="3")
    wait_until(lambda: city.changes() == ["raised", "cleared"], "cleared")


@pytest.mark.heavy
def test_a_restart_and_an_outage_of_the_broker_are_no_silence(city: City) -> None:
    codes = [f"d{number}" for number in range(200)]
    city.register(*codes)
    city.speak(*codes)
    city.wait_for(online="200")
    city.hub.kill()
    time.sleep(SILENCE_S + 1)
    city.hub.start()
    city.settle()
    city.speak(*codes)
    city.settle()
    assert set(city.health().values()) == {"online"}
    city.broker.stop()
    time.sleep(2 * SILENCE_S + 1)  # longer than it takes to forget a process that says nothing
    city.broker.start()
    wait_until(lambda: city.hub.api.get("/readyz").status_code == 200, "the hub is connected again")
    city.settle()
    city.speak(*codes)
    city.settle()
    assert set(city.health().values()) == {"online"}
    assert not city.events()
    city.wait_for(silence="200")  # and then it is decided again
    wait_until(lambda: len(city.changes()) == 200, "200 alerts")


def test_a_kill_between_decision_and_commit_pages_once(city: City) -> None:
    city.register("a")
    city.speak("a")
    city.wait_for(online="1")
    with psycopg.connect(city.database) as blocking:
        blocking.execute("lock table event in exclusive mode")
        city.wait_for(silence="1")
        city.hub.kill()
        assert city.run("select told from device_health") == [(False,)]
    city.hub.start()
    wait_until(lambda: city.changes() == ["raised"], "the alert")
    wait_until(lambda: city.run("select told from device_health") == [(True,)], "told")
    city.run("update device_health set told = false")  # as if it had been killed just before it could note that
    city.hub.kill()
    city.hub.start()
    wait_until(lambda: city.run("select told from device_health") == [(True,)], "told again")
    assert (city.events(), city.changes()) == ([("a", "active")], ["raised"])
