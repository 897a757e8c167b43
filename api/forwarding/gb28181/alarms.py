"""Tells a superior platform the alarms that wait for it: repeated until it has them, under one SN each."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import class_row

from api.forwarding.gb28181.directory import granted
from api.forwarding.gb28181.keepalive import Keepalive
from api.forwarding.gb28181.link import SuperiorError
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.requests import Requests
from api.forwarding.gb28181.subscriptions import Subscriptions
from api.forwarding.pending import acknowledged, number, put_off
from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.telling import VERSIONS, told
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

BEIJING = ZoneInfo("Asia/Shanghai")
"""Of AlarmTime: the standard's."""
RESPONSE_S = 3.0
"""For so long a <Response> is waited for, of a platform that is known to send some, or not known yet."""
SOONER = 15
"""So many times as soon what was not answered is told again as what was refused: it may have been lost on the way."""
LATE = 1_000
"""Alarms that were told and not taken, whose <Response> is still taken when it comes late."""
ENOUGH = 5
"""An alarm that was answered 200 so often without a <Response> has come: the platform sends none any more."""
_SN = 2_000_000_000
"""SN is a number of 31 bits at most platforms; it comes again after 23 days."""


class Due(NamedTuple):
    """An alarm that is to be told."""

    id: int
    channel: str
    ts: datetime
    measured: dict[str, Any]
    request_number: int
    attempts: int
    category: str | None
    ceiling: str

    @property
    def sn(self) -> int:
        """The same at each attempt."""
        return self.request_number % _SN + 1

    def body(self, charset: str) -> bytes:
        """As MANSCDP; no position, for the directory tells where the channel is."""
        alarm = self.measured
        words = {"AlarmDescription": alarm["text"][:256]} if alarm["text"] else {}
        type_ = {"Info": {"AlarmType": alarm["type"]}} if alarm["type"] else {}
        at = self.ts.astimezone(BEIJING).replace(tzinfo=None).isoformat(timespec="seconds")
        fields = {
            "AlarmPriority": alarm["priority"], "AlarmMethod": alarm["method"], "AlarmTime": at, **words, **type_,
        }  # fmt: skip
        return told("Notify", "Alarm", self.sn, self.channel, fields, charset)


async def due(conn: AsyncConnection, target: int, most: int) -> list[Due]:
    """The oldest that wait, each with its number; what is not granted any more is forgotten."""
    if await (await conn.execute(SQL.waiting, {"target": target})).fetchone() is None:
        return []
    async with conn.transaction():
        await conn.execute(SQL.not_granted, {"target": target})
        await number(conn, target, most)
        async with conn.cursor(row_factory=class_row(Due)) as cursor:
            await cursor.execute(SQL.due.encode(), {"target": target, "most": most})
            found = await cursor.fetchall()
        hidden = [each.id for each in found if not granted(each.category, each.ceiling)]
        if hidden:
            await conn.execute(SQL.forget, {"ids": hidden})
    return [each for each in found if each.id not in hidden]


class Alarms:
    """Of one connection to a platform."""

    def __init__(
        self, superior: Superior, requests: Requests, subscriptions: Subscriptions, keepalive: Keepalive,
        responds: bool | None,
    ) -> None:  # fmt: skip
        """`responds`: whether the platform answers alarms with a <Response>; None: not known yet."""
        self._superior, self._requests, self._subscriptions = superior, requests, subscriptions
        self._keepalive = keepalive
        self._charset = VERSIONS[superior.told.version]
        self.responds = responds
        self._waiting: dict[str, asyncio.Future[bool]] = {}
        self._late: OrderedDict[str, int] = OrderedDict()
        self._come: list[int] = []

    def heard(self, body: Body) -> None:
        """A <Response> of the platform to an alarm."""
        self.responds = True
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

    async def tell(self, pool: Pool, alarms: Sequence[Due], put_off_s: float) -> None:
        """Tell some at one time, and note which have come. SuperiorError where the platform is away or knows the hub no
        more; one that is there and takes none of them is told each again later, so that they hold up no other."""
        results = await asyncio.gather(*(self._tell(each) for each in alarms))
        taken = [each.id for each, result in zip(alarms, results, strict=True) if result]
        refused = [each.id for each, result in zip(alarms, results, strict=True) if result is False]
        silent = [each.id for each, result in zip(alarms, results, strict=True) if result is None]
        if not taken and not await self._keepalive.answers():
            raise SuperiorError(Sentence("forward.gb28181.silent", method="Alarm"))
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                if taken:
                    await acknowledged(conn, self._superior.id, taken)
                for left, seconds in ((refused, put_off_s), (silent, put_off_s / SOONER)):
                    if left:
                        await put_off(conn, left, seconds)

    async def _tell(self, alarm: Due) -> bool | None:
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
        if self.responds is False and not response.done():
            return True
        try:
            async with asyncio.timeout(RESPONSE_S):
                return await response
        except TimeoutError:
            if self.responds is None:
                self.responds = False
            return not self.responds or alarm.attempts + 1 >= ENOUGH
