"""Cameras that watch: registered over UDP and TCP by turns, alive every minute, each with an alarm now and then.

An alarm that is not answered is kept, and told again as a new message: the hub stores it once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta, timezone

from hub.models import Micros, from_micros
from simulator.cameras.gb28181 import Camera
from simulator.messages import EventTruth, Message

BEIJING = timezone(timedelta(hours=8))
PASSWORD = "12345678"  # noqa: S105 of cameras that are made up
KEEPALIVE_S = 60.0
AT_ONCE = 50
"""Cameras that register at the same time."""
INTRUSION, OVER = (5, 6), "区域入侵报警解除"
"""Method and type of their alarms, and the text by which one is over."""


def ids(count: int, first: int = 1) -> Sequence[str]:
    """Of so many made-up cameras."""
    return [f"33011000001320{number:06}" for number in range(first, first + count)]


class Watch:
    """Cameras of one hub."""

    def __init__(
        self, count: int, server: tuple[str, int], taken: Callable[[Message], None], *, keepalives: bool = True
    ) -> None:
        """`taken` is told of each alarm that is answered; without `keepalives` they are sent by `keepalive`."""
        self._taken, self._keepalives = taken, keepalives
        self.cameras = [
            Camera(id_, server, PASSWORD, transport="tcp" if number % 2 else "udp")
            for number, id_ in enumerate(ids(count))
        ]
        self.pending = 0
        """Alarms that are not answered yet."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = {camera.id: asyncio.Lock() for camera in self.cameras}
        """Each camera tells one thing after the other."""
        self._still = False

    async def begin(self) -> None:
        """Connect and register all; each comes back until it is let in."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(camera: Camera) -> None:
            async with room:
                await self._registered(camera)
            if self._keepalives:
                self._start(self._alive(camera))

        await asyncio.gather(*(one(camera) for camera in self.cameras))

    def keepalive(self, number: int) -> None:
        """One of them says that it is alive."""
        self._start(self.cameras[number % len(self.cameras)].keepalive())

    def alarm(self, number: int, at: Micros, *, over: bool = False) -> None:
        """An alarm of one of them, as of a whole second, or that it is over."""
        self.pending += 1
        self._start(self._told(self.cameras[number % len(self.cameras)], at // 1_000_000 * 1_000_000, over))

    async def end(self, seconds: float) -> int:
        """Wait until all alarms are answered; how many are not. Then all connections end."""
        until = time.monotonic() + seconds
        while self.pending and time.monotonic() < until:  # noqa: ASYNC110 up to a deadline
            await asyncio.sleep(0.1)
        self._still, left = True, self.pending
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for camera in self.cameras:
            camera.close()
        await asyncio.sleep(0)
        return left

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _registered(self, camera: Camera) -> None:
        pause = 0.5
        while not self._still:
            try:
                await camera.connect()
                answer = await camera.register()
            except OSError:
                answer = None
            if answer is not None and answer.status == 200:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, 30.0)

    async def _alive(self, camera: Camera) -> None:
        await asyncio.sleep(KEEPALIVE_S * camera.chance.random())
        while True:
            answer = await camera.keepalive()
            if answer is None or answer.status != 200:
                await self._registered(camera)
            await asyncio.sleep(KEEPALIVE_S)

    async def _told(self, camera: Camera, at: Micros, over: bool) -> None:
        told = from_micros(at).astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S")
        async with self._turns[camera.id]:
            while True:
                answer = await camera.alarm(*INTRUSION, told, OVER if over else "")
                if answer is not None and answer.status == 200:
                    break
                await self._registered(camera)
        self.pending -= 1
        truth = EventTruth(camera.id, f"{camera.id}-{at}", "intrusion", "inactive" if over else "active", at)
        self._taken(Message("camera", b"", (), (truth,)))
