"""A hub that is killed while it forwards: what was acknowledged arrives, each report under one number."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from devices.codecs.hj212.frame import read
from simulator.stations.crowd import Crowd
from simulator.stations.things import KINDS
from simulator.stations.wanted import Wanted
from tests.support.acceptor import Acceptor, accepting, fields_of
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import free_port, wait_until

REPORTS = 60
BEGAN = 1_764_400_860
"""Seconds: each report is of one of its own."""


@pytest.fixture
def forwarding_hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    stations = {"HUB_SESSION__HJ212__LISTEN": f"127.0.0.1:{free_port()}"}
    hub = Hub(database, mosquitto.port, tmp_path, HUB_OUTGOING__FORWARD='["127.0.0.0/8"]', **stations)
    try:
        yield hub.start()
    finally:
        hub.close()


@pytest.mark.heavy
def test_a_killed_hub_forwards_all_that_it_acknowledged_and_nothing_under_two_numbers(forwarding_hub: Hub) -> None:
    hub, done = forwarding_hub, threading.Event()
    hub.register("air-1", "pm25")

    def post() -> None:
        with httpx.Client(base_url=hub.api.base_url) as client:
            for number in range(REPORTS):
                while not _taken(client, number):
                    time.sleep(0.05)
        done.set()

    with accepting("hj212") as platform:
        hub.put("/forwards/province", name="p", kind="hj212", host="127.0.0.1", port=platform.port, at_once=4)
        first = {"ts": (BEGAN - 1) * 1000, "values": {"pm25": 0}}
        wait_until(lambda: _forwards(hub, first, platform), "the first target is known")
        platform.received.clear()
        sender = threading.Thread(target=post)
        sender.start()
        wait_until(lambda: len(platform.received) > REPORTS // 4, "it forwards")
        platform.script.extend(["late", "silence"])
        hub.kill()
        hub.start()
        wait_until(done.is_set, "all is acknowledged")
        sender.join()
        wait_until(lambda: len(_told(platform)) == REPORTS, "all arrives")
        wait_until(lambda: hub.api.get("/api/v1/forwards/province").json()["pending"] == 0, "and is noted")
    numbers: dict[bytes, set[str]] = {}
    for frame, (qn,) in zip(platform.received, fields_of(platform.received, "QN"), strict=True):
        numbers.setdefault(read(frame).data, set()).add(qn)
    assert {len(some) for some in numbers.values()} == {1}, "what came twice has the number of the first time"
    assert hub.api.get("/api/v1/forwards/province").json()["failing_since"] is None


def test_what_a_station_told_the_hub_is_told_the_platform_byte_for_byte(forwarding_hub: Hub) -> None:
    hub, kind = forwarding_hub, KINDS["hj212"]
    hub.put(f"/profiles/{kind.profile}", **kind.body)
    [number] = kind.codes(1)
    hub.put(f"/devices/{number}", name="station", profile=kind.profile)
    hub.wait_for_devices(1)
    with accepting("hj212") as platform:
        hub.put("/forwards/province", name="p", kind="hj212", host="127.0.0.1", port=platform.port, password="654321")
        wanted, frames = Wanted("hj212", 1, hub.env["HUB_SESSION__HJ212__LISTEN"]), list[bytes]()
        with Crowd([wanted], 1.0, 1) as crowd:
            wait_until(lambda: len(platform.received) >= 3, "three reports are forwarded")
            assert crowd.end(10) == 0
            frames += [each.payload for each in crowd.taken()]
        wait_until(lambda: hub.api.get("/api/v1/forwards/province").json()["pending"] == 0, "the rest, too")
    forwarded = [read(frame).data for frame in platform.received]
    told = [read(frame).data for frame in frames]
    assert forwarded == told[len(told) - len(forwarded) :], "from the making of the target on: none is left out"
    assert set(fields_of(platform.received, "MN", "PW")) == {(number, "654321")}


def _taken(client: httpx.Client, number: int) -> bool:
    """Whether the hub has acknowledged a reading."""
    body = {"ts": (BEGAN + number) * 1000, "values": {"pm25": number}}
    with suppress(httpx.TransportError):
        return client.post("/api/v1/devices/air-1/telemetry", json=body).is_success
    return False


def _forwards(hub: Hub, body: dict[str, object], platform: Acceptor) -> bool:
    """Post something else each time, until one of them is forwarded."""
    body["ts"] = int(str(body["ts"])) - 1000
    hub.api.post("/api/v1/devices/air-1/telemetry", json=body)
    time.sleep(0.2)
    return bool(platform.received) and hub.api.get("/api/v1/forwards/province").json()["pending"] == 0


def _told(platform: Acceptor) -> set[bytes]:
    return {read(frame).data for frame in platform.received}
