"""A hub that is killed in the middle of rounds of a patrol: each camera is visited, and told of, once."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from simulator.cameras.rtsp import RtspCamera, clip
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

CAMERAS, DARK, SILENT, KILLED_AT = 200, 20, 41, (40, 90, 150)
"""How many, every how many is dark, every how many never answers; after how many visits the hub is killed."""
AT_ONCE = 10
CONNECTED = """
insert into camera_connection (device_id, kind, url, patrolled)
select d.id, 'rtsp', n.url, true from unnest(%s::text[], %s::text[]) n (code, url) join device d using (code)
"""
VISITED = "select count(*)::int from patrol_visit v where v.round = 1"
SEEN = "select d.code from patrol_visit v join device d on d.id = v.device_id where v.round = 1"
TOLD = """
select d.code, e.kind, e.state, count(*)::int from event e join device d on d.id = e.device_id
where e.attributes ->> 'source' = 'patrol' group by 1, 2, 3 order by 1
"""


@contextmanager
def serving(*cameras: RtspCamera) -> Iterator[None]:
    """On a loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cameras", daemon=True)
    thread.start()
    for each in cameras:
        asyncio.run_coroutine_threadsafe(each.__aenter__(), loop).result(30)
    yield
    for each in cameras:
        asyncio.run_coroutine_threadsafe(each.__aexit__(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.mark.heavy
def test_a_round_of_200_cameras_goes_on_where_it_was_however_often_the_hub_is_killed(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    def late_s(path: str) -> float | None:
        return None if int(path) % SILENT == 1 else 0.3

    hosts = [f"127.18.0.{at + 1}" for at in range(CAMERAS)]
    street = RtspCamera(clip("street.h264"), late_s=late_s, hosts=hosts)
    dark = RtspCamera(clip("black.h264"), late_s=late_s, hosts=hosts)
    hub = Hub(
        database, mosquitto.port, tmp_path, HUB_OUTGOING__CAMERA='["127.0.0.0/8"]', HUB_VIDEO__SILENT_S="2",
        HUB_VIDEO__PATROL__AT_ONCE=str(AT_ONCE),
    )  # fmt: skip
    with serving(street, dark), psycopg.connect(database, autocommit=True) as conn:

        def count(statement: str) -> int:
            found = conn.execute(statement.encode()).fetchone()
            assert found is not None
            return int(found[0])

        def reached(visits: int) -> bool:
            return count(VISITED) >= visits

        try:
            hub.launch()
            hub.put("/profiles/camera", name="Camera", metrics={}, category="video")
            for at in range(CAMERAS):
                hub.put(f"/devices/cam-{at}", name=f"cam-{at}", profile="camera")
            urls = [f"rtsp://{host}:{(dark if at % DARK == 0 else street).port}/{at}" for at, host in enumerate(hosts)]
            conn.execute(CONNECTED.encode(), ([f"cam-{at}" for at in range(CAMERAS)], urls))
            before = set[str]()
            for visits in KILLED_AT:
                wait_until(partial(reached, visits), f"{visits} are visited", 120)
                hub.kill()
                assert count(f"{VISITED} and v.visited_at is not null") < CAMERAS, "it was in the middle"
                before |= {str(code) for (code,) in conn.execute(SEEN.encode())}
                described = _described(street, dark)
                hub.launch()
            wait_until(
                lambda: count("select count(*) from patrol_round where ended_at is not null") == 1, "it ends", 180
            )
            again = _described(street, dark) - described
            assert not before & {f"cam-{at}" for at in again}, "who was visited is not visited again"
            assert count(f"{VISITED} and v.result = 'fine'") == CAMERAS - 10 - 5
            told = conn.execute(TOLD.encode()).fetchall()
            silent = {f"cam-{at}" for at in range(CAMERAS) if at % SILENT == 1}
            wanted = {(f"cam-{at}", "video_quality") for at in range(0, CAMERAS, DARK)}
            wanted |= {(code, "video_loss") for code in silent}
            assert {(code, kind) for code, kind, _, _ in told} == wanted
            assert all((state, times) == ("active", 1) for _, _, state, times in told), told
            assert count("select last_cameras from patrol_round") == CAMERAS
        finally:
            hub.close()


def _described(*cameras: RtspCamera) -> Counter[str]:
    """How often each was asked for what it streams, by its number."""
    asked = [line for camera in cameras for line in list(camera.asked) if line.startswith("DESCRIBE ")]
    return Counter(line.rpartition("/")[2] for line in asked)
