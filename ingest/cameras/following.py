"""Keeps one connection: opens it within the budget of all, and again after a failure, less and less often."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.cameras.failure import CameraFailed
from hub.backoff import Backoff, jittered
from hub.words.sentence import Sentence
from ingest.cameras.standing import Standing

log = logging.getLogger(__name__)

OPENING = 50
"""Connections that are being opened at one time: 4,000 cameras that are away at once are no storm."""
FIRST_S, LONGEST_S = 2.0, 300.0
LOGIN_S = 900.0
"""After a login that was refused: cameras lock an account for half an hour after some wrong ones."""
STEADY_S = 20.0
"""A connection that has lasted so long was none of a camera that hangs up at once."""


class Following:
    """One connection, followed until it is cancelled."""

    def __init__(self, name: str, opening: asyncio.Semaphore) -> None:
        self._name, self._opening = name, opening
        self.standing = Standing()
        self._backoff = Backoff(first_s=FIRST_S, longest_s=LONGEST_S)

    async def run(self) -> None:
        """Follow again and again."""
        while True:
            try:
                await self._followed()
            except CameraFailed as error:
                level = logging.DEBUG if self.standing.state == "down" else logging.WARNING
                log.log(level, "camera %s: %s", self._name, error.sentence)
                self.standing.down(error.sentence)
                wait_s = self._backoff.next_s()
                await asyncio.sleep(max(wait_s, jittered(LOGIN_S)) if error.step == "login" else wait_s)

    async def _followed(self) -> None:
        """Follow until it ends. CameraFailed, also for what nobody foresaw: it fails its own camera, and no other."""
        try:
            await self.follow()
        except CameraFailed:
            raise
        except Exception as error:
            log.exception("camera %s", self._name)
            told = f"{type(error).__name__}: {error}"[:200]
            raise CameraFailed("answer", Sentence("camera.failed.unforeseen", error=told)) from error

    @abstractmethod
    async def follow(self) -> None:
        """Open the connection, and take what comes until it ends. CameraFailed."""

    async def farewell(self) -> None:
        """Nobody wants the connection any more; what outlives it at the other end is ended. Told once it has ended."""

    async def refuse(self, library: str, subscription: str) -> None:
        """Persons came from a library by a subscription; it is ended if it is one of this connection. What another one
        names is its own affair: whoever may register could else end the subscriptions of all."""

    @asynccontextmanager
    async def budget(self) -> AsyncIterator[None]:
        """Within which it is opened."""
        async with self._opening:
            yield

    def opened(self) -> None:
        """It is up."""
        if self.standing.state == "down":
            log.info("camera %s is there again", self._name)
        self.standing.up()

    def steady(self) -> None:
        """It has lasted: after the next failure it is opened soon."""
        self._backoff.succeeded()
