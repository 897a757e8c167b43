"""From messages to deliveries: what all peers sent is handed over together, and answered once it is committed."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from hub.models import DeadLetter, Delivery, Micros, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from ingest.sip.limits import WAITING

AT_ONCE = 500
"""Messages of one delivery."""
LINGER_S = 0.3
"""How long what is not urgent waits for company: 67 keepalives a second are three commits. Less than the 500 ms after
which they are sent again."""

Payload = tuple[Origin, bytes]
Settled = Callable[[Sequence[DeadLetter | None] | None], None]
"""Told after the commit of each payload's letter, None of one that is taken; None: nothing was committed."""


class _Waiting(NamedTuple):
    raws: list[Raw]
    settled: Settled


class Intake:
    """Bounded by WAITING messages until their commit."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._arrived, self._urgent = asyncio.Event(), asyncio.Event()
        self._stopped = False
        self._last: Micros = 0

    @property
    def full(self) -> bool:
        """Whether as much is under way as may be."""
        return self._under_way >= WAITING

    @property
    def idle(self) -> bool:
        """Whether all is committed."""
        return not self._under_way

    def put(self, payloads: Sequence[Payload], settled: Settled, *, urgent: bool = True) -> None:
        """Take the payloads of one message."""
        raws = []
        for origin, payload in payloads:
            self._last = max(now_micros(), self._last + 1)
            raws.append(Raw(origin, payload, self._last))
        self._waiting.append(_Waiting(raws, settled))
        self._under_way += len(raws)
        self._arrived.set()
        if urgent:
            self._urgent.set()

    def stop(self) -> None:
        """Nothing more is put; `run` returns once all is handed over."""
        self._stopped = True
        self._arrived.set()
        self._urgent.set()

    async def run(self) -> None:
        """Hand over what waits, as long as the sink has room."""
        while self._waiting or not self._stopped:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._urgent.wait()
            if not self._stopped:
                self._urgent.clear()
            while self._waiting:
                taken = [self._waiting.popleft()]
                count = len(taken[0].raws)
                while self._waiting and count + len(self._waiting[0].raws) <= AT_ONCE:
                    taken.append(self._waiting.popleft())
                    count += len(taken[-1].raws)
                raws = [raw for each in taken for raw in each.raws]
                await self._sink.submit(Delivery(raws, self._settle(taken)))

    def _settle(self, taken: list[_Waiting]) -> Callable[[Outcome], Awaitable[None]]:
        async def settle(outcome: Outcome) -> None:
            at = 0
            for each in taken:
                numbers = range(at, at + len(each.raws))
                at += len(each.raws)
                self._under_way -= len(each.raws)
                each.settled(None if outcome.superseded else [outcome.refused.get(number) for number in numbers])

        return settle
