"""Visits of a round of a patrol: so many cameras at one time, a few frames of each, in processes of their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from devices.cameras.camera_url import CameraUrl
from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence
from ingest.video.itinerary import Failure, Itinerary, Stop
from ingest.video.messages import NOBODY, Ended, Glance, Glanced, Report, Trusted
from ingest.video.reader import NoRoomError, Reader, ReaderEnded

COUNTS = 0.5
"""The score of a fault from which it is one."""
Allowed = Callable[[CameraUrl], Awaitable[list[str]]]
"""The addresses at which a camera may be called. CameraFailed."""


class Visit(NamedTuple):
    """How a camera was found."""

    stop: Stop
    shown: Glanced | None
    """None: it has shown nothing."""
    failure: Failure | None
    seconds: float

    @property
    def faults(self) -> dict[str, float]:
        """Scores of what is wrong with its picture."""
        return {} if self.shown is None else {kind: at for kind, at in self.shown.scores.items() if at >= COUNTS}


class Visits:
    """Visits cameras with some readers, whose processes somebody keeps."""

    def __init__(
        self, readers: list[Reader], silent_s: float, allowed: Allowed, at_once: Callable[[], int],
        tls: Trusted = NOBODY,
    ) -> None:  # fmt: skip
        """Who says nothing for `silent_s` shows nothing; `at_once` tells how many may be open by now."""
        self._open = dict.fromkeys(readers, 0)
        self._silent_s, self._allowed, self._at_once, self._tls = silent_s, allowed, at_once, tls

    async def go(
        self, itinerary: Itinerary, place: Callable[[Stop], bytes], tell: Callable[[Visit], Awaitable[None]]
    ) -> None:
        """All of a round; `place` is what is remembered of a camera's, `tell` is told the last visit of each."""
        going = set[asyncio.Task[None]]()

        async def visit(stop: Stop, reader: Reader) -> None:
            try:
                visited = await self._visit(stop, place(stop), reader)
            finally:
                self._open[reader] -= 1
            if itinerary.visited(stop, visited.failure) == "over":
                await tell(visited)

        try:
            while going or not itinerary.is_over:
                while len(going) < self._at_once() and (reader := self._free()) and (found := itinerary.take()):
                    stop, spared = found
                    if spared is None:
                        self._open[reader] += 1
                        going.add(asyncio.create_task(visit(stop, reader), name=f"patrol {stop.camera}"))
                    elif itinerary.visited(stop, spared) == "over":
                        await tell(Visit(stop, None, spared, 0.0))
                if going:
                    done, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    def _free(self) -> Reader | None:
        reader = min(self._open, key=lambda each: self._open[each] - each.most)
        return reader if self._open[reader] < reader.most else None

    async def _visit(self, stop: Stop, place: bytes, reader: Reader) -> Visit:
        began, shown = time.monotonic(), list[Glanced]()
        login = None if stop.login is None else (stop.login.username, stop.login.password)

        async def take(report: Report) -> None:
            if isinstance(report, Glanced):
                shown.append(report)

        try:
            addresses = await self._allowed(stop.url)
            ended = await reader.follow(
                lambda slot: Glance(
                    slot, stop.camera, stop.url.shown, addresses, login, self._silent_s, place, self._tls
                ),
                take,
            )
            failure = _failure(ended)
        except ReaderEnded as error:
            failure = Failure(error.step, error.sentence, "crash" if error.guilty else "reader")
        except NoRoomError as error:
            failure = Failure(error.step, error.sentence, "reader")
        except CameraFailed as error:
            failure = Failure(error.step, error.sentence)
        seconds = time.monotonic() - began
        return Visit(stop, shown[0], None, seconds) if shown else Visit(stop, None, failure, seconds)


def _failure(ended: Ended) -> Failure:
    told = ended.sentence
    why = told if isinstance(told, Sentence) else Sentence("camera.failed.unforeseen", error=told or "-")
    return Failure(ended.step or "answer", why)  # type: ignore[arg-type]
