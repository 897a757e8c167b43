"""A DTU: it dials in, registers, sends heartbeats, and passes requests on to the Modbus slaves behind it."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, cast

from devices.codecs.modbus.writing import REQUEST_BYTES, answer, asked
from simulator.stations.walk import Course, Walk

DIAL_AGAIN_S = 1.0


class Habits(NamedTuple):
    """What a DTU does besides passing answers on."""

    heartbeat: bytes = b"www.usr.cn"
    heartbeat_s: float = 30.0
    answers_after_s: float = 0.05
    """What a serial line and its slave take."""
    within: float = 0.0
    """Of how many answers, 0 to 1, a heartbeat falls into the middle."""
    silent: float = 0.0
    """How many requests, 0 to 1, are not answered: a slave that is away."""


class Transmitter(Mapping[int, int]):
    """A slave for humidity (0) and temperature (1), in tenths, which change with each look."""

    def __init__(self, name: str, seed: int) -> None:
        rng = Random(f"transmitter-{name}-{seed}")  # noqa: S311 no secret
        self._walks = {0: Walk(Course("humidity", 300, 900, 1), rng), 1: Walk(Course("temperature", -50, 350, 1), rng)}

    def __getitem__(self, register: int) -> int:
        return self._walks[register].next() & 0xFFFF

    def __iter__(self) -> Iterator[int]:
        return iter(self._walks)

    def __len__(self) -> int:
        return len(self._walks)


class Dtu(asyncio.Protocol):
    """One DTU by the text that it registers with. Its slaves' registers are read at each request."""

    def __init__(
        self,
        registration: str,
        address: tuple[str, int],
        slaves: Mapping[int, Mapping[int, int]],
        habits: Habits | None = None,
        seed: int = 1,
    ) -> None:
        """`slaves`: registers by their address, by unit; whoever holds them may change them."""
        self.registration, self._address, self.slaves = registration, address, slaves
        self._habits = habits or Habits()
        self._rng = Random(f"dtu-{registration}-{seed}")  # noqa: S311 no secret
        self._transport: asyncio.Transport | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._beat: asyncio.TimerHandle | None = None
        self._ended = False
        self.answered = self.connections = 0

    def begin(self) -> None:
        """Dial."""
        self._do(self._dial())

    async def end(self) -> None:
        """Hang up for good."""
        self._ended = True
        if self._beat is not None:
            self._beat.cancel()
        if self._transport is not None:
            self._transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="dtu")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dial(self) -> None:
        while not self._ended:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
            except OSError:
                await asyncio.sleep(DIAL_AGAIN_S)
            else:
                return

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register."""
        self._transport = cast(asyncio.Transport, transport)
        self.connections += 1
        self._transport.write(self.registration.encode())
        self._beats()

    def connection_lost(self, exc: Exception | None) -> None:
        """Dial again."""
        self._transport = None
        if self._beat is not None:
            self._beat.cancel()
        if not self._ended:
            self._do(self._again())

    async def _again(self) -> None:
        await asyncio.sleep(DIAL_AGAIN_S)
        await self._dial()

    def data_received(self, data: bytes) -> None:
        """Answer each request of 8 bytes, one after another; a slave hears nothing else."""
        for begin in range(0, len(data), REQUEST_BYTES):
            request = asked(data[begin : begin + REQUEST_BYTES])
            if request is None or request.unit not in self.slaves or self._rng.random() < self._habits.silent:
                continue
            self._do(self._answer(answer(request, self.slaves[request.unit])))

    async def _answer(self, told: bytes) -> None:
        await asyncio.sleep(self._habits.answers_after_s)
        if self._transport is None:
            return
        self.answered += 1
        if self._rng.random() >= self._habits.within:
            self._transport.write(told)
            return
        middle = self._rng.randrange(1, len(told))
        self._transport.write(told[:middle] + self._habits.heartbeat)
        await asyncio.sleep(self._habits.answers_after_s)
        if self._transport is not None:
            self._transport.write(told[middle:])

    def _beats(self) -> None:
        if self._transport is not None:
            if self._beat is not None:
                self._transport.write(self._habits.heartbeat)
            self._beat = asyncio.get_running_loop().call_later(self._habits.heartbeat_s, self._beats)


def registrations(count: int, first: int = 1) -> Sequence[str]:
    """Texts with which so many made-up DTUs register: 15 digits, as an IMEI."""
    return [f"8610000{n:08}" for n in range(first, first + count)]
