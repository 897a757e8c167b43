"""One child process that reads streams, as the hub sees it: started again when it ends, killed when it hangs.

When it has died, the marks tell whose pictures it was about; those cameras are read alone from then on, until they
have lasted.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

import msgspec

from devices.cameras.failure import CameraFailed
from hub.backoff import Backoff
from hub.children import Command, Limits, child, told
from hub.words.sentence import Sentence
from ingest.video.marks import Marks, made
from ingest.video.messages import (
    LENGTH_BYTES,
    MAX_BYTES,
    REPORT,
    Close,
    Ended,
    Glance,
    Open,
    OpenFile,
    Pace,
    Report,
    SetPace,
    TooLongError,
    frame,
)
from ingest.video.vigil import HANGS_S, Vigil

log = logging.getLogger(__name__)

CHILD = (sys.executable, "-m", "app.video.child")
LIMITS = Limits(memory_bytes=4 << 30, file_bytes=0)
"""Of a child: a stream of 1080p takes some 40 MB, one of 4096 x 2304 up to 250 MB."""
START_S = 30.0
CLOSE_S = 10.0
Take = Callable[[Report], Awaitable[None]]


class ReaderEnded(CameraFailed):
    """The process that reads a camera has ended"""

    def __init__(self, *, guilty: bool) -> None:
        """`guilty`: its pictures were being worked on."""
        crashed, other = Sentence("camera.failed.crashed"), Sentence("camera.failed.reader")
        super().__init__("answer", crashed if guilty else other)
        self.guilty = guilty


class NoRoomError(CameraFailed):
    """A process reads as many streams as it may: nothing is known of the camera"""

    def __init__(self) -> None:
        super().__init__("answer", Sentence("camera.failed.no_room"))


class _Reading:
    """A stream that is being read."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.end: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()


async def _unheard(_report: Report) -> None:
    """Nobody listens to it any more."""


class Reader:
    """Reads up to `most` streams at one time; `run` keeps its process."""

    def __init__(self, name: str, most: int, command: Sequence[str | Path] = CHILD, limits: Limits = LIMITS) -> None:
        self._name, self.most = name, most
        self._arguments, self._limits = command, limits
        self._marks: Marks | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._wanted, self._ready = asyncio.Event(), asyncio.Event()
        self._readings: dict[int, _Reading] = {}
        self._slots = list(range(most - 1, -1, -1))
        self._is_telling = False
        """Whether a report is passed on: meanwhile no other is read."""
        self.restarts = 0

    @property
    def room(self) -> int:
        """For so many more streams."""
        return len(self._slots)

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    async def run(self) -> None:
        """Keep the process, from the first stream on, until cancelled."""
        await self._wanted.wait()
        backoff = Backoff(log, "%s works again", self._name, first_s=0.2, longest_s=15.0)
        while True:
            self._marks, joins = made()
            try:
                async with child(Command([*self._arguments, joins], self._limits, output=PIPE)) as process:
                    async with asyncio.timeout(START_S):
                        await _output(process).readexactly(1)
                    joins.unlink()
                    self._process = process
                    self._ready.set()
                    await self._serve(process, backoff)
            except (OSError, EOFError, msgspec.DecodeError, TooLongError) as error:  # TimeoutError is an OSError
                code = None if self._process is None else self._process.returncode
                why = told(code) if code else str(error) or type(error).__name__
                backoff.failed("%s ended: %s; it is started again", self._name, why)
            finally:
                joins.unlink(missing_ok=True)
                self._ready.clear()
                self._process = None
                self._fail_all()
            self.restarts += 1
            await backoff.wait()

    async def follow(self, wanted: Callable[[int], Open | OpenFile | Glance], take: Take) -> Ended:
        """Read a stream until it ends; `take` gets what is told of it. ReaderEnded.

        NoRoomError.

        `wanted` makes what the child is told, for a slot. Cancelled, the stream is closed.
        """
        if not self._slots:  # one that was closed has not said so yet
            raise NoRoomError
        slot, reading = self._slots.pop(), _Reading(take)
        try:
            self._wanted.set()
            await self._ready.wait()
            self._readings[slot] = reading
            await self._send(frame(wanted(slot)))
            return await asyncio.shield(reading.end)
        except asyncio.CancelledError:
            if slot in self._readings and not reading.end.done():
                await self._close(slot, reading)
            raise
        finally:
            if slot not in self._readings or reading.end.done():
                self._free(slot, reading)
            else:  # it has not said that it is closed: until then what it tells is nobody's, and so is its slot
                reading.take = _unheard
                reading.end.add_done_callback(lambda _: self._free(slot, reading))

    def _free(self, slot: int, reading: _Reading) -> None:
        if reading.end.done() and not reading.end.cancelled():
            reading.end.exception()
        self._readings.pop(slot, None)
        self._slots.append(slot)

    async def pace(self, slot: int, pace: Pace) -> None:
        """Look at more or less of a stream."""
        if slot in self._readings:
            await self._send(frame(SetPace(slot, pace)))

    async def _close(self, slot: int, reading: _Reading) -> None:
        await self._send(frame(Close(slot)))
        try:
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(reading.end)
        except (TimeoutError, CameraFailed):
            log.debug("%s: slot %d did not close", self._name, slot)

    async def _send(self, message: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        try:
            process.stdin.write(message)
            await process.stdin.drain()
        except OSError:
            log.debug("%s has ended", self._name)

    async def _serve(self, process: asyncio.subprocess.Process, backoff: Backoff) -> None:
        """Pass on its reports; OSError or EOFError when it ends."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(process), name=f"{self._name}.watch")
            try:
                output = _output(process)
                while True:
                    length = int.from_bytes(await output.readexactly(LENGTH_BYTES), "big")
                    if length > MAX_BYTES:
                        raise TooLongError(str(length))
                    report = REPORT.decode(await output.readexactly(length))
                    backoff.succeeded()
                    await self._pass_on(report)
            except (asyncio.IncompleteReadError, msgspec.DecodeError, TooLongError) as error:
                log.debug("%s: %s", self._name, error)
            finally:
                watching.cancel()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()  # one that tells nonsense does not end by itself
        await process.wait()
        raise EOFError

    async def _pass_on(self, report: Report) -> None:
        reading = self._readings.get(report.slot)
        if reading is None:
            return
        if isinstance(report, Ended):
            if not reading.end.done():
                reading.end.set_result(report)
            return
        self._is_telling = True
        try:
            await reading.take(report)
        finally:
            self._is_telling = False

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill it when it hangs."""
        if self._marks is None:
            return
        vigil = Vigil(self._marks, HANGS_S)
        while (what := vigil.turn(is_held_up=self._is_telling)) is None:  # noqa: ASYNC110 who hangs tells nobody
            await asyncio.sleep(vigil.every_s)
        log.error("%s hangs in %s; it is ended", self._name, what)
        process.kill()

    def _fail_all(self) -> None:
        inside = set() if self._marks is None else set(self._marks.inside())
        for slot, reading in self._readings.items():
            if not reading.end.done():
                reading.end.set_exception(ReaderEnded(guilty=slot in inside))


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # noqa: S101 output is PIPE
    return process.stdout
