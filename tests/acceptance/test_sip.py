"""Cameras of GB/T 28181 at a hub over real sockets: what they were answered is stored once, whatever breaks."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devices.codecs.gb28181 import writing
from simulator.cameras.gb28181 import Camera
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import eventually, free_port, wait_until

CAMERA, PASSWORD = "34020000001320000002", "12345678"
AT = "2026-02-28T12:00:01"
PROFILE = {
    "name": "Camera",
    "metrics": {},
    "interval_s": 60,
    "events": {"tamper": {"name": "拆动", "level": "orange"}, "smoke": {"name": "烟雾", "level": "red"}},
}
SCENARIO = Path(__file__).parent / "sipp" / "camera.xml"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def served(database: str, mosquitto: Mosquitto, tmp_path: Path, port: int) -> Iterator[Hub]:
    """A hub at which cameras may register over UDP and TCP."""
    where = f"127.0.0.1:{port}"
    hub = Hub(
        database, mosquitto.port, tmp_path,
        HUB_SIP__LISTEN=where, HUB_SIP__LISTEN_UDP=where, HUB_SIP__PASSWORD=PASSWORD, HUB_SIP__CHANNEL_PROFILE="camera",
    )  # fmt: skip
    try:
        yield hub.start()
    finally:
        hub.close()


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


def events(url: str) -> list[Any]:
    return rows(url, "select d.code, e.kind, e.state from event e join device d on d.id = e.device_id order by e.ts")


def register(hub: Hub, *codes: str) -> None:
    hub.put("/profiles/camera", **PROFILE)
    for code in codes:
        hub.put(f"/devices/{code}", name=code, profile="camera")
    hub.wait_for_devices(len(codes))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_alarm_that_a_kill_cuts_off_before_its_commit_is_repeated_and_stored_once(
    served: Hub, database: str, port: int, transport: str
) -> None:
    """The registration is still there, so that the repeat is taken without another one."""
    register(served, CAMERA)

    async def course() -> None:
        async with Camera(CAMERA, ("127.0.0.1", port), PASSWORD, transport=transport) as camera:
            assert await camera.register() is not None
            holding = psycopg.connect(database)
            holding.execute("lock table event in share mode")
            alarm = asyncio.create_task(camera.alarm(2, 2, AT, number=7))
            with psycopg.connect(database, autocommit=True) as looking:
                waiting = "select from pg_locks where not granted"
                await asyncio.to_thread(wait_until, lambda: looking.execute(waiting).fetchall(), "the commit waits")
            assert not alarm.done(), "it is not answered before its commit"
            served.kill()
            holding.close()
            assert events(database) == []
            await asyncio.to_thread(served.start)
            if transport == "tcp":  # the connection is gone, and with it what was under way
                alarm.cancel()
                await camera.connect()
                alarm = asyncio.create_task(camera.alarm(2, 2, AT, number=7))
            answer = await alarm
            assert answer is not None
            assert answer.status == 200
            assert events(database) == [(CAMERA, "tamper", "active")]
            again = await camera.alarm(2, 2, AT, number=7)
            assert again is not None
            assert again.status == 200
            assert events(database) == [(CAMERA, "tamper", "active")]

    asyncio.run(course())


@pytest.mark.skipif(shutil.which("sipp") is None, reason="no sipp (Debian, Ubuntu: apt-get install sip-tester)")
def test_sipp_registers_is_alive_and_tells_an_alarm_over_both_transports(
    served: Hub, database: str, port: int, tmp_path: Path
) -> None:
    cameras = {"u1": "34020000001320000011", "t1": "34020000001320000012"}
    register(served, *cameras.values())
    for transport, camera in cameras.items():
        command = [
            "sipp", f"127.0.0.1:{port}", "-sf", str(SCENARIO), "-s", camera, "-t", transport, "-m", "1", "-nostdin",
            "-i", "127.0.0.1", "-p", str(free_port()), "-au", camera, "-ap", PASSWORD,
            "-timeout", "60", "-timeout_error", "-trace_err",
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=120, check=False)
        errors = "\n".join(path.read_text() for path in tmp_path.glob("*errors.log"))
        assert ran.returncode == 0, errors or ran.stdout.decode()[-2000:]
    assert sorted(events(database)) == [(camera, "tamper", "active") for camera in sorted(cameras.values())]
    over = "select id from sip_registration where expires_at > now()"
    assert rows(database, over) == [], "both have logged out"


def test_who_is_not_known_has_one_letter_that_tells_what_to_do(
    served: Hub, database: str, port: int, tmp_path: Path
) -> None:
    async def course() -> None:
        async with Camera(CAMERA, ("127.0.0.1", port), PASSWORD) as camera:
            assert await camera.register() is not None
            assert await camera.keepalive() is not None
            answer = await camera.alarm(7, None, AT, "烟雾报警")
            assert answer is not None
            assert answer.status == 200

    asyncio.run(course())
    letters = "select reason, detail, address from dead_letter order by received_at"
    told = rows(database, letters)
    assert [reason for reason, *_ in told] == ["unknown_device", "unknown_device"]
    assert f"hub devices addresses add CODE gb28181 {CAMERA}" in told[0][1]
    register(served, CAMERA)
    env = {"HUB_URL": f"http://127.0.0.1:{served.port}"}
    status, said = run_hub("dead-letters", "replay", "--reason", "unknown_device", env=env, folder=tmp_path)
    assert (status, "2 stored" in said) == (0, True), said
    wait_until(lambda: events(database) == [(CAMERA, "smoke", "active")], "the alarm is stored")


NVR = "34020000001180000001"
CHANNELS = [f"34020000001320{number:06}" for number in range(100, 400)]


def pages(of: Camera, number: str) -> list[bytes]:
    """A directory, 40 channels a page."""
    found = []
    for begin in range(0, len(CHANNELS), 40):
        items = "".join(
            f"<Item><DeviceID>{id_}</DeviceID><Name>东门 {id_[-3:]}</Name><ParentID>{NVR}</ParentID><Status>ON</Status>"
            "<Password>secret</Password><Longitude>118.4</Longitude><Latitude>31.3</Latitude></Item>"
            for id_ in CHANNELS[begin : begin + 40]
        )
        found.append(
            f"<Response><CmdType>Catalog</CmdType><SN>{number}</SN><DeviceID>{of.id}</DeviceID><SumNum>{len(CHANNELS)}"
            f"</SumNum><DeviceList Num='40'>{items}</DeviceList></Response>".encode("gb18030")
        )
    return found


def test_a_recorder_is_asked_for_its_channels_armed_and_told_things(served: Hub, database: str, port: int) -> None:
    """Its channels are pending devices below it; their news and alarms are theirs once somebody accepts them."""
    served.put("/profiles/camera", **PROFILE, commands={"reset_alarm": {"name": "复位", "schema": {"type": "object"}}})
    served.put(f"/devices/{NVR}", name="NVR", profile="camera")
    served.wait_for_devices(1)
    first = CHANNELS[0]

    async def course() -> None:
        async with Camera(NVR, ("127.0.0.1", port), PASSWORD) as nvr:
            assert await nvr.register() is not None
            query = await nvr.until("Catalog", "Query")
            for page in pages(nvr, query.number):
                answer = await nvr.message(page)
                assert answer is not None
                assert answer.status == 200
            assert (await nvr.until("DeviceControl", "Control")).root.told("GuardCmd") == "SetGuard"
            for command in ("Catalog", "Alarm"):
                await nvr.until(command, "Query")
            assert set(nvr.subscribed) == {"Catalog", "presence"}
            made = "select count(*)::int, min(name) from device where parent_id is not null and state = 'pending'"
            assert rows(database, made) == [(300, "东门 100")]
            await nvr.alarm(7, None, AT, "烟雾报警", device=first)
            assert (await nvr.until("Alarm", "Response")).root.told("Result") == "OK"
            parts = "select d.code, e.kind, e.part from event e join device d on d.id = e.device_id"
            assert rows(database, parts) == [(NVR, "smoke", first)]
            served.put(f"/devices/{first}", name="gate", profile="camera", parent=NVR, state="active")
            item = {"Item": {"DeviceID": first, "Event": "OFF"}}
            off = writing.body("Notify", "Catalog", 9, NVR, {"SumNum": 1, "DeviceList": item})
            online = f"select online from device_status join device d on d.id = device_id where d.code = '{first}'"

            async def is_off() -> bool:
                """Told again until the hub knows that it is accepted."""
                await nvr.message(off, "NOTIFY", (("event", "Catalog"),))
                return rows(database, online) == [(False,)]

            await eventually(is_off, "the channel is off")
            made_command = await asyncio.to_thread(
                served.api.post, f"/api/v1/devices/{first}/commands", json={"name": "reset_alarm", "params": {}}
            )
            assert made_command.status_code < 300, made_command.text
            order = await nvr.until("DeviceControl", "Control")
            assert (order.device, order.root.told("AlarmCmd")) == (first, "ResetAlarm")
            await nvr.tell("Response", "DeviceControl", {"Result": "OK"}, device=first, number=int(order.number))
            state = "select state from command"
            await asyncio.to_thread(wait_until, lambda: rows(database, state) == [("replied",)], "the reply")

    asyncio.run(course())
