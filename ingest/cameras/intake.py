"""From streams to deliveries: what all cameras said in a moment is handed over together.

Nobody is told of the commit: a stream of alerts has no acknowledgement. Bounded: while WAITING messages wait, no stream
is read, and cameras find their connections full.
"""

import asyncio
from collections import deque

from hub.clip import Clip
from hub.models import Delivery, Micros, Origin, Outcome, Raw, now_micros
from hub.picture import Picture
from hub.pipeline import Sink

AT_ONCE = 500
"""Messages of one delivery."""
WAITING = 2_000


async def _settled(_outcome: Outcome) -> None:
    """Nobody waits for it."""


class Intake:
    """Takes messages of all cameras."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: deque[Raw] = deque()
        self._arrived, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._stopped = False
        self._last: Micros = 0

    async def put(
        self, origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None
    ) -> None:
        """Take a message, once there is room."""
        while not self._room.is_set():
            await self._room.wait()
        received = self._last = max(now_micros(), self._last + 1)
        self._waiting.append(Raw(origin, payload, received, pictures=pictures, clip=clip))
        if len(self._waiting) >= WAITING:
            self._room.clear()
        self._arrived.set()

    def stop(self) -> None:
        """Nothing more is put; `run` returns once all is handed over."""
        self._stopped = True
        self._arrived.set()

    async def run(self) -> None:
        """Hand over what waits, as long as the sink has room."""
        while self._waiting or not self._stopped:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            if len(self._waiting) < WAITING // 2:
                self._room.set()
            await self._sink.submit(Delivery(taken, _settled))
