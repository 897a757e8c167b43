"""Retrying something that is away: exponential waits with jitter, one log line when it goes and one when it is back."""

import asyncio
import logging
from contextlib import suppress
from random import uniform


def jittered(seconds: float) -> float:
    """Between half of it and all of it, so that processes that lost the same server do not come back at once."""
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
        """`back`, with `args`, is logged when it is back; without a log the outage is reported elsewhere."""
        self._log, self._back, self._args = log, back, args
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s
        self.down = False
        """Whether the last attempt failed."""

    def failed(self, why: str, *args: object) -> None:
        """An attempt failed: logged as an error the first time, for debugging from then on."""
        if self._log is not None:
            self._log.log(logging.DEBUG if self.down else logging.ERROR, why, *args)
        self.down = True

    def succeeded(self) -> bool:
        """It works; True when that ended an outage."""
        ended, self.down, self._next_s = self.down, False, self._first_s
        if ended and self._log is not None:
            self._log.warning(self._back, *self._args)
        return ended

    def next_s(self) -> float:
        """Seconds to wait before the next attempt; each call doubles the wait that follows."""
        longest, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return jittered(longest)

    async def wait(self, until: asyncio.Event | None = None) -> None:
        """Wait before the next attempt, but not beyond an event."""
        seconds = self.next_s()
        if until is None:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()
