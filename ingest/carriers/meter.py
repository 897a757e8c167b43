"""When each subscription was heard, and how long its pauses are: written every few seconds, and learned from.

A pause that is longer than a subscription may have is a gap of each of its devices: what was said in it may be missing.
"""

import asyncio
import logging
import time
from typing import NamedTuple

from hub.backoff import Backoff
from hub.errors import HubError
from hub.models import from_micros
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 2.0


class Heard(NamedTuple):
    """Pushes of a subscription since the last look."""

    first: int
    """Microseconds."""
    last: int
    pushes: int
    longest: float | None
    """Seconds of the longest pause before one of them; None: this process has heard only one."""


class Meter:
    """Counts in memory; `run` writes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._heard: dict[str, Heard] = {}
        self._before: dict[str, int] = {}
        """When each was heard last; pauses while nobody could be heard are none."""
        self._backoff = Backoff(log, "who was heard of the platforms is written again", longest_s=10)

    def heard(self, code: str, messages: int) -> None:
        """A push was committed."""
        if not messages:
            return
        now, before = time.time_ns() // 1000, self._before.get(code)
        pause = None if before is None else (now - before) / 1e6
        self._before[code] = now
        known = self._heard.get(code)
        if known is None:
            self._heard[code] = Heard(now, now, 1, pause)
        else:
            longest = max((each for each in (known.longest, pause) if each is not None), default=None)
            self._heard[code] = Heard(known.first, now, known.pushes + 1, longest)

    async def run(self) -> None:
        """Write again and again."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.write()
                self._backoff.succeeded()
            except HubError as error:
                self._backoff.failed("who was heard of the platforms cannot be written: %s", error)

    async def write(self) -> None:
        """Write what was counted since the last time, with the gaps that it ends."""
        taken, self._heard = self._heard, {}
        for code, heard in sorted(taken.items()):
            values = {
                "code": code, "first": from_micros(heard.first), "last": from_micros(heard.last),
                "pushes": heard.pushes, "longest": heard.longest,
            }  # fmt: skip
            try:
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await conn.execute(SQL.heard, values)
            except HubError:
                self._give_back(code, heard)
                raise

    def _give_back(self, code: str, heard: Heard) -> None:
        newer = self._heard.get(code)
        if newer is None:
            self._heard[code] = heard
            return
        longest = max((each for each in (heard.longest, newer.longest) if each is not None), default=None)
        self._heard[code] = Heard(heard.first, newer.last, heard.pushes + newer.pushes, longest)
