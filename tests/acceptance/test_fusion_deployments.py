"""One process, four workers and the bus make the same incidents of the same events, also when the hub is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.broker import Mosquitto
from tests.support.bus import Bus
from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import wait_until

PLACES = {
    "smoke-1": (120.1000, 30.2000), "cam-1": (120.1010, 30.2000), "pole-1": (120.1005, 30.2005),
    "smoke-9": (120.2000, 30.2500), "gas-1": (120.3000, 30.2000), "gas-2": (120.3008, 30.2000),
    **{f"lamp-{n}": (120.4, 30.3) for n in range(1, 5)}, "pole-9": (120.4, 30.3),
}  # fmt: skip
KINDS = ("smoke", "power_loss", "gas_leak", "fault")
EVENTS = [
    ("smoke-1", "smoke"), ("smoke-9", "smoke"), ("cam-1", "smoke"), ("gas-1", "gas_leak"), ("pole-1", "power_loss"),
    ("gas-2", "gas_leak"), *((f"lamp-{n}", "power_loss") for n in range(1, 5)),
]  # fmt: skip
MADE = {
    ("fire-evidence", frozenset({"smoke-1", "cam-1", "pole-1"}), "red"),
    ("gas-evidence", frozenset({"gas-1", "gas-2"}), "red"),
    ("gateway-silent", frozenset({"lamp-1", "lamp-2", "lamp-3", "lamp-4"}), "yellow"),
}


def seed(hub: Hub) -> None:
    hub.put("/profiles/any", name="Any", category="municipal", metrics={})
    for kind in KINDS:
        hub.put(f"/rules/{kind}", name=kind, event_kind=kind, level="yellow")
    for code, (lon, lat) in sorted(PLACES.items(), key=lambda each: each[0].startswith("lamp")):
        parent = {"parent": "pole-9"} if code.startswith("lamp") else {}
        hub.put(f"/devices/{code}", name=code, profile="any", lon=lon, lat=lat, **parent)


def report(hub: Hub, events: list[tuple[str, str]]) -> None:
    body = [{"device": device, "kind": kind, "state": "active"} for device, kind in events]
    answer = hub.api.post("/api/v1/events:batch", json=body)
    assert answer.is_success, answer.text


def incidents(hub: Hub) -> set[tuple[str, frozenset[str], str]]:
    found: list[dict[str, Any]] = hub.api.get("/api/v1/incidents").json()["items"]
    details = [hub.api.get(f"/api/v1/incidents/{each['id']}").json() for each in found]
    return {(each["rule"], frozenset(one["device"] for one in each["members"]), each["level"]) for each in details}


@contextmanager
def running(kind: str, database: str, mosquitto: Mosquitto, folder: Path, kafka: Any) -> Iterator[Hub]:
    """A deployment that knows the devices; its process with the API."""
    if kind == "bus":
        bus = Bus(database, mosquitto.port, kafka(), folder, roles="api", workers=2)
        try:
            seed(bus.first.start())
            bus.start()
            yield bus.first
        finally:
            bus.close()
        return
    hub = Hub(database, mosquitto.port, folder, *([] if kind == "one" else ["--workers", "4"]))
    try:
        hub.start()
        seed(hub)
        hub.wait_for_devices(len(PLACES))
        yield hub
    finally:
        hub.close()


@pytest.fixture
def kafka_if_wanted(request: pytest.FixtureRequest) -> Any:
    def made() -> KafkaTopics:
        return request.getfixturevalue("kafka")  # type: ignore[no-any-return]

    return made


@pytest.mark.parametrize(
    "kind", ["one", pytest.param("workers", marks=pytest.mark.heavy), pytest.param("bus", marks=pytest.mark.heavy)]
)
def test_the_same_incidents_however_it_is_deployed(
    kind: str, database: str, mosquitto: Mosquitto, tmp_path: Path, kafka_if_wanted: Any
) -> None:
    with running(kind, database, mosquitto, tmp_path, kafka_if_wanted) as hub:
        report(hub, EVENTS[:4])
        if kind != "bus":
            hub.kill()
            hub.start()
        report(hub, EVENTS[4:])
        wait_until(lambda: incidents(hub) == MADE, "the incidents are there", 60, moved=lambda: incidents(hub))
        alerts = hub.api.get("/api/v1/alerts", params={"limit": 100}).json()["items"]
        assert len(alerts) == len(EVENTS)
        assert {each["device"]: each["incident"] is not None for each in alerts}["smoke-9"] is False
