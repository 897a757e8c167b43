"""A device floods the hub with garbage beside one that sends readings: on a real broker that the hub may tell."""

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.dynsec import HUB, PASSWORD, Client, GuardedBroker
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

FAST = {
    "HUB_FLOODS__REFUSED_PER_S": "50",
    "HUB_FLOODS__KEPT_UP_S": "1",
    "HUB_FLOODS__DISABLE_S": "3",
}
GARBAGE = 3_000
START_MS = 1_772_352_000_000


def garbage(number: int) -> bytes:
    """Text of 3 kB that is no JSON, each time another: it may hold anything, also names of fields."""
    chosen = random.Random(number)
    words = ("face", "plate", "pm25", "{", "}", '"values":', "age", "prone", "报警", "\x00\xff")
    return "".join(chosen.choices(words, k=GARBAGE // 5)).encode()[:GARBAGE]


def readings(number: int) -> bytes:
    return b'{"ts":%d,"values":{"pm25":%d}}' % (START_MS + number, number)


def stored(database: str, device: str) -> list[int]:
    with psycopg.connect(database) as conn:
        rows = conn.execute(
            "select value::int from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
            " where d.code = %s order by 1",
            (device,),
        ).fetchall()
    return [value for (value,) in rows]


def heard(database: str, good: int) -> None:
    """Wait until so many readings of the other device are stored."""
    wait_until(lambda: stored(database, "calm") == list(range(good)), "what the other one sends is stored")


def refused(database: str) -> tuple[int, int]:
    """Kept as dead letters, and only counted."""
    with psycopg.connect(database) as conn:
        row = conn.execute(
            "select coalesce(sum(stored), 0)::int, coalesce(sum(dropped), 0)::int from dead_letter_count"
        )
        return row.fetchone() or (0, 0)


@pytest.fixture
def guarded(database: str, guarded_broker: GuardedBroker, tmp_path: Path) -> Iterator[Hub]:
    """A hub that tells the broker who may, with devices noisy and calm."""
    guarded_broker.start()
    login = {"HUB_MQTT__ACCESS": "dynsec", "HUB_MQTT__USERNAME": HUB, "HUB_MQTT__PASSWORD": PASSWORD}
    hub = Hub(database, guarded_broker.port, tmp_path, **login, **FAST)
    try:
        hub.start()
        wait_until(lambda: "accounts match the registry" in hub.text(), "the hub has its role")
        add_devices(hub)
        yield hub
    finally:
        hub.close()


def add_devices(hub: Hub) -> None:
    hub.put("/profiles/air", name="Air", metrics={"pm25": {"name": "PM2.5", "unit": "ug/m3"}})
    for code in ("noisy", "calm"):
        hub.put(f"/devices/{code}", name=code, profile="air")
    hub.wait_for_devices(2)


def login(hub: Hub, code: str) -> tuple[str, str]:
    answer = hub.api.post(f"/api/v1/devices/{code}/credentials", json={"kind": "password"})
    assert answer.status_code == 201, answer.text
    return answer.json()["username"], answer.json()["secret"]


@pytest.mark.heavy
def test_a_device_that_floods_is_kept_out_and_others_are_heard(
    guarded: Hub, guarded_broker: GuardedBroker, database: str, tmp_path: Path
) -> None:
    noisy, calm = login(guarded, "noisy"), login(guarded, "calm")
    sent, good = 0, 0
    with Client(guarded_broker.port, *noisy) as device, Client(guarded_broker.port, *calm) as other:
        while not device.lost:
            for number in range(sent, sent + 100):
                device.paho.publish("ganzhi/v1/noisy/telemetry", garbage(number), 1)
            sent += 100
            device.paho.publish("ganzhi/v1/noisy/telemetry", readings(sent), 1)  # its good ones count, too
            other.publish("ganzhi/v1/calm/telemetry", readings(good).decode())
            good += 1
            heard(database, good)
            assert sent < 20_000, "it is never thrown out"
        assert not other.lost
    with Client(guarded_broker.port, *noisy) as again:
        assert again.refused
    assert stored(database, "calm") == list(range(good))
    numbers = stored(database, "noisy")
    assert numbers == [*range(100, 100 * len(numbers) + 1, 100)], "each good one up to when it was thrown out"
    kept, counted = refused(database)
    [flood] = guarded.api.get("/api/v1/status").json()["floods"]
    lasted_s = (datetime.fromisoformat(flood["last_at"]) - datetime.fromisoformat(flood["since"])).total_seconds()
    assert kept <= 100 + 50 * (lasted_s + 5), "two seconds' worth, and what the rate allows"
    assert 0 < counted <= sent - kept
    assert (flood["device"], flood["disabled_until"] is not None) == ("noisy", True)
    told = guarded.api.get("/api/v1/devices/noisy/diagnosis").json()
    assert "flood_kept_out" in {finding["code"] for finding in told["findings"]}
    status, said = run_hub("check", env=guarded.env, folder=tmp_path)
    assert status == 0, said
    assert "device noisy floods" in said
    assert "are disabled until" in said

    def enters() -> bool:
        with Client(guarded_broker.port, *noisy) as back:
            return not back.refused

    wait_until(enters, "it is let in again once its time is over")


@pytest.mark.parametrize("flood", [6_000, pytest.param(60_000, marks=pytest.mark.heavy)])
def test_without_rights_on_the_broker_it_is_named(
    database: str, mosquitto: Mosquitto, tmp_path: Path, flood: int
) -> None:
    hub = Hub(database, mosquitto.port, tmp_path, **FAST)
    try:
        hub.start()
        add_devices(hub)
        flood_beside_readings(hub, mosquitto, database, flood)
        [named] = hub.api.get("/api/v1/status").json()["floods"]
        assert (named["device"], named["disabled_until"]) == ("noisy", None)
        told = hub.api.get("/api/v1/devices/noisy/diagnosis").json()
        assert {"flood", "flood_kept_out"} & {finding["code"] for finding in told["findings"]}
        _, said = run_hub("check", env=hub.env, folder=tmp_path)
        assert "device noisy floods" in said
        assert "with mqtt.access the hub could disable its account" in said
        mosquitto.publish([("ganzhi/v1/stranger/telemetry", b'{"faceId": "whose"')])
        query = "select payload, detail like %s from dead_letter where device = 'stranger'"
        with psycopg.connect(database, autocommit=True) as conn:
            stranger = wait_until(lambda: conn.execute(query, ("%not kept%",)).fetchall(), "its letter is stored")
        assert stranger == [(b"", True)], "the privacy gate sees what is stored"
    finally:
        hub.close()


def flood_beside_readings(hub: Hub, broker: Mosquitto, database: str, least: int) -> None:
    """Pieces of garbage, at least so many, until it is named; a reading of another device after each hundred."""
    sent = good = 0

    def floods() -> list[object]:
        return list(hub.api.get("/api/v1/status").json()["floods"])

    while sent < least or not floods():
        parts = []
        for _ in range(10):
            parts += [("ganzhi/v1/noisy/telemetry", garbage(sent + number)) for number in range(100)]
            parts.append(("ganzhi/v1/calm/telemetry", readings(good)))
            sent, good = sent + 100, good + 1
        broker.publish(parts)
        assert sent < least + 100_000, "it is never named"
    heard(database, good)
    wait_until(lambda: sum(refused(database)) == sent, "each refused message is counted")
