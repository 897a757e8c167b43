"""Retry with exponential backoff and jitter; logs once when a service goes down and once when it is back."""

import asyncio
import logging
from contextlib import suppress
from random import uniform


def jittered(seconds: float) -> float:
    """Random value between half and all of it, so that processes do not reconnect simultaneously."""
    return uniform(seconds / 2, seconds)  # noqa: S311 not a secret


class Backoff:
    """Call `failed` or `succeeded` after each attempt, and `wait` before the next one after a failure.

    The first wait after a success is at most `first_s`, each further one at most twice as long, up to `longest_s`.
    """

    def __init__(
        self,
        log: logging.Logger | None = None,
        back: str = "",
        *args: object,
        first_s: float = 0.2,
        longest_s: float = 5.0,
    ) -> None:
        """`back` (with `args`) is logged on recovery; without a logger the outage is reported elsewhere."""
        self._log, self._back, self._args = log, back, args
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s
        self.down = False
        """Whether the last attempt failed."""

    def failed(self, why: str, *args: object) -> None:
        """Record a failed attempt; logged as an error the first time, at debug level afterwards."""
        if self._log is not None:
            self._log.log(logging.DEBUG if self.down else logging.ERROR, why, *args)
        self.down = True

    def succeeded(self) -> bool:
        """Record a success; True when it ended an outage."""
        ended, self.down, self._next_s = self.down, False, self._first_s
        if ended and self._log is not None:
            self._log.warning(self._back, *self._args)
        return ended

    def next_s(self) -> float:
        """Seconds until the next attempt; doubles with each call."""
        longest, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return jittered(longest)

    async def wait(self, until: asyncio.Event | None = None) -> None:
        """Wait before the next attempt, or until an event is set."""
        seconds = self.next_s()
        if until is None:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()
