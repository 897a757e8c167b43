"""Pictures and clips of many events at one moment, with two workers, and where the disk takes none: in a real hub."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.cameras.rtsp import RtspCamera, clip
from tests.acceptance.test_video import BLACK, CLIPS, EVENTS, LIGHT, PASSWORD, PROFILE, camera, rows
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

__all__ = ["camera"]
PICTURES = "select why, file is not null from event_picture order by received_at"
MANY = 12


def started(hub: Hub, cameras: int, camera: RtspCamera, clip_s: int) -> None:
    """It follows so many cameras, which show the same."""
    hub.launch()
    hub.put("/profiles/camera", **PROFILE)
    for number in range(cameras):
        hub.put(f"/devices/gate-{number}", name=f"Gate {number}", profile="camera")
        told = {"url": camera.url(f"s{number}"), "username": "ganzhi", "password": PASSWORD}
        analysis = {"clip_s": clip_s, "kinds": ["black"]}
        path = f"/api/v1/devices/gate-{number}/cameras/rtsp"
        hub.api.put(path, json={**told, "analysis": analysis}).raise_for_status()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk may not be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.heavy
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_takes_no_pictures_holds_no_event_up(
    how: str, camera: RtspCamera, database: str, mosquitto: Mosquitto, tmp_path: Path, small_disk: Path
) -> None:
    filled, folder = small_disk / "filled", small_disk / "pictures"
    folder.mkdir()
    if how == "full":
        subprocess.run(["dd", "if=/dev/zero", f"of={filled}", "bs=1k"], capture_output=True, check=False)
    else:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    hub = Hub(
        database, mosquitto.port, tmp_path, HUB_OUTGOING__CAMERA='["127.0.0.0/8"]',
        HUB_PICTURES__STORE="folder", HUB_PICTURES__FOLDER=str(folder),
    )  # fmt: skip
    try:
        started(hub, 1, camera, clip_s=1)
        wait_until(lambda: camera.played, "it is followed")
        camera.clip = clip("black.h264")
        wait_until(lambda: rows(database, CLIPS) == [("not_stored", False)], "its clip has no room")
        assert rows(database, EVENTS) == [BLACK]
        assert rows(database, PICTURES) == [("not_stored", False)]
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        filled.unlink(missing_ok=True)
        camera.clip = clip("street.h264")
        wait_until(lambda: LIGHT in rows(database, EVENTS), "it is light")
        camera.clip = clip("black.h264")
        wait_until(lambda: (None, False) in rows(database, CLIPS), "the next one has its clip, in the folder")
        assert rows(database, PICTURES) == [("not_stored", False), (None, True), (None, True)]
        assert len(list(folder.glob("*/*.jpg"))) == 2
        assert len(list(folder.glob("*/*"))) == 3, "and nothing is left of what did not fit"
    finally:
        hub.close()


@pytest.mark.heavy
def test_of_many_events_at_one_moment_each_has_its_picture_and_its_clip_once(
    camera: RtspCamera, database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    hub = Hub(
        database, mosquitto.port, tmp_path, "--workers", "2", HUB_OUTGOING__CAMERA='["127.0.0.0/8"]',
        HUB_VIDEO__PROCESSES="1", HUB_VIDEO__CPU="8",
    )  # fmt: skip
    camera.fps = 5.0
    try:
        started(hub, MANY, camera, clip_s=5)
        up = "select count(*) from camera_connection where state = 'up'"
        wait_until(lambda: rows(database, up) == [(MANY,)], "all are followed")
        camera.clip = clip("black.h264")
        wait_until(lambda: rows(database, CLIPS) == MANY * [(None, True)], "each has its clip", 90)
        assert rows(database, EVENTS) == MANY * [BLACK]
        assert rows(database, "select why, content is not null from event_picture") == MANY * [(None, True)]
    finally:
        hub.close()
