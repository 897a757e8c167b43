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

SILENCE_S = 2.0
HEARS = """
select extract(epoch from max(since))::float8 from listening
having isfinite(max(since)) and min(at) > now() - interval '1 s' and count(*) > 1"""
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
    mosquitto.publish([(f"ganzhi/v1/counter-{number}/telemetry", b'{"n": 1}') for number in range(DEVICES)])
    wait_until(lambda: fetch(own_database, "select count(*) from device_health") == [(DEVICES,)], "all are online")
    own_cluster.kill()
    time.sleep(SILENCE_S + 2)
    back = time.time()
    own_cluster.start()
    [(hears,)] = wait_until(lambda: fetch(own_database, HEARS), "the hub hears again", 40)
    assert hears >= back, "what was not said while the store was away is no silence"
    offline = "select extract(epoch from at)::float8 from device_online where not online"
    wait_until(lambda: len(fetch(own_database, offline)) == DEVICES, "and then silence counts again", 40)
    assert all(at >= hears + SILENCE_S for (at,) in fetch(own_database, offline)), "each has its whole time"
