"""Messages of requests: submitted, and held until they are committed, so that the answer means what it says."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from math import ceil

from hub.models import Delivery, Micros, Outcome, Raw
from hub.pipeline import Sink
from hub.words.sentence import Sentence

HELD = 1_000
"""Requests held at one time; they protect nobody if they fill the memory."""
HELD_BYTES = 64 << 20


class NotTakenError(Exception):
    """What was pushed was not committed in time"""

    def __init__(self, sentence: Sentence, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.sentence, self.retry_after_s = sentence, retry_after_s


class Holding:
    """Bounded: what is beyond HELD and HELD_BYTES is refused at once."""

    def __init__(self, sink: Sink, trouble: Callable[[], list[str]]) -> None:
        """`trouble` tells why nothing can be committed now, if so."""
        self._sink, self._trouble = sink, trouble
        self._numbers = count()
        self._held: dict[int, int] = {}
        """Bytes of each request that is held."""
        self._bytes = 0
        self._last: Micros = 0
        self._closing = False

    def stop(self) -> None:
        """Take nothing more; those that are held are still answered."""
        self._closing = True

    def now(self) -> Micros:
        """The time of arrival of a message: later than that of each before."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return self._last

    async def submitted(self, raws: Sequence[Raw], hold_s: float, *, repeats: bool = False) -> int:
        """Wait until they are committed; how many they are. NotTakenError when they are not in time.

        What its sender `repeats` is refused at once while nothing can be committed.
        """
        if self._closing:
            raise NotTakenError(Sentence("refusal.push.stopping"), 2)
        if repeats and (trouble := self._trouble()):
            raise NotTakenError(Sentence("refusal.push.trouble", why="; ".join(trouble)), 2)
        number, size = next(self._numbers), sum([len(raw.payload) for raw in raws])
        if len(self._held) >= HELD or self._bytes + size > HELD_BYTES:
            raise NotTakenError(Sentence("refusal.push.full"), 1)
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            self._release(number)
            if not result.done():
                result.set_result(outcome)

        self._held[number] = size
        self._bytes += size
        deadline = time.monotonic() + hold_s
        try:
            async with asyncio.timeout(hold_s):
                await self._sink.submit(Delivery(raws, settle))
        except TimeoutError:
            self._release(number)
            raise NotTakenError(Sentence("refusal.push.full"), 1) from None
        await asyncio.wait({result}, timeout=max(0.0, deadline - time.monotonic()))
        if not result.done():  # it stays submitted: what was received is committed as soon as that is possible
            raise NotTakenError(Sentence("refusal.push.late", seconds=f"{hold_s:g}"), 5)
        if result.result().superseded:
            raise NotTakenError(Sentence("refusal.push.moved"), 1)
        return len(raws)

    def _release(self, number: int) -> None:
        self._bytes -= self._held.pop(number, 0)


def retry_after(error: NotTakenError) -> dict[str, str]:
    """The header of an answer 503."""
    return {"Retry-After": str(ceil(error.retry_after_s))}
