"""All stations of a run, on a thread of their own; what came of what they told is handed over to whoever asks."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import cycle
from types import TracebackType

from hub.models import Micros
from simulator.cameras.asked import ASKED, Asked
from simulator.cameras.watch import Watch
from simulator.messages import Message
from simulator.publisher import Broker, Publisher
from simulator.stations import chirpstack, ctwing
from simulator.stations.dtu import Dtu, Transmitter
from simulator.stations.gb26875 import Gb26875
from simulator.stations.hj212 import Hj212
from simulator.stations.lines import Lines
from simulator.stations.sl651 import Sl651
from simulator.stations.speech import Speech
from simulator.stations.station import Manners, Station, Told
from simulator.stations.things import KINDS
from simulator.stations.uplinks import Sensor
from simulator.stations.wanted import Wanted

SPEECHES: dict[str, type[Hj212] | type[Gb26875] | type[Sl651]] = {"hj212": Hj212, "gb26875": Gb26875, "sl651": Sl651}
PLATFORMS = ("chirpstack", "ctwing")
TICK_S = 0.25


class Crowd:
    """Stations that report until they are told to be still, and then until all is acknowledged."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        every_s: float,
        seed: int,
        broker: Broker | None = None,
        manners: Manners | None = None,
    ) -> None:
        """`broker`: where a ChirpStack publishes."""
        self._wanted, self._every_s, self._seed, self._manners = wanted, every_s, seed, manners
        self._broker = broker
        self._taken: deque[Message] = deque()
        self._given_up: deque[Message] = deque()
        self._still, self._left = threading.Event(), 0
        self._drain_s = 0.0
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="stations", daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(0.0)

    def taken(self) -> list[Message]:
        """What was acknowledged since it was asked for last."""
        return _emptied(self._taken)

    def given_up(self) -> list[Message]:
        """What was given up without an answer since it was asked for last: the hub has it, or not."""
        return _emptied(self._given_up)

    def end(self, drain_s: float) -> int:
        """Report nothing new, and wait until all is acknowledged; returns what is not. Raises what has ended it."""
        self._drain_s = drain_s
        self._still.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed
        return self._left

    def _run(self) -> None:
        try:
            self._left = asyncio.run(self._work())
        except BaseException as error:  # noqa: BLE001 told to whoever ends it
            self._failed = error

    async def _work(self) -> int:
        lines = [
            Lines(
                [Station(each, one.address, self._told, self._manners) for each in self._speeches(one)], self._every_s
            )
            for one in self._wanted
            if one.kind in SPEECHES
        ]
        for each in lines:
            each.begin()
        dtus = [each for one in self._wanted if one.kind == "dtu" for each in self._dtus(one)]
        for dtu in dtus:
            dtu.begin()
        watches = [asyncio.create_task(self._watch(one)) for one in self._wanted if one.kind == "gb28181"]
        watches += [asyncio.create_task(self._asked(one)) for one in self._wanted if one.kind in ASKED]
        pushing = [asyncio.create_task(self._push(one)) for one in self._wanted if one.kind in PLATFORMS]
        while not self._still.is_set():  # noqa: ASYNC110 it is set by another thread
            await asyncio.sleep(TICK_S)
        left = await asyncio.gather(*(each.end(self._drain_s) for each in lines), *pushing, *watches)
        await asyncio.gather(*(dtu.end() for dtu in dtus))
        return sum(left)

    def _dtus(self, one: Wanted) -> list[Dtu]:
        """Each with one slave: what it answers nobody acknowledges, so that it is no part of the truth."""
        return [
            Dtu(code, one.address, {1: Transmitter(code, self._seed)}) for code in KINDS[one.kind].codes(one.number)
        ]

    async def _watch(self, one: Wanted) -> int:
        """Cameras take turns with their alarms, and with the ends of these; returns what was not answered."""
        watch = Watch(one.number, one.address, self._taken.append)
        beginning = asyncio.create_task(watch.begin())
        turns, due = 0, time.monotonic()
        while not self._still.is_set():
            while due <= time.monotonic():
                due += self._every_s / one.number
                if beginning.done():
                    watch.alarm(turns, time.time_ns() // 1000, over=turns // one.number % 2 == 1)
                    turns += 1
            await asyncio.sleep(min(TICK_S, max(0.001, due - time.monotonic())))
        beginning.cancel()
        for number in range(max(0, turns - one.number), turns):  # what still lasts is over: it would end by silence
            if number // one.number % 2 == 0:
                watch.alarm(number, time.time_ns() // 1000 + 1_000_000, over=True)
        return await watch.end(self._drain_s)

    async def _asked(self, one: Wanted) -> int:
        """Cameras that the hub asks."""
        async with Asked(one.kind, KINDS[one.kind].codes(one.number), one.ports, self._taken.append) as asked:
            await asked.run(self._still, self._every_s)
            return await asked.end(self._drain_s)

    def _speeches(self, one: Wanted) -> list[Speech]:
        return [SPEECHES[one.kind](code, self._seed) for code in KINDS[one.kind].codes(one.number)]

    def _told(self, told: Told) -> None:
        report = told.report
        self._taken.append(Message("station", report.frame, report.readings, report.events))

    async def _push(self, one: Wanted) -> int:
        """Sensors behind a platform take turns; returns what was neither taken nor given up."""
        sensors = [Sensor(code, self._seed) for code in KINDS[one.kind].codes(one.number)]
        if one.kind == "ctwing":
            platform = ctwing.Platform(one.where, self._taken.append, self._given_up.append)
            try:
                await self._turns(sensors, lambda sensor, at: platform.push(ctwing.message(sensor, at)))
                until = time.monotonic() + self._drain_s
                while platform.pending and time.monotonic() < until:  # noqa: ASYNC110 up to a deadline
                    await asyncio.sleep(TICK_S)
                return platform.pending
            finally:
                await platform.close()
        if self._broker is None:
            raise ValueError("a ChirpStack publishes to a broker")
        name = f"chirpstack-{time.time_ns():x}"
        publisher: Publisher[Message] = Publisher(self._broker, name, self._taken.append, stopping=self._still)
        with await asyncio.to_thread(publisher.open):

            def publish(sensor: Sensor, at: Micros) -> None:
                message = chirpstack.message(sensor, at)
                publisher.publish(message.topic, message.payload, message)

            await self._turns(sensors, publish, publisher.settle)
            return await asyncio.to_thread(publisher.drain, self._drain_s)

    async def _turns(
        self, sensors: Sequence[Sensor], send: Callable[[Sensor, Micros], None], settle: Callable[[], object] = int
    ) -> None:
        """Each sensor once in the time from one report to the next, until it is to be still."""
        pause = self._every_s / len(sensors)
        due, turns = time.monotonic(), cycle(sensors)
        while not self._still.is_set():
            while due <= time.monotonic():
                send(next(turns), time.time_ns() // 1_000_000 * 1000)
                due += pause
            settle()
            await asyncio.sleep(min(TICK_S, max(0.001, due - time.monotonic())))


def _emptied(messages: deque[Message]) -> list[Message]:
    found: list[Message] = []
    while messages:
        found.append(messages.popleft())
    return found
