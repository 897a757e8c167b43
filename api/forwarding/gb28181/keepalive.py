"""Whether a superior platform is there and knows the hub: a Keepalive at each interval, and whenever something asks."""

import asyncio
from itertools import count

from api.forwarding.gb28181.link import SuperiorError
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.registration import Registration
from api.forwarding.gb28181.requests import Requests
from devices.codecs.gb28181.telling import VERSIONS, told
from hub.words.sentence import Sentence

MISSES = 3
"""Keepalives without an answer, after which the hub registers anew: the standard's own number."""


class Keepalive:
    """Of one connection."""

    def __init__(self, superior: Superior, requests: Requests, registration: Registration) -> None:
        self._superior, self._requests, self._registration = superior, requests, registration
        self._numbers = count(1)

    async def run(self) -> None:
        """Ends with a SuperiorError, never without."""
        misses = 0
        while misses < MISSES:
            await asyncio.sleep(self._superior.told.keepalive_s)
            misses = 0 if await self.answers() else misses + 1
        raise SuperiorError(Sentence("forward.gb28181.missed", count=str(MISSES)))

    async def answers(self) -> bool:
        """Whether the platform answers; SuperiorError where it knows this registration no more."""
        superior, number = self._superior, next(self._numbers)
        charset = VERSIONS[superior.told.version]
        body = told("Notify", "Keepalive", number, superior.number, {"Status": "OK"}, charset)
        answer = await self._requests.message(body)
        if answer is None:
            return False
        if answer.status >= 300:
            status, reason = str(answer.status), answer.reason[:80]
            raise SuperiorError(Sentence("forward.gb28181.refused", method="Keepalive", status=status, reason=reason))
        await self._registration.heard()
        return True
