"""Follows the notifications of one camera over a PullPoint subscription (ONVIF)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from devices.cameras.failure import CameraFailed
from devices.cameras.onvif_service import OnvifService, PullPoint
from devices.codecs.onvif.events import PERSON, is_person
from devices.codecs.onvif.notification import notifications
from hub.errors import DecodeError
from hub.models import Origin
from hub.picture import Picture
from ingest.cameras.following import STEADY_S, Following

LASTS_S = 600
"""For how long a subscription is asked for; it is renewed when half of what was given is over."""
PULL_S = 30
"""How long a camera holds a request while it has nothing to tell."""
MOST = 100
"""Messages of one answer."""
END_S = 2.0
"""For the farewell."""
CLOCK_S = 600.0
"""How often its clock is asked for."""
BEAT_S = 30.0
OriginOf = Callable[[str], Origin]
Put = Callable[[Origin, bytes, tuple[Picture, ...]], Awaitable[None]]


class OnvifFollowing(Following):
    """One subscription."""

    def __init__(
        self, name: str, service: OnvifService, origin: OriginOf, put: Put, opening: asyncio.Semaphore
    ) -> None:
        super().__init__(name, opening)
        self._service, self._origin, self._put = service, origin, put
        self._beat_at = -BEAT_S

    async def follow(self) -> None:
        """See Following."""
        async with self.budget():
            await self._service.set_clock()
            at = await self._service.subscribe(await self._service.events_path(), LASTS_S)
        self.opened()
        try:
            await self._pull(at)
        finally:
            with suppress(CameraFailed, TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._service.unsubscribe(at)

    async def _pull(self, at: PullPoint) -> None:
        began = renewed = asked = time.monotonic()
        while True:
            wait_s = max(1, min(PULL_S, int(at.lasts_s / 3)))
            answer = await self._service.pull(at, wait_s, MOST)
            now = time.monotonic()
            self.standing.heard()
            if now - began > STEADY_S:
                self.steady()
            await self._take(answer, now)
            if now - renewed > at.lasts_s / 2:
                at, renewed = await self._service.renew(at, LASTS_S), now
            if now - asked > CLOCK_S:
                asked = now
                await self._service.set_clock()

    async def _take(self, answer: bytes, now: float) -> None:
        try:
            found = notifications(answer)
        except DecodeError:  # the resolver says why, in a dead letter
            await self._put(self._origin(""), answer, ())
            return
        for notification in found:
            document = PERSON if is_person(notification.topic) else notification.document
            await self._put(self._origin(notification.channel), document, ())
        if now - self._beat_at >= BEAT_S:
            self._beat_at = now
            await self._put(self._origin(""), EMPTY, ())


EMPTY = b"<PullMessagesResponse/>"
"""An answer that tells nothing but that the camera is there."""
