"""A name that leads elsewhere between its look-up and the connection reaches nothing but what was allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import pytest

from devices.cameras.camera_url import parse_url
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import HttpPeer
from hub.access.outgoing import Outgoing
from hub.limit_settings import Outgoing as Listed
from hub.settings import Settings
from ingest.video.addressed import Addressed
from ingest.video.following import VideoFollowing
from ingest.video.messages import Ended, Open, Report, ended
from tests.unit.test_outgoing import Dns
from tests.unit.test_video_following import Stream, followed_at

METADATA, CAMERA = "169.254.169.254", "10.0.0.9"


class Child(Stream):
    """What it is told to open."""

    async def follow(self, wanted: Callable[[int], Open], take: Callable[[Report], Awaitable[None]]) -> Ended:
        self.opened.append(wanted(0))
        return ended(0, "answer", "gone")


def _camera(child: Child, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> VideoFollowing:
    outgoing = Outgoing(Settings(outgoing=Listed(camera=("10.0.0.0/8",))), dns)
    return followed_at("rtsp://cam.example:554/1", child, outgoing, monkeypatch)


async def test_a_child_is_told_the_addresses_that_were_judged_and_asks_for_no_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child, dns = Child(1.0), Dns(cam_example=[[METADATA, CAMERA], [METADATA]])
    each = _camera(child, dns, monkeypatch)
    with pytest.raises(CameraFailed) as gone:
        await each.follow()
    assert gone.value.step == "answer"
    assert (child.opened[0].addresses, dns.asked) == ([CAMERA], ["cam.example"]), "one look-up, of which the rest goes"
    with pytest.raises(CameraFailed) as refused:
        await each.follow()
    assert (refused.value.step, len(child.opened)) == ("guard", 1), "at each opening it is judged anew"


async def test_what_is_called_is_an_address_and_never_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    called = list[str]()

    async def opened(host: str, _port: int, **_how: object) -> None:
        called.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", opened)
    url, _ = parse_url("rtsp", "rtsp://cam.example:554/1")
    with pytest.raises(CameraFailed):
        await HttpPeer(url, None, Addressed([CAMERA, "10.0.0.8"]), cast("object", SimpleNamespace())).connected()  # type: ignore[arg-type]
    assert called == [CAMERA, "10.0.0.8"]
