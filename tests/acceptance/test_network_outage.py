"""A network whose broker is away, or says nothing any more: one alert, and no device of it is told offline."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.frames_networks import UP
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

EUIS = ("0101010101010101", "0202020202020202")
LASTING = "select target from alert where origin = 'hub' and cleared_at is null"
OFFLINE = "select d.code from event e join device d on d.id = e.device_id where e.kind = 'offline' order by 1"


@pytest.mark.heavy
def test_an_outage_and_a_silence_of_a_network_are_one_alert_each(
    mosquitto: Mosquitto, database: str, tmp_path: Path
) -> None:
    (folder := tmp_path / "lora").mkdir()
    program = find_mosquitto()
    assert program is not None
    lora_broker = Mosquitto(program, folder).start()
    lora = {"name": "lora", "protocol": "chirpstack", "host": lora_broker.host, "port": lora_broker.port}
    settings = {"HUB_HEALTH__EVERY_S": "0.2", "HUB_HEALTH__SEEN_EVERY_S": "0.2"}
    networks = json.dumps([{**lora, "rhythm_s": 2}])
    hub = Hub(database, mosquitto.port, tmp_path, HUB_NETWORKS__BROKERS=networks, **settings)
    second = 15

    def up(*numbers: int) -> bool:
        nonlocal second
        second += 1
        for number in numbers:
            told = UP.replace(b"09:34:15", b"09:%02d:%02d" % divmod(second, 60))
            lora_broker.publish([(f"application/a/device/{EUIS[number]}/event/up", told)])
        return True

    def while_heard(done: Callable[[], bool], what: str, *numbers: int) -> None:
        wait_until(lambda: up(*numbers) and done(), what)

    def degraded() -> list[str]:
        answer = hub.api.get("/readyz")
        assert answer.status_code == 200, "the hub is ready whether or not a network is there"
        return list(answer.json()["degraded"])

    try:
        hub.start()
        battery = {"battery": {"name": "Battery", "unit": "%"}}
        hub.put("/profiles/th", name="TH", metrics=battery, payload="milesight", offline_after_s=4)
        for number, eui in enumerate(EUIS):
            hub.put(f"/devices/th-{number}", name="TH", profile="th")
            hub.put(f"/devices/th-{number}/addresses/deveui/{eui}")
        online = "select count(*)::int from device_health where online"
        while_heard(lambda: fetch(database, online) == [(2,)], "both are online", 0, 1)

        lora_broker.stop()
        wait_until(lambda: fetch(database, LASTING) == [("network_away:lora",)], "its outage is an alert")
        assert degraded() == ["not connected to network lora"]
        env = hub.env | {"HUB_URL": str(hub.api.base_url)}
        _, said = run_hub("check", env=env, folder=tmp_path)
        assert "network lora (chirpstack): not connected to its broker since" in said
        assert fetch(database, OFFLINE) == [], "its devices would be offline by their profile"
        lora_broker.start()
        while_heard(lambda: fetch(database, LASTING) == [], "it is back", 0, 1)

        wait_until(lambda: fetch(database, LASTING) == [("network_silent:lora",)], "so is its silence")
        assert degraded() == ["nothing comes from network lora"]
        assert fetch(database, OFFLINE) == []
        while_heard(lambda: fetch(database, LASTING) == [], "it is heard again", 0)
        assert fetch(database, "select count(*)::int from alert where origin = 'hub'") == [(2,)]
        while_heard(
            lambda: fetch(database, OFFLINE) == [("th-1",)], "who is silent while others are heard is offline", 0
        )
        assert degraded() == []
    finally:
        hub.close()
        lora_broker.stop()
