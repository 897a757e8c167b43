"""Requests until their final answer: sent again with the timers of RFC 3261 where the transport loses some."""

import asyncio
from typing import Protocol

from devices.codecs.gb28181.sip import Message, written

T1_S, T2_S = 0.5, 4.0
"""Timers of RFC 3261: the first repeat, and the longest pause between two."""
PATIENCE_S = 12.0
"""For so long an answer is waited for; timer F has 32 s, in which a hub would ask many that are gone."""


class End(Protocol):
    """Where requests are written to."""

    transport: str
    """tcp or udp."""

    def send(self, octets: bytes) -> bool:
        """Write to it; False where it is gone."""


class Transactions:
    """Bounded by `most` requests that wait; `t1_s` is the first pause."""

    def __init__(self, most: int, patience_s: float = PATIENCE_S, t1_s: float = T1_S) -> None:
        self._most, self._patience_s, self._t1_s = most, patience_s, t1_s
        self._waiting: dict[str, asyncio.Future[Message]] = {}

    async def send(self, end: End, message: Message) -> Message | None:
        """Send a request; its final answer, None where none comes or there is no room to wait for it."""
        branch, octets = message.branch, written(message)
        if len(self._waiting) >= self._most or not end.send(octets):
            return None
        answered = self._waiting[branch] = asyncio.get_running_loop().create_future()
        pause = self._t1_s
        try:
            async with asyncio.timeout(self._patience_s):
                while end.transport == "udp":
                    done, _ = await asyncio.wait({answered}, timeout=pause)
                    if done:
                        break
                    end.send(octets)
                    pause = min(2 * pause, T2_S)
                final: Message = await answered
                return final
        except TimeoutError:
            return None
        finally:
            del self._waiting[branch]

    def answered(self, message: Message) -> bool:
        """An answer has come; whether anybody waits for it. A provisional one says nothing."""
        waiting = self._waiting.get(message.branch)
        if waiting is None or waiting.done() or message.status < 200:
            return False
        waiting.set_result(message)
        return True
