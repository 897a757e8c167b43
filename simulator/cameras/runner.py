"""Cameras that are there for a while: at ports one after the other, telling something now and then."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from itertools import cycle

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.isapi import IsapiCamera, alert
from simulator.cameras.onvif import OnvifCamera
from simulator.cameras.rtsp import RtspCamera, clip

USERNAME = "ganzhi"
_TYPES = ("fielddetection", "linedetection", "shelteralarm", "scenechangedetection", "faceCapture")
_TOPICS = (
    ("tns1:RuleEngine/FieldDetector/ObjectsInside", "IsInside"),
    ("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper"),
    ("tns1:VideoSource/MotionAlarm", "State"),
)


async def live_cameras(
    isapi: int, onvif: int, rtsp: int, port: int, password: str, every_s: float, seconds: float | None
) -> None:
    """So many of each, for so many seconds; None: until it is cancelled."""
    async with AsyncExitStack() as stack:
        first = [
            await stack.enter_async_context(IsapiCamera(HttpLogin(USERNAME, password), port=port + number))
            for number in range(isapi)
        ]
        others = [
            await stack.enter_async_context(OnvifCamera(USERNAME, password, port=port + isapi + number))
            for number in range(onvif)
        ]
        streams = [
            await stack.enter_async_context(
                RtspCamera(clip("street.h264"), HttpLogin(USERNAME, password), port + isapi + onvif + number)
            )
            for number in range(rtsp)
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for camera in first:
                    group.create_task(_alerts(camera, every_s), name="isapi")
                group.create_task(_notices(others, every_s), name="onvif")
                group.create_task(_covered(streams, every_s), name="rtsp")


async def _alerts(camera: IsapiCamera, every_s: float) -> None:
    for type_ in cycle(_TYPES):
        await asyncio.sleep(every_s)
        await camera.repeat(type_, 3, every_s=min(1.0, every_s))
        await camera.tell(alert("VMD"))
        await camera.tell(alert("VMD", is_active=False, count=0))


async def _notices(cameras: Sequence[OnvifCamera], every_s: float) -> None:
    for topic, name in cycle(_TOPICS):
        for value in ("true", "false"):
            await asyncio.sleep(every_s)
            for camera in cameras:
                camera.tell(topic, f"{name}={value}")


async def _covered(cameras: Sequence[RtspCamera], every_s: float) -> None:
    """Each is in the dark every other time."""
    for name in cycle(("black.h264", "street.h264")):
        await asyncio.sleep(every_s)
        for camera in cameras:
            camera.clip = clip(name)
