"""What cameras measure in a hub: readings of a gauge and of a line, each stored once, whoever is killed."""

import itertools
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_video import children, rows
from tests.support.broker import Mosquitto
from tests.support.http_camera import GATE, LEVEL, PIER, HttpCamera
from tests.support.hub import Hub
from tests.support.process import wait_until

EVERY_S = 5
METRICS = {
    "pier/level": {"name": "水位", "unit": "cm", "min": 0, "max": 1000},
    "gate/crossings": {"name": "过线数", "unit": "1", "min": 0, "max": 1000},
}
PROFILE: dict[str, Any] = {"name": "Camera", "metrics": METRICS, "interval_s": 5, "offline_after_s": 45}
ANALYSIS = {"kinds": ["level", "line_crossing"], "gauges": [PIER], "lines": [GATE], "readings_s": EVERY_S}


def readings(database: str) -> dict[str, list[tuple[datetime, float]]]:
    """All that is stored, by metric and time."""
    told = "select s.metric, r.ts, r.value from reading r join series s on s.id = r.series_id order by 2"
    found: dict[str, list[tuple[datetime, float]]] = {}
    for metric, ts, value in rows(database, told):
        found.setdefault(metric, []).append((ts, value))
    return found


def read_again(database: str, camera: HttpCamera, kill: Callable[[], object]) -> None:
    """After somebody was killed the camera is opened anew, and its gauge is read."""
    opened, stored = camera.opened, len(readings(database)["pier/level"])
    kill()
    wait_until(lambda: camera.opened > opened, "it is looked at again", 60)
    wait_until(lambda: len(readings(database)["pier/level"]) >= stored + 2, "and read", 60)


@pytest.mark.heavy
def test_each_reading_is_stored_once(database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    hub = Hub(database, mosquitto.port, tmp_path, HUB_OUTGOING__CAMERA='["127.0.0.0/8"]', HUB_VIDEO__SILENT_S="2")

    def hub_restarted() -> None:
        hub.kill()
        hub.launch()

    with HttpCamera() as camera:
        try:
            hub.launch()
            hub.put("/profiles/camera", **PROFILE)
            hub.put("/devices/gate-1", name="gate-1", profile="camera")
            told = {"url": camera.url(), "analysis": ANALYSIS}
            assert hub.api.put("/api/v1/devices/gate-1/cameras/rtsp", json=told).status_code == 201
            wait_until(lambda: "pier/level" in readings(database), "the gauge is read", 60)
            wait_until(
                lambda: any(value for _, value in readings(database).get("gate/crossings", ())), "cars are counted", 60
            )
            (child,) = children(hub.pid)
            read_again(database, camera, lambda: os.kill(child, 9))
            read_again(database, camera, hub_restarted)
            found = readings(database)
            assert set(found) == set(METRICS), "what the profile lacks is not stored"
            for metric, each in found.items():
                apart = [(b - a).total_seconds() for (a, _), (b, _) in itertools.pairwise(each)]
                assert min(apart) > 0.8 * EVERY_S, f"{metric} is told twice: {each}"
            levels = [value for _, value in found["pier/level"]]
            assert levels == pytest.approx([100 * LEVEL] * len(levels), abs=15), "in the profile's unit"
            assert ("unknown_metric",) in rows(database, "select distinct reason from dead_letter")
        finally:
            hub.close()
