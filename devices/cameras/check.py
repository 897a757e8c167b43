"""Tells what answers at a camera's address: each step, up to the one that fails, with what to do."""

import asyncio
import ssl
from typing import Literal, NamedTuple

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.failure import CameraFailed
from devices.cameras.gat1400_service import Gat1400Service
from devices.cameras.http_peer import CONNECT_S, HttpPeer
from devices.cameras.isapi_service import IsapiService
from devices.cameras.onvif_service import OnvifService
from hub.access.outgoing import Outgoing
from hub.words.sentence import Sentence

Kind = Literal["isapi", "onvif", "rtsp", "gat1400"]
STREAM_S = 12.0
"""A camera says something in its stream within that time, if only that it is there."""
CLOCK_S = 60
"""A clock that is further off is worth a remark."""


class Passed(NamedTuple):
    """A step, whether it went well, and what it showed."""

    step: str
    ok: bool
    told: str


async def check(
    kind: Kind, url: CameraUrl, login: Login | None, outgoing: Outgoing, tls: ssl.SSLContext, own: str
) -> list[Passed]:
    """The steps in their order; the last one failed, or all went well.

    `own`: the hub's 20 digits, for view libraries.
    """
    passed = list[Passed]()
    try:
        if kind == "rtsp":
            await _rtsp(url, outgoing, passed)
        elif kind == "gat1400":
            clock = await Gat1400Service(HttpPeer(url, login, outgoing, tls), own, "").clock()
            passed.append(Passed("answer", ok=True, told=Sentence("camera.check.viid", clock=repr(clock))))
        elif kind == "isapi":
            await _isapi(HttpPeer(url, login, outgoing, tls), passed)
        else:
            await _onvif(HttpPeer(url, login, outgoing, tls), login, passed)
    except CameraFailed as error:
        passed.append(Passed(error.step, ok=False, told=error.sentence))
    return passed


async def _isapi(peer: HttpPeer, passed: list[Passed]) -> None:
    service = IsapiService(peer)
    passed.append(Passed("login", ok=True, told=Sentence("camera.check.model", model=repr(await service.model()))))
    async with service.alerts() as (_, blocks):
        passed.append(Passed("path", ok=True, told=Sentence("camera.check.stream")))
        try:
            async with asyncio.timeout(STREAM_S):
                await anext(blocks)
        except (TimeoutError, StopAsyncIteration):
            raise CameraFailed("answer", Sentence("camera.failed.silent", seconds=f"{STREAM_S:g}")) from None
        passed.append(Passed("answer", ok=True, told=Sentence("camera.check.alerts")))


async def _onvif(peer: HttpPeer, login: Login | None, passed: list[Passed]) -> None:
    service = OnvifService(peer, login)
    offset = round((await service.set_clock()).total_seconds())
    told = Sentence("camera.check.clock")
    if abs(offset) > CLOCK_S:
        told = Sentence("camera.check.clock_off", seconds=offset)
    passed.append(Passed("clock", ok=True, told=told))
    passed.append(Passed("login", ok=True, told=Sentence("camera.check.model", model=repr(await service.model()))))
    events = await service.events_path()
    passed.append(Passed("path", ok=True, told=Sentence("camera.check.events", path=events)))
    at = await service.subscribe(events, 30)
    try:
        await service.pull(at, 1, 10)
    finally:
        await service.unsubscribe(at)
    passed.append(Passed("answer", ok=True, told=Sentence("camera.check.pull")))


async def _rtsp(url: CameraUrl, outgoing: Outgoing, passed: list[Passed]) -> None:
    """Whether an RTSP server answers; what it streams is looked at by the analysis of video."""
    peer = HttpPeer(url, None, outgoing, ssl.create_default_context())
    told = await peer.greeting(
        f"OPTIONS {url.shown} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: ganzhi\r\n\r\n".encode(), CONNECT_S
    )
    if not told.startswith(b"RTSP/1.0 "):
        raise CameraFailed("answer", Sentence("camera.failed.rtsp", told=repr(told[:40].decode("latin-1"))))
    passed.append(
        Passed("answer", ok=True, told=Sentence("camera.check.rtsp", told=repr(told[9:60].decode("latin-1"))))
    )
