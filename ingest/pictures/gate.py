"""The privacy gate for pictures: a pool of processes that decode what strangers send, each bounded and replaceable.

What a source calls where the bytes arrive, before anything of them is queued for Kafka or the store.
"""

import asyncio
import logging
import os
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE

import msgspec

from hub.backoff import Backoff
from hub.children import Command, Limits, child
from hub.models import Micros, now_micros
from hub.picture import GATE_FULL, NOT_KEPT, REFUSED, TOO_SLOW, Picture, absent
from hub.picture_settings import Pictures
from ingest.pictures.asked import LEARNED, LENGTH_BYTES, MAX_BYTES, PICTURE, Asked, frame, seed_of
from ingest.pictures.places import Places

log = logging.getLogger(__name__)

ANSWER_S = 0.3
"""Within which a picture has passed or goes without: an alarm waits no longer for it."""
HANGS_S = 5.0
"""A child that works on one picture for so long is killed. On a busy machine ANSWER_S is no sign of that."""
START_S = 30.0
"""A child that has not loaded OpenCV by then is killed."""
MAX_RECEIVED = 8 << 20
"""Bytes of a picture as received; cameras send 20 to 800 KB."""
WAITING_BYTES = 64 << 20
"""Of all pictures that wait."""
OF_ONE = 4
"""Pictures of one camera that may wait: one that sends without end does not take the gate from the others."""
RENEWED = 5_000
"""Pictures after which a child is replaced, before its limit of processor time ends it."""
LIMITS = Limits(memory_bytes=1 << 30, cpu_s=1_200, file_bytes=0)
"""Of a child: 36 million pixels take 0.4 GB; a picture takes 20 ms, 120 at the most."""
CHILD = (sys.executable, "-m", "ingest.pictures.child")


@dataclass(slots=True)
class _Job:
    camera: str
    picture: bytes
    received: Micros
    place: bytes = b""
    """What the store knows of the camera's place, if nothing newer is known here."""
    answer: "asyncio.Future[Picture]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Gate:
    """Passes pictures; `run` keeps its processes. Without `run` every picture is too slow."""

    def __init__(
        self,
        settings: Pictures,
        clock: Callable[[], Micros] = now_micros,
        command: Sequence[str | Path] = CHILD,
        limits: Limits = LIMITS,
        places: Places | None = None,
    ) -> None:
        """`clock` gives the time of arrival; `command` starts a child; `places`: what is known after a restart."""
        self._settings, self._clock, self._places = settings, clock, places
        self._command = Command(command, limits, output=PIPE)
        self._jobs: deque[_Job] = deque()
        self._waiting = self._waiting_bytes = 0
        self._of_camera: Counter[str] = Counter()
        self._arrived, self._wanted = asyncio.Event(), asyncio.Event()
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self.secret = os.urandom(16)
        """What is added to blocks is made of it, for each camera; in memory alone, and another after each start."""
        self.outcomes: Counter[str] = Counter()
        """Pictures by what became of them: passed, whole, too_slow, gate_full, refused."""
        self.ready = 0
        """Processes that have loaded OpenCV."""

    def warm(self) -> None:
        """Start the processes, which takes some 300 ms, before the first picture comes."""
        self._wanted.set()

    async def passed(self, camera: str, picture: bytes) -> Picture:
        """A JPEG or PNG as it may be kept, within ANSWER_S; or why its event goes without (`Picture.why`).

        `camera` is the code of the device, or of the channel, that it is of: its place is remembered by it.
        """
        made = await self._answered(camera, picture)
        self.note(made)
        return made

    def note(self, made: Picture) -> None:
        """Count one that was made here, or where video is decoded (ingest/clips)."""
        self.outcomes[made.why.partition(":")[0] or ("whole" if made.whole else "passed")] += 1

    async def _answered(self, camera: str, picture: bytes) -> Picture:
        if not self._settings.processes:
            return absent(NOT_KEPT)
        if len(picture) > MAX_RECEIVED:
            return absent(f"{REFUSED}too_many_bytes")
        most = self._settings.waiting * self._settings.processes
        if (
            self._waiting >= most
            or self._waiting_bytes + len(picture) > WAITING_BYTES
            or self._of_camera[camera] >= OF_ONE
        ):
            return absent(GATE_FULL)
        job = _Job(camera, picture, self._clock())
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._queue(job)
                return await job.answer
        except TimeoutError:
            return absent(TOO_SLOW)

    async def _queue(self, job: _Job) -> None:
        """The store is asked before a process is: while it is slow it holds up this picture, and no other camera's."""
        self.warm()
        self._count(job, 1)
        try:
            if self._places is not None and job.camera not in self._known:
                job.place = await self._places.of(job.camera)
        except BaseException:
            self._count(job, -1)
            raise
        self._jobs.append(job)
        self._arrived.set()

    def _count(self, job: _Job, more: int) -> None:
        self._waiting += more
        self._waiting_bytes += more * len(job.picture)
        self._of_camera[job.camera] += more
        if not self._of_camera[job.camera]:
            del self._of_camera[job.camera]

    async def run(self) -> None:
        """Keep the processes until cancelled."""
        await self._wanted.wait()
        async with asyncio.TaskGroup() as group:
            if self._places is not None:
                group.create_task(self._places.run(), name="pictures.places")
            for number in range(1, self._settings.processes + 1):
                group.create_task(self._kept(f"picture gate {number}"), name=f"pictures.{number}")

    async def _kept(self, name: str) -> None:
        backoff = Backoff(log, "%s works again", name, first_s=0.1, longest_s=15.0)
        while True:
            ready = False
            try:
                async with child(self._command) as process:
                    async with asyncio.timeout(START_S):
                        await _output(process).readexactly(1)
                    self.ready, ready = self.ready + 1, True
                    backoff.succeeded()
                    await self._serve(process)
            except (OSError, EOFError, msgspec.DecodeError) as error:  # TimeoutError is an OSError
                backoff.failed("%s ended: %s; it is started again", name, error or type(error).__name__)
            finally:
                self.ready -= ready
            if backoff.down:
                await backoff.wait()

    async def _serve(self, process: asyncio.subprocess.Process) -> None:
        """Give a child one picture after the other; OSError, EOFError or DecodeError when it cannot go on."""
        for _ in range(RENEWED):
            job = await self._next()
            try:
                async with asyncio.timeout(HANGS_S):
                    await self._work(process, job)
            finally:
                _answer(job, absent(f"{REFUSED}crashed"))

    async def _next(self) -> _Job:
        """The next picture that somebody still waits for."""
        while True:
            while self._jobs:
                job = self._jobs.popleft()
                self._count(job, -1)
                if not job.answer.done():
                    return job
            self._arrived.clear()
            await self._arrived.wait()

    async def _work(self, process: asyncio.subprocess.Process, job: _Job) -> None:
        settings = self._settings
        memory = self._known.get(job.camera, job.place)
        occasion = round(settings.occasion_s * 1_000_000)
        asked = Asked(
            job.picture, settings.longest_side, memory, job.received, settings.occasions, occasion,
            seed_of(self.secret, job.camera),
        )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 it heeds stdin
        process.stdin.write(frame(asked))
        await process.stdin.drain()
        _answer(job, PICTURE.decode(await _read(process)))
        learned = LEARNED.decode(await _read(process))
        if learned.memory:
            self._remember(job.camera, learned.memory)
            if self._places is not None and learned.place:
                self._places.keep(job.camera, learned.place)

    def _remember(self, camera: str, memory: bytes) -> None:
        self._known[camera] = memory
        self._known.move_to_end(camera)
        if len(self._known) > self._settings.cameras:
            self._known.popitem(last=False)


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # noqa: S101 output is PIPE
    return process.stdout


async def _read(process: asyncio.subprocess.Process) -> bytes:
    length = int.from_bytes(await _output(process).readexactly(LENGTH_BYTES), "big")
    if length > MAX_BYTES:
        raise ConnectionError(f"an answer of {length} bytes")
    return await _output(process).readexactly(length)


def _answer(job: _Job, picture: Picture) -> None:
    """A no-op where it is answered."""
    if not job.answer.done():
        job.answer.set_result(picture)
