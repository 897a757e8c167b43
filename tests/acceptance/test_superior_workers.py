"""`hub serve --workers 2` below a superior platform: one process speaks to it, another goes on when it is killed."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.cameras.superior import SuperiorPlatform
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import eventually, free_port

CITY, OWN, PASSWORD = "33010000002000000001", "33010600002000000001", "12345678"
CAMERA, ALARMS = "33010600001320000001", 20


@pytest.fixture
def crew(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "2", HUB_OUTGOING__FORWARD='["127.0.0.0/8"]')
    try:
        yield hub.start()
    finally:
        hub.close()


def owner(hub: Hub, port: int) -> int:
    """The process of a hub that holds a UDP port; 0: none of them."""
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    inodes = {f"socket:[{line.split()[9]}]" for line in lines if int(line.split()[1].partition(":")[2], 16) == port}
    for pid in (hub.pid, *hub.workers.values()):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(each.readlink()) in inodes:
                    return pid
    return 0


async def until(condition: Callable[[], object], what: str) -> None:
    async def told() -> bool:
        return bool(await asyncio.to_thread(condition))

    await eventually(told, what, 60)


@pytest.mark.heavy
async def test_one_process_speaks_to_a_superior_and_another_takes_over_when_it_is_killed(crew: Hub) -> None:
    async with SuperiorPlatform(CITY, PASSWORD, free_port()) as platform:
        await asyncio.to_thread(_set_up, crew, platform.port)
        await until(lambda: platform.logins, "it registers")
        platform.silent = frozenset({"Alarm"})
        began = time.time_ns() // 1_000_000 - 60_000
        for number in range(ALARMS):
            body = {"ts": began + 1000 * number, "kind": "tilt", "state": "active"}
            answer = await asyncio.to_thread(crew.api.post, f"/api/v1/devices/{CAMERA}/events", json=body)
            answer.raise_for_status()
        await until(lambda: platform.of("Alarm"), "an alarm is told")
        port = int(platform.registers[-1].header("contact").rpartition(":")[2].rstrip(">"))
        leader, calls = owner(crew, port), {each.call_id for each in platform.registers}
        assert len(calls) == 1, "one process has registered"
        assert leader
        if leader == crew.pid:
            await asyncio.to_thread(crew.kill)
            await asyncio.to_thread(crew.start)
        else:
            os.kill(leader, signal.SIGKILL)
        platform.silent = frozenset()
        await until(lambda: {each.call_id for each in platform.registers} - calls, "another one registers")
        await until(lambda: crew.api.get("/api/v1/forwards/city").json()["acknowledged"] == ALARMS, "all are taken")
        alarms = {(each.body.number, each.body.root.told("AlarmTime")) for each in platform.of("Alarm")}
    assert len(alarms) == ALARMS, "each under one number, over the takeover, too"
    assert len({each.call_id for each in platform.registers}) == 2, "one process after the other"


def _set_up(hub: Hub, port: int) -> None:
    hub.put("/profiles/camera", name="枪机", metrics={}, category="video", events={"tilt": {"name": "t"}})
    hub.put(f"/devices/{CAMERA}", name="路口", profile="camera", region="330106003000", tags={"shared": "city"})
    hub.wait_for_devices(1)
    hub.put(
        "/forwards/city", name="City", kind="gb28181", host="127.0.0.1", port=port, number=OWN, tag="shared:city",
        platform={"id": CITY, "keepalive_s": 5}, password=PASSWORD,
    )  # fmt: skip
