"""The video of a camera in a hub: what is found is stored once, whoever is killed, and nobody else sees the login."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.clip import is_webp
from simulator.cameras.http_login import HttpLogin
from simulator.cameras.rtsp import RtspCamera, clip
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

PASSWORD = "p:w/ä@1-Secret"
PROFILE: dict[str, Any] = {"name": "Camera", "metrics": {}, "interval_s": 1, "offline_after_s": 45}
TOLD = "kind, state, attributes ->> 'code', part"
EVENTS = f"select {TOLD} from event where kind <> 'offline' order by received_at"
CLIPS = "select why, content is not null from event_clip"
BLACK = ("video_quality", "active", "black", "picture/black")
LIGHT = ("video_quality", "inactive", "black", "picture/black")


def rows(database: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database, autocommit=True) as conn:
        return conn.execute(statement.encode()).fetchall()


@pytest.fixture
def camera() -> Iterator[RtspCamera]:
    """On a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="camera", daemon=True)
    thread.start()
    made = RtspCamera(clip("street.h264"), HttpLogin("ganzhi", PASSWORD))
    asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(30)
    yield made
    asyncio.run_coroutine_threadsafe(made.__aexit__(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """It may call cameras of this machine."""
    hub = Hub(
        database, mosquitto.port, tmp_path, HUB_OUTGOING__CAMERA='["127.0.0.0/8"]', HUB_VIDEO__SILENT_S="2",
        HUB_VIDEO__LOST_S="4", HUB_VIDEO__PATROL__EVERY_S="3",
    )  # fmt: skip
    try:
        hub.launch()
        hub.put("/profiles/camera", **PROFILE)
        for code in ("gate-1", "gate-2"):
            hub.put(f"/devices/{code}", name=code, profile="camera")
        yield hub
    finally:
        hub.close()


def children(pid: int, module: bytes = b"app.video.child") -> list[int]:
    """Processes of a module below one: as given, those that read video."""
    found = list[int]()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and module in (each / "cmdline").read_bytes():
                found.append(int(each.name))
        except OSError:
            continue
    return found


def gate_is_warm(pid: int) -> bool:
    """Whether the processes that pictures pass have loaded OpenCV: an alarm waits 0.3 s for its picture."""
    gates = children(pid, b"ingest.pictures.child")
    return bool(gates) and all("cv2" in Path(f"/proc/{gate}/maps").read_text() for gate in gates)


def test_what_is_found_is_stored_once(
    hub: Hub, camera: RtspCamera, database: str, tmp_path: Path
) -> None:  # fmt: skip
    env = hub.env | {"HUB_URL": str(hub.api.base_url), "HUB_CAMERA_PASSWORD": PASSWORD}
    analysis = tmp_path / "analysis.json"
    analysis.write_text(json.dumps({"clip_s": 1}))
    status, said = run_hub(
        "cameras", "add", "rtsp", "gate-1", camera.url(), "--user", "ganzhi", "--analysis", str(analysis),
        env=env, folder=tmp_path,
    )  # fmt: skip
    assert status == 0, said
    wait_until(lambda: camera.played, "it is followed")
    camera.clip = clip("black.h264")
    wait_until(lambda: rows(database, EVENTS) == [BLACK], "the dark is an event")
    pictures = "select why, content is not null from event_picture"
    wait_until(lambda: rows(database, pictures) == [(None, True)], "with its picture, which has passed the gate")
    wait_until(lambda: rows(database, CLIPS) == [(None, True)], "its clip follows")
    [(event,)] = rows(database, "select event_id::text from event_clip")
    status, said = run_hub("events", "clip", event, "--out", str(tmp_path / "black.webp"), env=env, folder=tmp_path)
    assert status == 0, said
    assert is_webp((tmp_path / "black.webp").read_bytes())
    shown = hub.api.get(f"/api/v1/events/{event}/clip")
    assert [shown.headers[name] for name in ("content-type", "x-content-type-options")] == ["image/webp", "nosniff"]
    assert "sandbox" in shown.headers["content-security-policy"]
    (child,) = children(hub.pid)
    for pid in (child, hub.pid):
        for name in ("cmdline", "environ"):
            assert b"Secret" not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert "cv2" not in Path(f"/proc/{hub.pid}/maps").read_text()

    played = camera.played
    os.kill(child, 9)
    wait_until(lambda: camera.played > played, "another process reads it")
    played = camera.played
    hub.kill()
    hub.launch()
    wait_until(lambda: camera.played > played, "another hub follows it")
    camera.clip = clip("street.h264")
    wait_until(lambda: LIGHT in rows(database, EVENTS), "its end is an event, too")
    assert [row for row in rows(database, EVENTS) if row[0] == "video_quality"] == [BLACK, LIGHT], "each once"
    assert rows(database, CLIPS) == [(None, True)]

    camera.speaks = False
    wait_until(lambda: ("video_loss", "active", None, None) in rows(database, EVENTS), "no pictures are an event")
    camera.speaks = True
    wait_until(lambda: ("video_loss", "inactive", None, None) in rows(database, EVENTS), "and that they are back")
    camera.clip = clip("black.h264")
    wait_until(lambda: rows(database, EVENTS)[-1] == BLACK, "it is dark again")
    hub.api.delete("/api/v1/devices/gate-1/cameras/rtsp").raise_for_status()
    wait_until(lambda: rows(database, EVENTS)[-1] == LIGHT, "what lasts ends with the connection")
    assert rows(database, "select count(*) from event where attributes ? 'ended'") == [(0,)], "and not by silence"
    assert "Secret" not in hub.text()


def test_a_stream_at_an_address_that_is_not_for_cameras_is_not_called(hub: Hub) -> None:
    for url in ("rtsp://169.254.169.254/latest", "file:///etc/passwd", "http://10.9.9.9/x"):
        answer = hub.api.put("/api/v1/devices/gate-2/cameras/rtsp", json={"url": url})
        assert answer.status_code == 422, url
    told = {"url": "rtsp://127.0.0.1:1/x", "analysis": {"kinds": ["ghosts"]}}
    answer = hub.api.put("/api/v1/devices/gate-2/cameras/rtsp", json=told)
    assert answer.status_code == 422
    assert "ghosts" in answer.text


@pytest.mark.heavy
def test_a_hub_goes_on_patrol_and_ends_what_lasts_at_a_camera_that_is_removed(
    hub: Hub, camera: RtspCamera, database: str, tmp_path: Path
) -> None:
    env = hub.env | {"HUB_URL": str(hub.api.base_url), "HUB_CAMERA_PASSWORD": PASSWORD}
    add = ("cameras", "add", "rtsp", "gate-1", camera.url(), "--user", "ganzhi", "--patrol")
    status, said = run_hub(*add, env=env, folder=tmp_path)
    assert status == 0, said
    wait_until(lambda: camera.played, "it is visited")
    wait_until(lambda: gate_is_warm(hub.pid), "pictures can pass")
    camera.clip = clip("black.h264")
    wait_until(lambda: rows(database, EVENTS) == [BLACK], "the dark is an event")
    pictures = "select why, content is not null from event_picture"
    wait_until(lambda: rows(database, pictures) == [(None, True)], "with its picture, which has passed the gate")
    status, said = run_hub("video", "patrol", "--status", env=env, folder=tmp_path)
    assert status == 0, said
    assert "of 1 cameras visited" in said
    assert "0 fine, 1 with faults" in said
    metrics = hub.api.get("/metrics").text
    assert "ganzhi_patrol_faults 1" in metrics
    played = camera.played
    hub.kill()
    hub.launch()
    wait_until(lambda: camera.played > played + 1, "another hub goes on, for some rounds")
    assert rows(database, EVENTS) == [BLACK], "told once"
    hub.api.delete("/api/v1/devices/gate-1/cameras/rtsp").raise_for_status()
    wait_until(lambda: rows(database, EVENTS) == [BLACK, LIGHT], "it ends with the camera")
    assert "Secret" not in hub.text()


@pytest.mark.heavy
@pytest.mark.parametrize("whom", ["hub", "child"])
def test_who_is_killed_between_an_event_and_its_clip_leaves_the_event_which_says_so(
    hub: Hub, camera: RtspCamera, database: str, whom: str
) -> None:
    told = {"url": camera.url(), "username": "ganzhi", "password": PASSWORD, "analysis": {"clip_s": 10}}
    hub.api.put("/api/v1/devices/gate-1/cameras/rtsp", json=told).raise_for_status()
    wait_until(lambda: camera.played, "it is followed")
    camera.clip = clip("black.h264")
    wait_until(lambda: rows(database, CLIPS) == [("follows", False)], "the event is there, and its clip follows")
    played = camera.played
    if whom == "hub":
        hub.kill()
        hub.launch()
    else:
        (child,) = children(hub.pid)
        os.kill(child, 9)
    wait_until(lambda: camera.played > played, "it is followed again")
    camera.clip = clip("street.h264")
    wait_until(lambda: LIGHT in rows(database, EVENTS), "it is light")
    camera.clip = clip("black.h264")
    wait_until(lambda: (None, True) in rows(database, CLIPS), "the next event has its clip", 60)
    assert sorted(rows(database, CLIPS), key=str) == [("follows", False), (None, True)], "the one before has none"
    late = "update event_clip set received_at = received_at - interval '3 minutes' where why is not null"
    [(event,)] = rows(database, f"{late} returning event_id::text")
    answer = hub.api.get(f"/api/v1/events/{event}/clip")
    assert (answer.status_code, "what was making it has ended" in answer.text) == (404, True)
