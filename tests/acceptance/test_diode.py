"""An edge and a hub with a data diode between them: nothing comes back, and nothing is lost or stored twice."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.cameras.gb28181 import Camera
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import Part
from tests.support.diode import Ferry, ends
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub, run_hub
from tests.support.numbered import DEVICES, Numbers, check, count, register, wait_for
from tests.support.process import free_port, wait_until

CAMERA, PASSWORD = "34020000001320000002", "12345678"
MESSAGES = 20_000


class Ends(NamedTuple):
    """Both sides of a diode."""

    hub: Hub
    edge: Part
    env: dict[str, str]
    """Of the edge."""
    folder: Path

    def ferry(self, **how: object) -> Ferry:
        return Ferry(self.folder / "outbox", self.folder / "inbox", **how)  # type: ignore[arg-type]


@pytest.fixture
def sip() -> int:
    return free_port()


@pytest.fixture
def both(database: str, mosquitto: Mosquitto, tmp_path: Path, sip: int) -> Iterator[Ends]:
    """A hub that runs, and an edge without a database that the test starts."""
    edge_env, hub_env = ends(tmp_path)
    where = f"127.0.0.1:{sip}"
    edge_env |= {"HUB_MQTT__PORT": str(mosquitto.port), "HUB_SIP__LISTEN_UDP": where, "HUB_SIP__PASSWORD": PASSWORD}
    hub, edge = Hub(database, mosquitto.port, tmp_path, **hub_env), Part("edge", "edge", edge_env, tmp_path)
    try:
        hub.start()
        yield Ends(hub, edge, edge_env, tmp_path)
    finally:
        hub.close()
        if edge.running:
            edge.kill()


def gaps(hub: Hub) -> list[tuple[int, int]]:
    return [(each["from_number"], each["to_number"]) for each in hub.api.get("/api/v1/edges/gaps").json()["items"]]


@pytest.mark.heavy
def test_nothing_is_lost_or_twice_when_both_ends_are_killed(both: Ends, database: str, mosquitto: Mosquitto) -> None:
    """Files come in any order, some twice, written bit by bit; an alarm pages once."""
    register(both.hub, ingests=True)
    rule = {"name": "many", "profile": "counter", "metric": "n", "direction": "above", "hysteresis": 0, "hold_s": 0}
    both.hub.put("/rules/many", **rule, thresholds={"red": MESSAGES * 3 / 4}, guidance=GUIDANCE, enabled=True)
    both.edge.start().wait_for_line("connected to the broker", 30)
    with both.ferry(), Numbers(mosquitto.port, MESSAGES, rate=2_000):
        wait_for(database, MESSAGES // 10)
        both.edge.kill()
        both.edge.start()
        wait_for(database, MESSAGES // 4)
        both.hub.kill()
        both.hub.start()
        wait_for(database, MESSAGES // 2)
        both.edge.kill()
        both.edge.start()
        both.hub.kill()
        both.hub.start()
        wait_for(database, MESSAGES, 90)
        wait_until(lambda: gaps(both.hub) == [], "no number is missing")
    check(database, MESSAGES)
    found = fetch(database, "select target, count(*) from alert where rule_id is not null group by 1")
    assert sorted(found) == sorted((f"counter-{n}/n", 1) for n in range(DEVICES))
    [chain] = both.hub.api.get("/api/v1/edges").json()["items"]
    assert chain["complete"] == chain["highest"]
    assert fetch(database, "select reason from diode_aside") == []


@pytest.mark.heavy
def test_a_camera_on_the_edge_pages_at_the_hub_and_a_gap_is_carried_by_hand(
    both: Ends, database: str, sip: int
) -> None:
    events = {"smoke": {"name": "烟雾", "level": "red"}, "tamper": {"name": "拆动", "level": "orange"}}
    both.hub.put("/profiles/camera", name="Camera", metrics={}, interval_s=60, events=events)
    both.hub.put(f"/devices/{CAMERA}", name="Gate", profile="camera")
    both.hub.wait_for_devices(1)
    both.edge.start().wait_for_line("connected to the broker", 30)

    async def alarm(number: int) -> None:
        async with Camera(CAMERA, ("127.0.0.1", sip), PASSWORD, transport="udp") as camera:
            assert await camera.register() is not None
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 8 * 3600 + number))
            answer = await camera.alarm(2, 2, at, number=number)
            assert answer is not None
            assert answer.status == 200

    def stored() -> int:
        return count(database, "event")

    asyncio.run(alarm(1))  # nothing carries its file: it is acknowledged, for it is on the edge's disk
    assert stored() == 0
    with_alarm = max(int(path.name.split(".")[2]) for path in (both.folder / "outbox").glob("*.gdx"))
    with both.ferry(lose=frozenset({with_alarm, with_alarm - 1})):
        wait_until(lambda: gaps(both.hub) != [], "what was lost is missing")
        [(first, last)] = gaps(both.hub)
        assert first <= with_alarm <= last
        lasting = "select target from alert where origin = 'hub' and cleared_at is null"
        wait_until(lambda: fetch(database, lasting) == [("edge_gap:video-1",)], "the gap is an alert")
        assert stored() == 0
        status, told = run_hub(
            "edges", "export", str(both.folder / "disk"), "--from", str(first), "--to", str(last),
            env=both.env, folder=both.folder,
        )  # fmt: skip
        assert status == 0, told
        for path in (both.folder / "disk").iterdir():
            path.rename(both.folder / "inbox" / path.name)
        wait_until(lambda: stored() == 1, "the alarm is there")
        wait_until(lambda: fetch(database, lasting) == [], "the gap is closed")
        asyncio.run(alarm(2))
        # The same alarm again is one that lasts (devices/episodes): its message is counted, whatever it makes.
        wait_until(lambda: both.hub.api.get("/api/v1/edges").json()["items"][0]["messages"] >= 3, "so is the next one")
    assert fetch(database, "select d.code from diode_sender s join device d on d.id = s.device_id") == [(CAMERA,)]
    heard = json.loads(both.hub.api.get("/api/v1/edges").text)["items"][0]
    assert (heard["missing"], heard["given_up"]) == (0, 0)
    assert heard["heard_at"] is not None
    assert both.edge.terminate(30) == 0


@pytest.mark.heavy
def test_files_that_are_posted_one_way_are_stored_once_by_a_hub_with_workers(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The edge posts while the hub is away, too; it is told nothing, and what it posts twice is once."""
    edge_env, hub_env = ends(tmp_path)
    del edge_env["HUB_DIODE__OUTBOX"], edge_env["HUB_DIODE__REMOVES"]
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "2", **hub_env)
    edge_env |= {
        "HUB_MQTT__PORT": str(mosquitto.port), "HUB_DIODE__POST_AGAIN_S": "1",
        "HUB_DIODE__POST": f"http://127.0.0.1:{hub.port}/api/v1/edges/files",
    }  # fmt: skip
    edge = Part("edge", "edge", edge_env, tmp_path)
    try:
        hub.start()
        register(hub, ingests=True)
        edge.start().wait_for_line("connected to the broker", 30)
        with Numbers(mosquitto.port, MESSAGES // 4, rate=1_000):
            wait_for(database, MESSAGES // 16)
            hub.kill()
            hub.start()
            wait_for(database, MESSAGES // 8)
            edge.kill()
            edge.start()
            wait_for(database, MESSAGES // 4, 90)
        check(database, MESSAGES // 4)
        wait_until(lambda: gaps(hub) == [], "no number is missing")
        [chain] = hub.api.get("/api/v1/edges").json()["items"]
        assert chain["again"] > 0, "each is posted twice"
        assert fetch(database, "select reason from diode_aside") == []
    finally:
        hub.close()
        if edge.running:
            edge.kill()
