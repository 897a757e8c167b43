"""Tells a superior platform an alarm: under one SN however often, and taken once it says so."""

import asyncio
from collections import OrderedDict

from api.forwarding.gb28181.due_alarms import Due
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.registration import Registration
from api.forwarding.gb28181.requests import Requests
from api.forwarding.gb28181.subscriptions import Subscriptions
from api.forwarding.pending import acknowledged
from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.telling import VERSIONS
from hub.store.pool import Pool, sorted_errors

RESPONSE_S = 3.0
"""For so long a <Response> is waited for, of a platform that is known to send some, or not known yet."""
LATE = 1_000
"""Alarms that were told and not taken, whose <Response> is still taken when it comes late."""
ENOUGH = 5
"""An alarm that was answered 200 so often without a <Response> has come: the platform sends none any more."""


class Alarms:
    """Of one connection to a platform."""

    def __init__(
        self, superior: Superior, requests: Requests, subscriptions: Subscriptions, registration: Registration,
        responds: bool | None,
    ) -> None:  # fmt: skip
        """`responds`: whether the platform answers alarms with a <Response>; None: not known yet."""
        self._superior, self._requests, self._subscriptions = superior, requests, subscriptions
        self._registration = registration
        self._charset = VERSIONS[superior.told.version]
        self._responds = self._stored = responds
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._late: OrderedDict[str, int] = OrderedDict()
        self._come: list[int] = []

    def heard(self, body: Body) -> None:
        """A <Response> of the platform to an alarm."""
        self._responds = True
        waiting, is_taken = self._waiting.get(body.number), body.root.told("Result").upper() != "ERROR"
        if waiting is not None and not waiting.done():
            waiting.set_result(is_taken)
        elif is_taken and (late := self._late.pop(body.number, None)) is not None:
            self._come.append(late)

    async def settle(self, pool: Pool) -> None:
        """Note those whose <Response> came when nobody waited for it any more: they are not told again."""
        if come := list(self._come):
            with sorted_errors():
                async with pool.connection() as conn:
                    await acknowledged(conn, self._superior.id, come)
            del self._come[: len(come)]
        if (responds := self._responds) is not self._stored:
            await self._registration.responding(responds)
            self._stored = responds

    async def tell(self, alarm: Due) -> bool | None:
        """Whether the platform has it; None: it does not answer."""
        sn = str(alarm.sn)
        self._late[sn] = alarm.id
        if len(self._late) > LATE:
            self._late.popitem(last=False)
        response = self._waiting[sn] = asyncio.get_running_loop().create_future()
        try:
            body = alarm.body(self._charset)
            dialog = self._subscriptions.of("Alarm")
            answer, in_dialog = await self._subscriptions.notify("Alarm", body), True
            if answer is None or answer.status >= 300:  # a subscription that the platform has forgotten
                silent = answer is None
                answer, in_dialog = await self._requests.message(body), False
                if silent and answer is not None and dialog is not None:
                    await self._subscriptions.end(dialog)
            if answer is None or answer.status >= 300:
                return None if answer is None else False
            return in_dialog or await self._confirmed(alarm, response)
        finally:
            del self._waiting[sn]

    async def _confirmed(self, alarm: Due, response: asyncio.Future[bool]) -> bool:
        """Whether a <Response> says so; of a platform that sends none the 200 is enough."""
        if self._responds is False and not response.done():
            return True
        try:
            async with asyncio.timeout(RESPONSE_S):
                return await response
        except TimeoutError:
            if self._responds is None:
                self._responds = False
            return not self._responds or alarm.attempts + 1 >= ENOUGH
