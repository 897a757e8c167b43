"""Cameras that are asked and that push, in a hub: stored once, alive while their stream is up, offline without it."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.isapi import IsapiCamera, alert
from simulator.cameras.onvif import OnvifCamera
from tests.support.broker import Mosquitto
from tests.support.frames_cameras import JPEG, multipart
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

PASSWORD = "p:w/ä@1"
PLATE, FACE = "京A12345", "faceCapture"
PROFILE: dict[str, Any] = {
    "name": "Camera",
    "metrics": {},
    "interval_s": 1,
    "offline_after_s": 45,
    "events": {"tamper": {"name": "拆动", "name_en": "Tampering", "level": "yellow"}},
}


class Street:
    """Simulated cameras on a loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cameras", daemon=True)
        self._stack = AsyncExitStack()
        self.nvr = IsapiCamera(HttpLogin("admin", PASSWORD, "SHA-256"), heartbeat_s=0.3)
        self.dome = OnvifCamera("admin", PASSWORD, ahead=timedelta(days=-3), http=HttpLogin("admin", PASSWORD))

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    def __enter__(self) -> "Street":
        self._thread.start()
        for camera in (self.nvr, self.dome):
            self.do(self._stack.enter_async_context(camera))
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def rows(database: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database, autocommit=True) as conn:
        return conn.execute(statement.encode()).fetchall()


@pytest.fixture
def street() -> Iterator[Street]:
    with Street() as made:
        yield made


@pytest.fixture
def hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """It may call cameras of this machine."""
    hub = Hub(
        database, mosquitto.port, tmp_path, HUB_OUTGOING__CAMERA='["127.0.0.0/8"]', HUB_HEALTH__EVERY_S="0.2",
        HUB_HEALTH__SEEN_EVERY_S="0.2",
    )  # fmt: skip
    try:
        hub.launch()
        hub.put("/profiles/camera", **PROFILE)
        for code, more in (("nvr-1", {}), ("gate-3", {"parent": "nvr-1"}), ("dome-1", {}), ("push-1", {})):
            hub.put(f"/devices/{code}", name=code, profile="camera", **more)
        assert hub.api.put("/api/v1/devices/gate-3/addresses/isapi/nvr-1/3").status_code == 201
        yield hub
    finally:
        hub.close()


EVENTS = "select d.code, e.kind, e.state, e.attributes ->> 'code' from event e join device d on d.id = e.device_id"


def test_what_cameras_tell_is_stored(hub: Hub, street: Street, database: str, tmp_path: Path) -> None:
    env = hub.env | {"HUB_URL": str(hub.api.base_url), "HUB_CAMERA_PASSWORD": PASSWORD}

    def cli(*arguments: str) -> str:
        status, said = run_hub("cameras", *arguments, env=env, folder=tmp_path)
        assert status == 0, said
        return said

    for kind, device, camera in (("isapi", "nvr-1", street.nvr), ("onvif", "dome-1", street.dome)):
        assert "is connected" in cli("add", kind, device, camera.url, "--user", "admin")
        assert "FAILED" not in cli("check", kind, camera.url, "--device", device)
    told = cli("add", "isapi", "push-1")
    secret = told.rstrip().rpartition("/")[2]
    wait_until(lambda: street.nvr.listeners and street.dome.subscriptions, "both are followed")
    # A recorder's own events, those of a channel that is a device, of one that is none, and a face.
    for document, picture in (
        (alert("diskfull", channel=0), None),
        (alert("shelteralarm", channel=3), JPEG),
        (alert("scenechangedetection", channel=7), None),
        (alert(FACE, channel=3), JPEG),
        (b"<broken", None),
    ):
        street.do(street.nvr.tell(document, picture))
    street.dome.tell("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper=true")
    path = f"/api/v1/cameras/isapi/{secret}"
    for _ in range(2):
        at = "2026-11-29T08:00:00+08:00"
        body = multipart("<b>", ("application/xml", alert("fielddetection", at=at)), ("image/jpeg", JPEG))
        type_ = {"content-type": "multipart/form-data; boundary=<b>"}
        assert hub.api.post(path, content=body, headers=type_).json() == {"code": 0, "taken": 1}
    json_ = b'{"eventType": "ANPR", "eventState": "active", "ANPR": {"licensePlate": "%s"}}' % PLATE.encode()
    assert hub.api.post(path, content=json_).status_code == 200
    assert hub.api.post(path[:-2] + "xx", content=json_).status_code == 401
    expected = {
        ("nvr-1", "fault", "active", "disk_full"),
        ("gate-3", "occlusion", "active", None),
        ("nvr-1", "tamper", "active", "scene_change"),
        ("dome-1", "tamper", "active", None),
        ("push-1", "intrusion", "active", None),
    }
    wait_until(lambda: set(rows(database, EVENTS)) >= expected, "each event is stored")
    assert sorted(rows(database, EVENTS), key=str) == sorted(expected, key=str), "once, and nothing else"
    letters = "select transport, address, reason from dead_letter"
    wait_until(lambda: rows(database, letters) == [("isapi", "nvr-1", "not_xml")], "what is broken is kept with why")
    wait_until(lambda: "dome-1" in (listed := cli("list")) and listed.count(" up ") == 2, "both are up")
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            told = str(conn.execute(f"select t::text from {table} t".encode()).fetchall())
            for planted in (PLATE, FACE.lower(), PASSWORD, secret):
                assert planted not in told, (table, planted)


def test_a_camera_that_is_away_is_offline_and_comes_back(hub: Hub, street: Street, database: str) -> None:
    hub.put("/profiles/camera", **PROFILE | {"offline_after_s": 3})
    hub.put("/devices/nvr-1/cameras/isapi", url=street.nvr.url, username="admin", password=PASSWORD)
    online = "select d.code from device d join device_health h on h.device_id = d.id where h.online"
    wait_until(
        lambda: {("nvr-1",), ("gate-3",)} <= set(rows(database, online)), "the recorder and its channel are there"
    )
    street.do(street.nvr._web.stop())
    wait_until(lambda: not rows(database, online), "both are offline", 60)
    [row] = [each for each in hub.api.get("/api/v1/camera-connections").json()["items"] if each["state"] == "down"]
    assert "does not answer" in row["last_error"] or "ended" in row["last_error"], row
    street.do(street.nvr._web.__aenter__())
    wait_until(lambda: ("nvr-1",) in rows(database, online), "it is there again", 60)
    # One whose login is wrong is told so, and is not asked again at once: cameras lock accounts.
    hub.put("/devices/nvr-1/cameras/isapi", url=street.nvr.url, username="admin", password="wrong")
    told = hub.api.get
    wait_until(lambda: "refuses the login" in told("/api/v1/camera-connections").text, "it is told")
    assert street.nvr.login.refused <= 4
