"""View libraries of GA/T 1400 at a hub over HTTP: what they were answered is stored once, and nothing of persons is."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.viid import ViewLibrary, device, people, tollgate
from simulator.cameras.viid_server import LibraryServer
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import eventually, free_port, wait_until
from tests.support.stored_text import everything

PLATFORM, PASSWORD = "33010000005030000001", "viid-Demo-1"
APE, OTHER, GATE = "33010000001190000007", "33010000001190000008", "33010000001210000001"
IDENTITY, TELEPHONE = "330106199001011234", "13812345678"
PLATES, NAMES = ["浙A12345", "沪B67890"], ["王小二测试", "欧阳测试"]
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PROFILE = {"name": "Camera", "metrics": {}, "interval_s": 60}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def served(database: str, mosquitto: Mosquitto, tmp_path: Path, port: int) -> Iterator[Hub]:
    """A hub at which view libraries may register."""
    hub = Hub(
        database, mosquitto.port, tmp_path,
        HUB_VIID__LISTEN=f"127.0.0.1:{port}", HUB_VIID__PASSWORD=PASSWORD, HUB_VIID__CHANNEL_PROFILE="camera",
        HUB_VIID__TOLLGATE_PROFILE="gate", HUB_VIID__URL=f"http://127.0.0.1:{port}",
        HUB_OUTGOING__CAMERA='["127.0.0.0/8"]', HUB_SECRETS__KEY=KEY,
    )  # fmt: skip
    try:
        yield hub.start()
    finally:
        hub.close()


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


def online(url: str, code: str) -> list[Any]:
    query = f"select s.online from device_status s join device d on d.id = s.device_id where d.code = '{code}'"
    return [found for (found,) in rows(url, query)]


def register(hub: Hub) -> None:
    hub.put("/profiles/camera", **PROFILE)
    hub.put("/profiles/gate", **{**PROFILE, "name": "Tollgate"})
    hub.put(f"/devices/{PLATFORM}", name="library", profile="camera")
    hub.wait_for_devices(1)


def library(port: int, id_: str = PLATFORM, password: str = PASSWORD) -> ViewLibrary:
    return ViewLibrary(id_, f"http://127.0.0.1:{port}", password, username="viid-user")


def code_of(answer: Any) -> int:
    """The StatusCode of an answer, which must be the same for each of several."""
    told = answer.json()
    several = told.get("ResponseStatusListObject", {}).get("ResponseStatusObject")
    codes = {each["StatusCode"] for each in several or [told["ResponseStatusObject"]]}
    assert len(codes) == 1, told
    return int(codes.pop())


def test_a_platform_lists_devices_that_wait_below_it_and_tells_their_states(
    served: Hub, database: str, port: int
) -> None:
    register(served)

    async def course() -> None:
        async with library(port) as below:
            assert (await below.keepalive()).status_code == 401, "it has not registered"
            answer = await below.register()
            assert (answer.status_code, code_of(answer)) == (200, 0), answer.text
            assert online(database, PLATFORM) == [True]
            apes = [device(APE, "东门 1"), device(OTHER, "西门", OwnerApsID=PLATFORM)]
            answer = await below.notify("n1", DeviceList={"APEObject": apes})
            assert (answer.status_code, code_of(answer)) == (200, 0), answer.text
            assert answer.json()["ResponseStatusListObject"]["ResponseStatusObject"][0]["Id"] == "n1"
            answer = await below.notify("n2", TollgateObjectList={"TollgateObject": [tollgate(GATE, "东门卡口")]})
            assert code_of(answer) == 0
            made = (
                "select d.code, d.name, d.state, p.code, u.code, a.scheme, round(d.lon::numeric, 3)::float "
                "from device d "
                "join profile p on p.id = d.profile_id join device u on u.id = d.parent_id "
                "join device_address a on a.device_id = d.id order by 1"
            )
            assert rows(database, made) == [
                (APE, "东门 1", "pending", "camera", PLATFORM, "gat1400", 120.155),
                (OTHER, "西门", "pending", "camera", PLATFORM, "gat1400", 120.155),
                (GATE, "东门卡口", "pending", "gate", PLATFORM, "gat1400", 120.2),
            ]
            served.put(f"/devices/{APE}", name="gate", profile="camera", parent=PLATFORM, state="active")

            async def is_off() -> bool:
                """Told again until the hub knows that it is accepted."""
                assert code_of(await below.states("n3", {APE: False, OTHER: False})) == 0
                return online(database, APE) == [False]

            await eventually(is_off, "the device is off")
            assert code_of(await below.post("APEs", {"APEListObject": {"APEObject": [device(APE, "x")]}})) == 0
            assert online(database, APE) == [True]
            assert (await below.time()).status_code in (200, 503)
            assert code_of(await below.unregister()) == 0
            assert online(database, PLATFORM) == [False]
            assert (await below.states("n4", {APE: False})).status_code == 401
            assert rows(database, "select id from viid_registration") == []

    asyncio.run(course())


def test_a_state_that_a_kill_cuts_off_before_its_commit_is_repeated_and_stored_once(
    served: Hub, database: str, port: int
) -> None:
    """The registration is still there, so that the repeat is taken without another one."""
    register(served)
    served.put(f"/devices/{APE}", name="gate", profile="camera", parent=PLATFORM)
    served.wait_for_devices(2)
    heard = "select count(*)::int from device_status s join device d on d.id = s.device_id where d.code = "

    async def course() -> None:
        async with library(port) as below:
            assert (await below.register()).status_code == 200
            holding = psycopg.connect(database)
            holding.execute("lock table device_status in exclusive mode")
            told = asyncio.create_task(below.states("n1", {APE: False}))
            with psycopg.connect(database, autocommit=True) as looking:
                waiting = "select from pg_locks where not granted"
                await asyncio.to_thread(wait_until, lambda: looking.execute(waiting).fetchall(), "the commit waits")
            assert not told.done(), "it is not answered before its commit"
            served.kill()
            holding.close()
            assert rows(database, f"{heard}'{APE}'") == [(0,)]
            with pytest.raises(Exception, match=r"."):
                await told
            await asyncio.to_thread(served.start)

        async with library(port) as again:
            for _ in range(2):
                answer = await again.states("n1", {APE: False})
                assert (answer.status_code, code_of(answer)) == (200, 0), answer.text
            assert rows(database, f"{heard}'{APE}'") == [(1,)]
            assert online(database, APE) == [False]

    asyncio.run(course())


def test_nothing_about_persons_is_kept_anywhere_and_their_sender_stops(
    served: Hub, database: str, port: int, tmp_path: Path
) -> None:
    register(served)
    picture = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8 + b"\xff\xd9").decode()
    listed = people(PLATES, NAMES, picture)

    async def course() -> None:
        async with library(port) as below:
            assert (await below.register()).status_code == 200
            answers = [
                await below.notify("n1", **listed),
                await below.post("Faces", {"FaceListObject": listed["FaceObjectList"]}),
                await below.post("MotorVehicles", {"MotorVehicleListObject": listed["MotorVehicleObjectList"]}),
                await below.post("Images/im1/Data", {"Data": picture}),
                await below.post(
                    "DispositionNotifications", {"DispositionNotificationListObject": [{"Name": NAMES[0]}]}
                ),
                await below.notify("n2", DeviceList={"APEObject": [device(APE, f"{PLATES[0]} 门", PlateNo=PLATES[1])]}),
            ]
            assert [(each.status_code, code_of(each)) for each in answers] == [(200, 0)] * len(answers)
            ids = [each["Id"] for each in answers[1].json()["ResponseStatusListObject"]["ResponseStatusObject"]]
            assert ids == ["f0", "f1"], "each is named, so that its sender has done with it"
            cut = json.dumps({"FaceListObject": listed["FaceObjectList"]}, ensure_ascii=False).encode()[:-2]
            for path, most in (("/VIID/Faces", 200), ("/VIID/SubscribeNotifications", 400)):
                assert (await below.send("POST", path, cut)).status_code == most
            wrong = {"ApeID": PLATES[0], "Name": NAMES[1], "IsOnline": NAMES[0]}
            assert code_of(await below.notify("n3", DeviceStatusList={"APEStatusObject": [wrong]})) == 0
            assert code_of(await below.notify("n4", DeviceList={"APEObject": [NAMES[0], {"ApeID": NAMES[1]}]})) == 0
            numbers = [{"ApeID": int(IDENTITY)}, {"ApeID": APE, "IsOnline": int(TELEPHONE)}]
            assert code_of(await below.notify("n5", DeviceStatusList={"APEStatusObject": numbers})) == 0

    asyncio.run(course())
    counted = "select dropped::int from viid_registration"
    wait_until(lambda: rows(database, counted) >= [(14,)], "what was dropped is counted for its sender")
    stored = everything(database) + served.text()
    for planted in (*PLATES, *NAMES, IDENTITY, TELEPHONE, picture[:64], "PlateNo", "FaceID"):
        assert planted not in stored, planted


def test_what_is_wrong_is_told_with_a_code_and_a_reason(served: Hub, database: str, port: int, tmp_path: Path) -> None:
    stranger = "33010000005030000009"

    async def course() -> None:
        async with library(port, password="wrong") as wrong:
            answer = await wrong.register()
            assert (answer.status_code, code_of(answer)) == (403, 4)
            assert "password" in answer.text
        async with library(port, stranger) as below:
            assert (await below.register()).status_code == 200
            answer = await below.states("n1", {APE: True})
            assert (answer.status_code, code_of(answer)) == (403, 4)
            assert f"addresses add CODE gat1400 {stranger}" in answer.text
            told = [
                ("POST", "/VIID/SubscribeNotifications", b"{", 400, 7), ("POST", "/VIID/APEs", b"{}", 400, 8),
                ("POST", "/VIID/APEs", b"[]", 400, 8), ("POST", "/VIID/Subscribes", b"{}", 404, 4),
                ("GET", "/VIID/APEs", b"", 404, 4), ("POST", "/VIID/System/Register", b'{"DeviceID":"x"}', 400, 8),
                ("POST", "/VIID/APEs", b"{" + b" " * (17 << 20), 413, 8),
            ]  # fmt: skip
            for method, path, body, status, code in told:
                answer = await below.send(method, path, body)
                assert (answer.status_code, code_of(answer)) == (status, code), (path, answer.text)

    asyncio.run(course())
    reasons = rows(database, "select reason, address from dead_letter order by received_at")
    assert [reason for reason, _ in reasons] == [
        "wrong_password",
        "unknown_device",
        "not_json",
        "missing_field",
        "not_an_object",
    ]


def test_the_hub_subscribes_to_things_alone_and_cancels_what_brings_persons(
    served: Hub, database: str, port: int, tmp_path: Path
) -> None:
    register(served)
    path = f"/api/v1/devices/{PLATFORM}/cameras/gat1400"
    env = {"HUB_URL": f"http://127.0.0.1:{served.port}"}

    async def course() -> None:
        async with LibraryServer(HttpLogin("ganzhi", "p")) as server, library(port) as below:
            assert (await below.register()).status_code == 200
            url = f"http://127.0.0.1:{server.port}"
            checked = await asyncio.to_thread(
                run_hub,
                "cameras",
                "check",
                "gat1400",
                url,
                "--user",
                "ganzhi",
                "--password",
                "p",
                env=env,
                folder=tmp_path,
            )
            assert (checked[0], "20260912173041" in checked[1]) == (0, True), checked
            body = {"url": url, "username": "ganzhi", "password": "p"}
            put = await asyncio.to_thread(served.api.put, path, json=body)
            assert put.status_code == 201, put.text
            await asyncio.to_thread(wait_until, lambda: len(server.subscribed) == 3, "three subscriptions")
            details = sorted(each["SubscribeDetail"] for each in server.subscribed.values())
            assert details == ["3", "4", "7"], "devices, states, tollgates, and nothing else"
            assert {len(id_) for id_ in server.subscribed} == {33}
            assert {each["ResourceURI"] for each in server.subscribed.values()} == {PLATFORM}
            assert server.receiver("3") == f"http://127.0.0.1:{port}/VIID/SubscribeNotifications"
            up = "select state from camera_connection"
            await asyncio.to_thread(wait_until, lambda: rows(database, up) == [("up",)], "it is up")
            listed = people(PLATES, NAMES, "x")
            told = await below.notify("n1", server.subscription("4"), **listed)
            assert code_of(told) == 0
            await asyncio.to_thread(wait_until, lambda: server.cancelled == ["4"], "the subscription is cancelled")
            why = "select last_error from camera_connection where state = 'down'"
            await asyncio.to_thread(wait_until, lambda: "persons" in str(rows(database, why)), "somebody is told")
            served.kill()
            await asyncio.to_thread(served.start)
            await asyncio.to_thread(wait_until, lambda: len(server.subscribed) == 3, "it is tried again after a start")
            assert (await asyncio.to_thread(served.api.delete, path)).status_code == 204
            await asyncio.to_thread(wait_until, lambda: not server.subscribed, "all are cancelled")
            assert sorted(server.cancelled) == ["3", "4", "4", "7"]

    asyncio.run(course())
