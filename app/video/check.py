"""Runs the analysis on one stream or file, apart from a hub, with the same child process."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.failure import CameraFailed
from hub.access.outgoing import resolved
from hub.children import Limits
from hub.networks import never_called, reached
from hub.words.sentence import Sentence
from ingest.video.messages import Ended, Open, OpenFile, Report
from ingest.video.reader import LIMITS, Reader, ReaderEnded


class Wanted(NamedTuple):
    """How it is looked at."""

    fps: float
    settings: bytes
    overlay: str
    """A file; "": none."""


async def check_stream(
    url: CameraUrl, login: Login | None, wanted: Wanted, seconds: float | None, take: Callable[[Report], None]
) -> None:
    """Look at a stream until it ends, or for so many seconds. CameraFailed."""
    addresses = await allowed(url.host, url.port)

    def told(slot: int) -> Open:
        return Open(
            slot, "", url.shown, addresses, None if login is None else (login.username, login.password), wanted.fps,
            wanted.settings, wanted.overlay,
        )  # fmt: skip

    await _checked(told, wanted, seconds, take)


async def check_file(path: Path, wanted: Wanted, take: Callable[[Report], None]) -> None:
    """Look at all of a file. CameraFailed."""

    def told(slot: int) -> OpenFile:
        return OpenFile(slot, str(path.absolute()), wanted.fps, wanted.settings, wanted.overlay)

    try:
        await _checked(told, wanted, None, take)
    except* ReaderEnded as error:
        crashed = Sentence("camera.failed.file", path=str(path), told=Sentence("video.file.crash"))
        raise CameraFailed("answer", crashed) from error


async def allowed(host: str, port: int) -> list[str]:
    """Addresses that may be called from the command line: all but those that nobody is called at. CameraFailed."""
    try:
        found = await resolved(host, port)
    except OSError as error:
        raise CameraFailed("name", Sentence("camera.failed.name", host=host)) from error
    for text in found:
        if (what := never_called(reached(ip_address(text)))) is not None:
            told = {"host": host if host == text else f"{host} ({text})", "port": port}
            raise CameraFailed("guard", Sentence("refusal.outgoing.never", what=Sentence(f"outgoing.{what}"), **told))
    return found


async def _checked(
    told: Callable[[int], Open | OpenFile], wanted: Wanted, seconds: float | None, take: Callable[[Report], None]
) -> None:
    limits = Limits(memory_bytes=LIMITS.memory_bytes, file_bytes=None if wanted.overlay else 0)
    reader = Reader("the reader of video", 1, limits=limits)

    async def taken(report: Report) -> None:
        take(report)

    async with asyncio.TaskGroup() as group:
        running = group.create_task(reader.run(), name="video.reader")
        try:
            async with asyncio.timeout(seconds):
                ended: Ended = await reader.follow(told, taken)
            if ended.step:
                raise CameraFailed("answer", ended.sentence)  # type: ignore[arg-type]
        except TimeoutError:
            return
        finally:
            running.cancel()
