"""An alert that a desk ends is told to whoever decides, with several workers and over the bus."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import open_bus
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.numbered import register
from tests.support.process import wait_until

GAUGES = range(4)
RULE: dict[str, Any] = {
    "name": "Many", "profile": "counter", "metric": "n", "direction": "above",
    "thresholds": {"yellow": 10, "red": 20}, "guidance": GUIDANCE,
}  # fmt: skip


@pytest.fixture(params=["workers", "bus"])
def hub(request: pytest.FixtureRequest, database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """The process with the API of a running hub that knows the numbered devices and the rule."""
    if request.param == "bus":
        kafka: KafkaTopics = request.getfixturevalue("kafka")
        with open_bus(database, mosquitto.port, kafka, tmp_path) as bus:
            bus.first.put("/rules/many", **RULE)
            bus.start()
            yield bus.first
            return
    crew = Hub(database, mosquitto.port, tmp_path, "--workers", "2")
    try:
        register(crew.start())
        crew.put("/rules/many", **RULE)
        yield crew
    finally:
        crew.close()


def _speak(broker: Mosquitto, value: float) -> None:
    payload = json.dumps({"n": value}).encode()
    broker.publish([(f"ganzhi/v1/counter-{number}/telemetry", payload) for number in GAUGES])


def _states(url: str) -> list[tuple[Any, ...]]:
    """(device, handling, condition, level) of all alerts."""
    return fetch(
        url,
        "select d.code, a.handling, a.cleared_at is null, a.level from alert a join device d on d.id = a.device_id "
        "order by d.code, a.raised_at",
    )


def _step(hub: Hub, alert: str, to: str) -> httpx.Response:
    return hub.api.post(f"/api/v1/alerts/{alert}/steps", json={"to": to})


def test_what_a_desk_ends_is_told_and_only_above_its_peak_is_another_raised(
    hub: Hub, database: str, mosquitto: Mosquitto
) -> None:
    codes = [f"counter-{number}" for number in GAUGES]
    _speak(mosquitto, 12)
    wait_until(lambda: _states(database) == [(code, "open", True, 2) for code in codes], "an alert each", 30)
    for alert, code in fetch(database, "select a.id, d.code from alert a join device d on d.id = a.device_id"):
        if code != "counter-0":
            assert _step(hub, str(alert), "false_alarm").status_code == 200
    wait_until(lambda: not fetch(database, "select from alert_ending"), "the endings are told", 30)

    _speak(mosquitto, 13)
    _speak(mosquitto, 12)
    _speak(mosquitto, 25)
    above = [("counter-0", "open", True, 4)]
    above += [(code, *rest) for code in codes[1:] for rest in (("false_alarm", False, 2), ("open", True, 4))]
    wait_until(lambda: _states(database) == above, "another alert where one had ended", 30)
    assert not fetch(database, "select reason, detail from dead_letter")
