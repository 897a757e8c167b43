"""Keeps the hub's subscriptions at one view library (视图库): devices, their states and tollgates, and nothing else.

What it notifies comes to the server of view libraries (ingest/viid). A subscription outlives the hub's process; it is
cancelled once nobody wants it any more.
"""

import asyncio
import logging
from datetime import datetime

from devices.cameras.failure import CameraFailed
from devices.cameras.gat1400_service import DETAILS, Gat1400Service
from hub.words.sentence import Sentence
from ingest.cameras.following import Following

log = logging.getLogger(__name__)

AGAIN_S = 6 * 3600.0
"""How often it is made sure that they are still there."""
END_S = 5.0
"""For the farewell."""


class Gat1400Following(Following):
    """The subscriptions at one library."""

    def __init__(
        self, name: str, service: Gat1400Service, since: datetime, hub: str | None, opening: asyncio.Semaphore
    ) -> None:
        """`since` is when the connection was changed; `hub`: the URL of the hub's server, None where it has none."""
        super().__init__(name, opening)
        self._service, self._since, self._hub = service, since, hub
        self._refused: set[str] = set()
        """Details that brought persons; subscribed to again once the connection is changed, or after a start."""

    async def follow(self) -> None:
        """See Following."""
        if self._hub is None:
            raise CameraFailed("answer", Sentence("camera.failed.viid.url"))
        receive = f"{self._hub}/VIID/SubscribeNotifications"
        while True:
            async with self.budget():
                for detail in DETAILS:
                    if detail not in self._refused:
                        await self._service.subscribe(detail, self._since, receive)
            self.opened()
            self.steady()
            self.standing.heard()
            self._tell_refused()
            await asyncio.sleep(AGAIN_S)

    def _tell_refused(self) -> None:
        """Somebody has to look at the library: it sends what nobody asked for."""
        if self._refused:
            details = ", ".join(sorted(self._refused))
            self.standing.down(Sentence("camera.failed.viid.persons", details=details))

    async def refuse(self, library: str, subscription: str) -> None:
        """See Following."""
        if library != self._service.number:
            return
        found = next((each for each in DETAILS if self._service.subscription(each, self._since) == subscription), None)
        if found is None or found in self._refused:
            return
        self._refused.add(found)
        log.warning("%s sends persons by the subscription to %s, which is cancelled", self._name, found)
        self._tell_refused()
        try:
            async with asyncio.timeout(END_S):
                await self._service.cancel(found, self._since)
        except (CameraFailed, TimeoutError):
            self._refused.discard(found)  # the next message about persons tells it again

    async def farewell(self) -> None:
        """See Following."""
        try:
            async with asyncio.timeout(END_S):
                for detail in DETAILS:
                    await self._service.cancel(detail, self._since)
        except (CameraFailed, TimeoutError) as error:
            told = error.sentence if isinstance(error, CameraFailed) else "it does not answer"
            log.warning("the subscriptions at %s are not cancelled: %s", self._name, told)
