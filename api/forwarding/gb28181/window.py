"""The alarms that are under way to a superior platform: one that is not taken holds up no other.

New ones and those that are told again have room each. Where none is taken any more though the platform answers
keepalives, one of each is tried at a time; with the first that is taken, all that were passed over meanwhile are due.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from api.forwarding.gb28181.alarms import Alarms
from api.forwarding.gb28181.due_alarms import Due, Room, due, due_at_once
from api.forwarding.gb28181.keepalive import Keepalive
from api.forwarding.gb28181.link import SuperiorError
from api.forwarding.gb28181.platform import Superior
from api.forwarding.pending import acknowledged, put_off
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.words.sentence import Sentence

AGAIN_SHARE = 4
"""A part of what goes at one time: beside as many new ones, so much that is told again."""
SOONER = 15
"""So many times as soon what was not answered is told again as what was refused: it may have been lost on the way."""
CALLED_BACK = 3
"""So often an alarm that was passed over is due as soon as another is taken; then it is the alarm that is at fault."""


class Result(NamedTuple):
    """What became of one attempt."""

    id: int
    began: float
    taken: bool | None
    """None: no answer."""


class Window:
    """Of one connection to a platform."""

    def __init__(self, superior: Superior, alarms: Alarms, keepalive: Keepalive, pool: Pool, put_off_s: float) -> None:
        """`put_off_s`: before what was refused is told again, each time twice as long."""
        self._superior, self._alarms, self._keepalive = superior, alarms, keepalive
        self._pool, self._put_off_s = pool, put_off_s
        self._under_way: dict[int, bool] = {}
        """By id, whether it is told again; until what became of it is stored."""
        self._results: list[Result] = []
        self._moved = asyncio.Event()
        self._taken_at = self._there_at = float("-inf")
        self._passed_over: set[int] = set()
        """Of the time in which nothing is taken."""
        self._called_back: Counter[int] = Counter()

    async def run(self, idle_s: float) -> None:
        """Tell what waits, as soon as there is room; looks each `idle_s` whether something does. A store that is away
        is waited for. Ends with a SuperiorError, never without."""
        is_new = True
        async with asyncio.TaskGroup() as group:
            while True:
                self._moved.clear()
                with suppress(TimeoutError):
                    try:
                        if is_new:
                            await self._due_at_once(None)
                            is_new = False
                        await self._turn(group)
                    except SuperiorError:
                        raise
                    except HubError:
                        await asyncio.sleep(idle_s)
                    async with asyncio.timeout(idle_s):
                        await self._moved.wait()

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        await self._alarms.settle(self._pool)
        await self._settle()
        again = sum(self._under_way.values())
        fresh = len(self._under_way) - again
        most = 1 if self._passed_over else self._superior.at_once
        room = Room(max(most - fresh, 0), max(max(most // AGAIN_SHARE, 1) - again, 0))
        if not any(room):
            return
        with sorted_errors():
            async with self._pool.connection() as conn:
                found = await due(conn, self._superior.id, room, self._under_way)
        for alarm in found:
            self._under_way[alarm.id] = alarm.attempts > 0
            group.create_task(self._tell(alarm), name="superior.alarm")

    async def _tell(self, alarm: Due) -> None:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            taken = await self._alarms.tell(alarm)
        except SuperiorError:
            raise
        except HubError:  # a store that is away: nothing is known of it, and it is told again
            self._under_way.pop(alarm.id)
            return
        if taken:
            self._taken_at = self._there_at = now()
        self._results.append(Result(alarm.id, began, taken))
        self._moved.set()

    async def _settle(self) -> None:
        """Store what became of those that ended. SuperiorError where the platform is away or knows the hub no more."""
        results = list(self._results)
        if any(each.began > self._there_at for each in results if not each.taken):
            if not await self._keepalive.answers():
                raise SuperiorError(Sentence("forward.gb28181.silent", method="Alarm"))
            self._there_at = asyncio.get_running_loop().time()
        if results:
            await self._store(results)
            del self._results[: len(results)]
        for each in results:
            self._under_way.pop(each.id)
            if each.taken:
                self._called_back.pop(each.id, None)
            elif each.taken is None and each.began > self._taken_at:
                self._passed_over.add(each.id)
        if self._passed_over and any(each.taken for each in results):
            await self._call_back()

    async def _store(self, results: list[Result]) -> None:
        taken, refused, silent = ([each.id for each in results if each.taken is kind] for kind in (True, False, None))
        with sorted_errors():
            async with self._pool.connection() as conn, conn.transaction():
                if taken:
                    await acknowledged(conn, self._superior.id, taken)
                for left, seconds in ((refused, self._put_off_s), (silent, self._put_off_s / SOONER)):
                    if left:
                        await put_off(conn, left, seconds)

    async def _call_back(self) -> None:
        again = [each for each in self._passed_over if self._called_back[each] < CALLED_BACK]
        await self._due_at_once(again)
        self._called_back.update(again)
        self._passed_over.clear()

    async def _due_at_once(self, ids: list[int] | None) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await due_at_once(conn, self._superior.id, ids)
