"""From frames to deliveries: what all peers of a protocol sent is handed over together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from hub.models import DeadLetter, Delivery, Micros, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from ingest.session.limits import UNANSWERED, WAITING
from ingest.session.peer import Hold, Peer

AT_ONCE = 500
"""Payloads of one delivery."""


class _Waiting(NamedTuple):
    peer: Peer
    raw: Raw


class Intake:
    """Bounded: a peer with UNANSWERED payloads on their way is not read, and nobody is while WAITING wait here."""

    def __init__(self, sink: Sink, settled: Callable[[Peer, Raw, DeadLetter | None], None]) -> None:
        """`settled` is told of each payload after its commit."""
        self._sink, self._settled = sink, settled
        self._waiting: deque[_Waiting] = deque()
        self._held: set[Peer] = set()
        self._arrived = asyncio.Event()
        self._stopped = False
        self._last_received: Micros = 0

    @property
    def full(self) -> bool:
        """Whether as much waits as may."""
        return len(self._waiting) >= WAITING

    def put(self, peer: Peer, payload: bytes, origin: Origin) -> None:
        """Take a payload; a peer that has sent enough for now is held."""
        received = self._last_received = max(now_micros(), self._last_received + 1)
        self._waiting.append(_Waiting(peer, Raw(origin, payload, received)))
        peer.unanswered[payload] = None
        if len(peer.unanswered) >= UNANSWERED:
            peer.hold(Hold.UNANSWERED)
        if self.full:
            peer.hold(Hold.FULL)
            self._held.add(peer)
        self._arrived.set()

    def forget(self, peer: Peer) -> None:
        """A peer has gone; what it sent is stored all the same."""
        self._held.discard(peer)

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
            if self._held and len(self._waiting) <= WAITING // 2:
                held, self._held = self._held, set()
                for peer in held:
                    peer.release(Hold.FULL)
            await self._sink.submit(Delivery([each.raw for each in taken], self._settle(taken)))

    def _settle(self, taken: list[_Waiting]) -> Callable[[Outcome], Awaitable[None]]:
        async def settle(outcome: Outcome) -> None:
            for index, (peer, raw) in enumerate(taken):
                peer.unanswered.pop(raw.payload, None)
                if not outcome.superseded:  # otherwise nothing was committed: its sender sends it again
                    self._settled(peer, raw, outcome.refused.get(index))
                peer.settled()

        return settle
