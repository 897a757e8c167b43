"""Stations of a city, on their lines: each reports again and again, spread over the time from one to the next."""

import asyncio
import time
from collections.abc import Callable, Sequence

from hub.models import Micros
from simulator.stations.station import Station


class Lines:
    """Stations that report every so many seconds, or as seldom as their protocol's times demand."""

    def __init__(self, stations: Sequence[Station], every_s: float, now: Callable[[], Micros] | None = None) -> None:
        self._stations, self._every = stations, round(every_s * 1_000_000)
        self._now = now or (lambda: time.time_ns() // 1000)
        self._timers = dict[int, asyncio.TimerHandle]()
        self.said = 0

    @property
    def pending(self) -> int:
        """Reports that are not acknowledged yet."""
        return sum(station.pending for station in self._stations)

    def begin(self) -> None:
        """Dial, and report from now on; no report is of a time before now."""
        begun = self._now()
        for number, station in enumerate(self._stations):
            station.begin()
            least = station.speech.every
            spread = self._every * number // len(self._stations)
            self._plan(number, -(-begun // least) * least + spread)

    def still(self) -> None:
        """Report nothing more; what is not acknowledged is sent on."""
        for timer in self._timers.values():
            timer.cancel()

    async def end(self, drain_s: float = 0.0) -> int:
        """Hang up, once all is acknowledged or the time is over; returns what is not acknowledged."""
        self.still()
        until = time.monotonic() + drain_s
        while self.pending and time.monotonic() < until:  # noqa: ASYNC110 up to a deadline
            await asyncio.sleep(0.05)
        left = self.pending
        await asyncio.gather(*(station.end() for station in self._stations))
        return left

    def _plan(self, number: int, at: Micros) -> None:
        delay = max(0, at - self._now()) / 1e6
        self._timers[number] = asyncio.get_running_loop().call_later(delay, self._say, number, at)

    def _say(self, number: int, at: Micros) -> None:
        station = self._stations[number]
        least = station.speech.every
        station.say(station.speech.report(at // least * least))
        self.said += 1
        period = -(-self._every // least) * least
        self._plan(number, at + period)
