"""`hub serve --workers 3`: a rule that goes by a gateway raises alerts of devices that other workers receive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

GAUGES = [f"gauge-{n}" for n in range(6)]


@pytest.fixture
def crew(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "3")
    try:
        yield hub.start()
    finally:
        hub.close()


def _post(hub: Hub, *readings: tuple[str, str, float]) -> None:
    body = [{"device": device, "values": {metric: value}} for device, metric, value in readings]
    answer = hub.api.post("/api/v1/telemetry:batch", json=body)
    assert answer.is_success, answer.text


def test_a_gateway_is_known_to_all_workers_while_they_run(crew: Hub) -> None:
    crew.put("/profiles/gauge", name="Gauge", metrics={"level": {"name": "Level", "unit": "m", "min": 0, "max": 30}})
    crew.put("/profiles/cabinet", name="Cabinet", metrics={"power": {"name": "P", "unit": "W", "min": 0, "max": 1}})
    crew.put("/devices/cab", name="cab", profile="cabinet")
    for code in GAUGES:
        crew.put(f"/devices/{code}", name=code, profile="gauge", parent="cab")
    crew.wait_for_devices(len(GAUGES) + 1)
    expression = "level > 3 && gateway.power < 1"
    thresholds = {"yellow": 1}
    crew.put("/rules/dark", name="d", profile="gauge", expression=expression, direction="above", thresholds=thresholds)
    _post(crew, ("cab", "power", 1.0))

    def active() -> set[str]:
        _post(crew, *((code, "level", 4.0) for code in GAUGES))
        return {each["device"] for each in crew.api.get("/api/v1/alerts?active=true").json()["items"]}

    assert active() == set()
    _post(crew, ("cab", "power", 0.0))
    wait_until(lambda: active() == set(GAUGES), "each gauge has its alert")
    _post(crew, ("cab", "power", 1.0))
    wait_until(lambda: active() == set(), "each alert is cleared")
