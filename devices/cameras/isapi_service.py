"""Calls of ISAPI: what a camera is, and its stream of alerts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.cameras.camera_url import masked
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import FORBIDDEN, Head, HttpPeer
from devices.codecs.xml_tree import tree
from hub.errors import DecodeError
from hub.words.sentence import Sentence

INFO = "/ISAPI/System/deviceInfo"
STREAM = "/ISAPI/Event/notification/alertStream"
OLD_STREAM = "/Event/notification/alertStream"
"""Of firmware before ISAPI 2.0."""
NOT_FOUND = 404


class IsapiService:
    """The services of one camera or recorder."""

    def __init__(self, peer: HttpPeer) -> None:
        self._peer, self._stream = peer, peer.url.path or STREAM

    async def model(self) -> str:
        """Model and firmware, which needs the login. CameraFailed."""
        answer = await self._peer.ask("GET", INFO)
        check_status(answer.status, INFO)
        try:
            root, _ = tree(answer.body)
        except DecodeError as error:
            raise CameraFailed("answer", Sentence("camera.failed.xml", error=error.detail)) from error
        return " ".join(each for each in (root.told("model"), root.told("firmwareVersion")) if each)

    @asynccontextmanager
    async def alerts(self) -> AsyncIterator[tuple[Head, AsyncIterator[bytes]]]:
        """The stream of alerts: its head and its bytes as they come. CameraFailed."""
        async with self._peer.opened("GET", self._stream) as opened:
            head, _ = opened
            if head.status == NOT_FOUND and self._stream == STREAM:
                self._stream = OLD_STREAM
            check_status(head.status, self._stream)
            yield opened


def check_status(status: int, path: str) -> None:
    """CameraFailed, unless it is 200."""
    if status == FORBIDDEN:
        raise CameraFailed("login", Sentence("camera.failed.forbidden", path=masked(path)))
    if status != 200:
        raise CameraFailed("path", Sentence("camera.failed.path", path=masked(path), status=status))
