"""The database goes for longer than devices may be silent: none of them is taken for silent."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.hub import Hub
from tests.support.numbered import DEVICES, register
from tests.support.process import wait_until

SILENCE_S = 6.0  # more than it may take a busy machine from hearing again to the next message
FAST = {"EVERY_S": "0.1", "SEEN_EVERY_S": "0.1", "FORGET_S": "2"}


@pytest.fixture
def watching(own_database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose devices may be silent for SILENCE_S."""
    hub = Hub(own_database, mosquitto.port, tmp_path, **{f"HUB_HEALTH__{name}": value for name, value in FAST.items()})
    try:
        register(hub.start())
        with psycopg.connect(own_database, autocommit=True) as conn:
            conn.execute("update profile set offline_after_s = %s", (SILENCE_S,))
        yield hub
    finally:
        hub.close()


@pytest.mark.heavy
def test_an_outage_of_the_store_is_no_silence(
    watching: Hub, own_database: str, own_cluster: Cluster, mosquitto: Mosquitto
) -> None:
    def speak() -> None:
        mosquitto.publish([(f"ganzhi/v1/counter-{number}/telemetry", b'{"n": 1}') for number in range(DEVICES)])

    def states() -> set[object]:
        return {online for (online,) in fetch(own_database, "select online from device_health")}

    speak()
    wait_until(lambda: fetch(own_database, "select count(*) from device_health") == [(DEVICES,)], "all are online")
    own_cluster.kill()
    time.sleep(SILENCE_S + 2)
    own_cluster.start()
    hears = "select 1 from listening having isfinite(max(since)) and min(at) > now() - interval '1 s' and count(*) > 1"
    wait_until(lambda: bool(fetch(own_database, hears)), "the hub hears again", 40)

    def ready() -> bool:
        speak()  # also while a busy machine takes longer than the silence to be ready
        return watching.api.get("/readyz").status_code == 200

    wait_until(ready, "the hub is ready again", 40)
    assert states() == {True}
    assert not fetch(own_database, "select from device_online where not online")
    wait_until(lambda: states() == {False}, "and then silence counts again", 40)
