"""A silent series is told once, whatever is killed, and not before it could have been heard for long enough."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import register, wait_for
from tests.support.process import wait_until

SILENT_S = 3
RULE: dict[str, Any] = {
    "name": "Silent", "profile": "counter", "metric": "n", "signal": "silence", "direction": "above",
    "thresholds": {"blue": SILENT_S},
}  # fmt: skip
TOLD = """
select d.code, array_agg(c.kind order by c.cursor) from alert_change c join alert a on a.id = c.alert_id
join device d on d.id = a.device_id group by 1 order by 1"""
HEAVY = pytest.mark.heavy


@pytest.fixture(params=["direct", pytest.param("workers", marks=HEAVY)])
def hub(request: pytest.FixtureRequest, database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    made = Hub(database, mosquitto.port, tmp_path, *(["--workers", "2"] if request.param == "workers" else []))
    try:
        register(made.start())
        made.put("/rules/silent", **RULE)
        yield made
    finally:
        made.close()


def _kill(hub: Hub) -> None:
    """SIGKILL to whatever decides, which runs again."""
    workers = hub.workers
    for pid in workers.values():
        os.kill(pid, signal.SIGKILL)
    if not workers:
        hub.kill()
        hub.start()
    wait_until(lambda: not set(workers.values()) & set(hub.workers.values()), "others run in their place")


def _publish(broker: Mosquitto, *numbers: int) -> None:
    payload = json.dumps({"ts": time.time_ns() // 1_000_000, "n": 1}).encode()
    broker.publish([(f"ganzhi/v1/counter-{number}/telemetry", payload) for number in numbers])


@pytest.mark.heavy
def test_silence_is_told_once_across_kills_and_ends_with_a_reading(
    hub: Hub, database: str, mosquitto: Mosquitto
) -> None:
    _publish(mosquitto, 0, 1, 2)
    wait_for(database, 3)
    began = time.time()
    _kill(hub)
    one = ["raised"]
    wait_until(lambda: dict(fetch(database, TOLD)) == {f"counter-{number}": one for number in range(3)}, "told", 60)
    [(first,)] = fetch(database, "select min(extract(epoch from opened_at)) from alert")
    if not hub.workers:  # whose reading process heard all the while
        assert first > began + SILENT_S, "what could not be heard is no silence"
    _kill(hub)
    _publish(mosquitto, 0)
    two = ["raised", "cleared"]
    wait_until(lambda: dict(fetch(database, TOLD))["counter-0"][:2] == two, "it is back", 60)
    # It is silent again: whatever would be told a second time of the others is told by then.
    wait_until(lambda: len(dict(fetch(database, TOLD))["counter-0"]) == 3, "it is silent again", 60)
    assert dict(fetch(database, TOLD)) == {"counter-0": [*two, "raised"], "counter-1": one, "counter-2": one}


@pytest.mark.heavy
def test_a_device_that_is_active_again_has_its_whole_time_though_the_hub_is_killed(
    hub: Hub, database: str, mosquitto: Mosquitto
) -> None:
    """Of workers the reading process hears all the while, so that nothing but the stored time puts it off."""
    _publish(mosquitto, 0, 1)
    wait_for(database, 2)
    _step(hub, "suspended")
    wait_until(lambda: dict(fetch(database, TOLD)) == {"counter-1": ["raised"]}, "the other one is told", 60)
    _step(hub, "active")
    if hub.workers:
        _kill(hub)
    wait_until(lambda: "counter-0" in dict(fetch(database, TOLD)), "it is silent still", 60)
    [(after,)] = fetch(
        database,
        """select extract(epoch from a.opened_at - d.active_since)::float8
           from alert a join device d on d.id = a.device_id where d.code = 'counter-0'""",
    )
    assert after >= SILENT_S
    assert dict(fetch(database, TOLD)) == {"counter-0": ["raised"], "counter-1": ["raised"]}


def _step(hub: Hub, to: str) -> None:
    answer = hub.api.post("/api/v1/devices/counter-0/steps", json={"to": to})
    assert answer.is_success, answer.text
