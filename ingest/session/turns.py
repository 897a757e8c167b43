"""One command at a time to a station: further ones wait for their turn, and hold up nobody else's."""

import asyncio

from ingest.session.orders import OrderRefused

MOST = 8
"""Commands that wait for one station: a process sends a hundred at once, and one station must not use them up."""


class Turns:
    """Whose turn it is, by station."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._claimed: dict[str, int] = {}
        """How many have it or wait for it."""

    async def take(self, station: str) -> None:
        """Wait for the turn; whoever has it must `release` it. OrderRefused where too many wait."""
        claimed = self._claimed.get(station, 0)
        if claimed > MOST:
            raise OrderRefused(f"{MOST} commands wait for the station {station}: give it time to answer")
        self._claimed[station] = claimed + 1
        try:
            await self._locks.setdefault(station, asyncio.Lock()).acquire()
        except BaseException:
            self._leave(station)
            raise

    def release(self, station: str) -> None:
        """The next may."""
        self._locks[station].release()
        self._leave(station)

    def _leave(self, station: str) -> None:
        self._claimed[station] -= 1
        if not self._claimed[station]:
            del self._claimed[station], self._locks[station]
