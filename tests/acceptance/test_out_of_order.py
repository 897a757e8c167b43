"""Readings that came out of order and wait: killed between their commit and their judgement, each is judged once."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.support.batches import count, fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import wait_for
from tests.support.process import wait_until

PROBES = 8
ALLOWED_S = 10

CHANGES = """
select a.target, c.kind, (extract(epoch from a.opened_at) * 1000)::int8
from alert_change c join alert a on a.id = c.alert_id
"""


@pytest.fixture
def hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub with two workers and probes between them that send out of order."""
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "2")
    try:
        hub.start()
        metrics = {"level": {"name": "level", "unit": "m"}}
        hub.put("/profiles/probe", name="probe", metrics=metrics, allowed_lateness_s=ALLOWED_S)
        for number in range(PROBES):
            hub.put(f"/devices/p-{number}", name="probe", profile="probe")
        hub.put("/rules/high", name="High", profile="probe", metric="level", direction="above", thresholds={"blue": 50})
        hub.wait_for_devices(PROBES)
        yield hub
    finally:
        hub.close()


def _send(mosquitto: Mosquitto) -> set[tuple[str, str, int]]:
    """A low value now, and afterwards a high one of two seconds before; the changes that they are to lead to."""
    now = time.time_ns() // 1_000_000
    for ts, level in ((now, 1), (now - 2_000, 60)):
        body = json.dumps({"ts": ts, "values": {"level": level}}).encode()
        mosquitto.publish([(f"ganzhi/v1/p-{number}/telemetry", body) for number in range(PROBES)])
    return {(f"p-{number}/level", kind, now - 2_000) for number in range(PROBES) for kind in ("raised", "cleared")}


@pytest.mark.heavy
def test_what_waits_is_judged_once_after_a_kill_of_the_hub_and_of_a_worker(
    hub: Hub, database: str, mosquitto: Mosquitto
) -> None:
    expected = _send(mosquitto)
    wait_for(database, 2 * PROBES)
    hub.kill()
    assert count(database, "alert") == 0, "stored, but not judged"
    assert fetch(database, "select count(*) from reading where quality <> 0") == [(0,)]
    hub.start()
    wait_until(lambda: count(database, "alert_change") >= len(expected), "what waited is judged", 90)
    expected |= _send(mosquitto)
    wait_for(database, 4 * PROBES)
    os.kill(hub.workers[1], SIGKILL)
    wait_until(lambda: count(database, "alert_change") >= len(expected), "what waited is judged", 90)
    changes = fetch(database, CHANGES)
    assert len(changes) == len(expected), "once"
    assert set(changes) == expected
