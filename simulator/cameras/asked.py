"""Cameras that the hub asks (ISAPI, ONVIF): something is in their area by turns, and is gone again.

The video of one of RTSP is looked at by the hub itself: it burns there by turns, or is dark, and nobody acknowledges
that.

What they tell while the hub listens is the truth: such a camera hears nothing of what becomes of it.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from hub.models import to_micros
from simulator.cameras.http_login import HttpLogin
from simulator.cameras.isapi import IsapiCamera, alert
from simulator.cameras.onvif import OnvifCamera
from simulator.cameras.rtsp import RtspCamera, clip
from simulator.messages import EventTruth, Message

ASKED = ("isapi", "onvif", "rtsp")
USERNAME, PASSWORD = "ganzhi", "12345678"
TOPIC, ITEM = "tns1:RuleEngine/FieldDetector/ObjectsInside", "IsInside"
TICK_S = 0.2
FILMS = ("street.h264", "fire.h264", "street.h264", "black.h264")
"""Of a stream, by turns."""
FILM_S = 20.0
ANALYSIS = {"kinds": ["black", "crowd", "flame"], "readings_s": 5}
"""What is looked for in a stream, and measured: how much of it is covered."""


def isapi_codes(count: int) -> Sequence[str]:
    """Of so many made-up cameras."""
    return [f"camera-isapi-{number:02}" for number in range(1, count + 1)]


def onvif_codes(count: int) -> Sequence[str]:
    """As `isapi_codes`."""
    return [f"camera-onvif-{number:02}" for number in range(1, count + 1)]


def rtsp_codes(count: int) -> Sequence[str]:
    """As `isapi_codes`."""
    return [f"camera-rtsp-{number:02}" for number in range(1, count + 1)]


def free_port() -> int:
    """One on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Asked:
    """Cameras of one kind, each at a port of its own."""

    def __init__(self, kind: str, codes: Sequence[str], ports: Sequence[int], taken: Callable[[Message], None]) -> None:
        self._kind, self._codes, self._ports, self._taken = kind, codes, ports, taken
        self._stack, self._cameras = AsyncExitStack(), list[IsapiCamera | OnvifCamera | RtspCamera]()
        self._inside: set[str] = set()
        """Cameras that have told that something is there."""

    async def __aenter__(self) -> "Asked":
        self._cameras = [await self._stack.enter_async_context(self._made(port)) for port in self._ports]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, still: threading.Event, every_s: float) -> None:
        """Take turns until it is to be still."""
        begun = due = time.monotonic()
        turns = 0
        while not still.is_set():
            self._show(FILMS[int((time.monotonic() - begun) / FILM_S) % len(FILMS)])
            if due <= time.monotonic():
                due += every_s / len(self._cameras)
                await self._turn(turns % len(self._cameras))
                turns += 1
            await asyncio.sleep(TICK_S)

    async def end(self, drain_s: float) -> int:
        """Nothing is there any more; returns how much of what was told the hub has not fetched."""
        for number, code in enumerate(self._codes):
            if code in self._inside:
                await asyncio.sleep(1.0)  # its time has whole seconds
                await self._turn(number)
        until = time.monotonic() + drain_s
        while self._untold and time.monotonic() < until:  # noqa: ASYNC110 up to a deadline
            await asyncio.sleep(TICK_S)
        return self._untold

    @property
    def _untold(self) -> int:
        return sum(camera.untold for camera in self._cameras if isinstance(camera, OnvifCamera))

    def _show(self, film: str) -> None:
        for camera in self._cameras:
            if isinstance(camera, RtspCamera):
                camera.clip = clip(film)

    def _made(self, port: int) -> IsapiCamera | OnvifCamera | RtspCamera:
        if self._kind == "rtsp":
            return RtspCamera(clip("street.h264"), HttpLogin(USERNAME, PASSWORD), port)
        if self._kind == "isapi":
            return IsapiCamera(HttpLogin(USERNAME, PASSWORD), port=port)
        return OnvifCamera(USERNAME, PASSWORD, port=port)

    async def _turn(self, number: int) -> None:
        """Tell the next of one camera, if the hub listens."""
        camera, code = self._cameras[number], self._codes[number]
        if isinstance(camera, RtspCamera):
            return
        is_there = code not in self._inside
        if isinstance(camera, IsapiCamera):
            if not camera.listeners:
                return
            at = datetime.now(UTC).replace(microsecond=0)
            told = at.isoformat()
            await camera.tell(alert("fielddetection", is_active=is_there, count=int(is_there), at=told))
        else:
            if not camera.subscriptions:
                return
            at = camera.tell(TOPIC, f"{ITEM}={str(is_there).lower()}")
        (self._inside.add if is_there else self._inside.discard)(code)
        state = "active" if is_there else "inactive"
        truth = EventTruth(code, f"{code}-{to_micros(at)}", "intrusion", state, to_micros(at))
        self._taken(Message("camera", b"", (), (truth,)))
