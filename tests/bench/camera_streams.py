"""Streams of alerts (ISAPI) in one process: what they add to its memory, and what a document costs it."""

import asyncio
import os
import resource
import ssl
import subprocess
import sys
import time
from functools import partial
from typing import Any

from devices.cameras.camera_url import Login, parse_url
from devices.cameras.http_peer import HttpPeer
from devices.cameras.isapi_service import IsapiService
from hub.access.outgoing import Outgoing
from hub.limit_settings import Outgoing as Listed
from hub.models import Delivery, Origin, Outcome
from hub.picture import NOT_KEPT, Picture, absent
from hub.settings import Settings
from ingest.cameras.alerts import Alerts
from ingest.cameras.following import OPENING
from ingest.cameras.intake import Intake
from ingest.cameras.isapi import IsapiFollowing
from simulator.cameras.runner import USERNAME
from tests.support.measure import cpu_s, rss_mb

STREAMS, QUICK_STREAMS = 500, 50
PORT = 18_600
"""Of the first simulated camera."""


class _Sink:
    """Counts what comes."""

    full, taken = False, 0

    async def submit(self, delivery: Delivery) -> None:
        self.taken += len(delivery.raws)
        await delivery.settle(Outcome({}))


def _origin(camera: str, _channel: str) -> Origin:
    return Origin("isapi", camera, camera, "frame", protocol="isapi")


async def _no_picture(_camera: str, _picture: bytes) -> Picture:
    return absent(NOT_KEPT)


def measured_streams(count: int, seconds: float) -> dict[str, Any]:
    """`streams_mb` added by all, processor time of a document in microseconds, and which share of a core they take."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each stream is one file here, and two there
    told = ("--isapi", str(count), "--onvif", "0", "--port", str(PORT), "--every", "2", "--password", "sim-Cam1")
    with subprocess.Popen([sys.executable, "-m", "simulator", "cameras", *told], stdout=subprocess.DEVNULL) as street:
        try:
            return asyncio.run(_course(count, seconds))
        finally:
            street.terminate()


async def _course(count: int, seconds: float) -> dict[str, Any]:
    outgoing = Outgoing(Settings(outgoing=Listed(camera=("127.0.0.0/8",))))
    tls, sink, opening = ssl.create_default_context(), _Sink(), asyncio.Semaphore(OPENING)
    intake, pid = Intake(sink), os.getpid()
    followings = []
    for number in range(count):
        url, _ = parse_url("isapi", f"http://127.0.0.1:{PORT + number}")
        alerts = Alerts(f"cam-{number}", partial(_origin, f"cam-{number}"), tuple, intake.put, _no_picture)
        peer = HttpPeer(url, Login(USERNAME, "sim-Cam1"), outgoing, tls)
        followings.append(IsapiFollowing(f"cam-{number}", IsapiService(peer), alerts, opening))
    before = rss_mb(pid)
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        handing = group.create_task(intake.run(), name="intake")
        streams = [group.create_task(following.run(), name="stream") for following in followings]
        while any(each.standing.state != "up" for each in followings):  # noqa: ASYNC110 it is looked at for seconds
            await asyncio.sleep(0.2)
        taken, spent, began = sink.taken, cpu_s([pid]), time.monotonic()
        await asyncio.sleep(seconds)
        documents, used, took = sink.taken - taken, cpu_s([pid]) - spent, time.monotonic() - began
        added = rss_mb(pid) - before
        for task in (handing, *streams):
            task.cancel()
    return {
        "streams": count, "streams_mb": round(added, 1), "documents": documents,
        "document_us": round(1e6 * used / max(1, documents)), "streams_core_share": round(used / took, 4),
    }  # fmt: skip
