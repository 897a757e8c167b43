"""The hub below a superior platform, over real sockets: killed while it tells alarms, and with sipp above it."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from simulator.cameras.superior import Heard, SuperiorPlatform
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import free_port, wait_until

CITY, OWN, PASSWORD = "33010000002000000001", "33010600002000000001", "12345678"
CAMERA, ALONE = "33010600001320000001", "33010600001320000002"
KINDS = ("tamper", "intrusion", "smoke", "occlusion", "crowd", "object_left")
SCENARIO = Path(__file__).parent / "sipp" / "superior.xml"


@pytest.fixture
def lower(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A hub with a camera that is shared, and one that is not."""
    hub = Hub(database, mosquitto.port, tmp_path, HUB_OUTGOING__FORWARD='["127.0.0.0/8"]')
    try:
        hub.start()
        events = {kind: {"name": kind, "level": "blue"} for kind in KINDS}
        hub.put("/profiles/camera", name="Camera", metrics={}, category="video", events=events)
        for code, tags in ((CAMERA, {"shared": "city"}), (ALONE, {})):
            hub.put(f"/devices/{code}", name=code, profile="camera", tags=tags)
        hub.wait_for_devices(2)
        yield hub
    finally:
        hub.close()


def forward(hub: Hub, port: int) -> None:
    """As somebody does it."""
    status, said = forwards(
        hub, "add", "gb28181", "city", f"127.0.0.1:{port}", "--platform-id", CITY, "--number", OWN, "--tag",
        "shared:city", "--password", PASSWORD, "--keepalive", "5",
    )  # fmt: skip
    assert (status, "city is made." in said) == (0, True), said
    wait_until(lambda: shown(hub)["registration"] is not None, "it registers")


def forwards(hub: Hub, *words: str) -> tuple[int, str]:
    with TemporaryDirectory() as folder:
        return run_hub("forwards", *words, env={"HUB_URL": f"http://127.0.0.1:{hub.port}"}, folder=Path(folder))


def begins(hub: Hub) -> bool:
    """Whether alarms are forwarded: a first platform begins up to a second after it is made."""
    alarm(hub, CAMERA, "tilt")
    found = shown(hub)
    return bool(found["pending"] or found["acknowledged"])


def what(alarm: Heard) -> str:
    """Which of KINDS it is."""
    return repr(alarm.message.body.partition(b"<AlarmMethod>")[2])


def shown(hub: Hub) -> Any:
    return hub.api.get("/api/v1/forwards/city").json()


def alarm(hub: Hub, device: str, kind: str) -> None:
    body = {"ts": int(time.time() * 1000), "kind": kind, "state": "active"}
    answer = hub.api.post(f"/api/v1/devices/{device}/events", json=body)
    assert answer.is_success, answer.text


def test_a_killed_hub_tells_each_alarm_of_what_is_granted_under_one_number(lower: Hub) -> None:
    async def course() -> list[tuple[str, str, str]]:
        async with SuperiorPlatform(CITY, PASSWORD, free_port()) as platform:
            await asyncio.to_thread(forward, lower, platform.port)
            await asyncio.to_thread(wait_until, lambda: begins(lower), "it forwards")
            await asyncio.to_thread(wait_until, lambda: shown(lower)["pending"] == 0, "these are taken")
            begun = shown(lower)["acknowledged"]
            platform.heard.clear()
            platform.silent = frozenset({"Alarm"})
            for kind in KINDS[:3]:
                await asyncio.to_thread(alarm, lower, ALONE, kind)
                await asyncio.to_thread(alarm, lower, CAMERA, kind)

            def numbers() -> set[str]:
                return {each.body.number for each in platform.of("Alarm")}

            await asyncio.to_thread(wait_until, lambda: len(numbers()) == 3, "they are told")
            await asyncio.to_thread(lower.kill)
            platform.silent = frozenset()
            await asyncio.to_thread(lower.start)
            for kind in KINDS[3:]:
                await asyncio.to_thread(alarm, lower, CAMERA, kind)
            await asyncio.to_thread(wait_until, lambda: shown(lower)["acknowledged"] == begun + 6, "all is taken")
            return [(each.body.number, each.body.device, what(each)) for each in platform.of("Alarm")]

    told = asyncio.run(course())
    assert {device for _, device, _ in told} == {CAMERA}
    assert len({number for number, *_ in told}) == 6
    assert len({(number, which) for number, _, which in told}) == len({which for *_, which in told}) == 6, "one SN each"
    assert len(told) > 6, "what was not answered before the kill came again"
    assert shown(lower)["pending"] == 0


@pytest.mark.skipif(shutil.which("sipp") is None, reason="no sipp (Debian, Ubuntu: apt-get install sip-tester)")
def test_sipp_takes_the_login_and_what_it_is_told(lower: Hub, tmp_path: Path) -> None:
    port = free_port()
    command = [
        "sipp", "-sf", str(SCENARIO), "-t", "u1", "-m", "3", "-nostdin", "-i", "127.0.0.1", "-p", str(port),
        "-timeout", "60", "-timeout_error", "-trace_err", "-trace_msg",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as sipp:
        try:
            forward(lower, port)
            wait_until(lambda: begins(lower), "it forwards")
            wait_until(lambda: shown(lower)["acknowledged"] > 0, "an alarm is taken")
            status, told = forwards(lower, "show", "city")
            assert (status, "registered_at" in told, PASSWORD in told) == (0, True, False), told
            out, _ = sipp.communicate(timeout=60)
        finally:
            sipp.kill()
    errors = "\n".join(path.read_text() for path in tmp_path.glob("*errors.log"))
    assert sipp.returncode == 0, errors or out.decode()[-2000:]
    said = b"".join(path.read_bytes() for path in tmp_path.glob("*messages.log"))
    assert b"<CmdType>Alarm</CmdType>" in said
