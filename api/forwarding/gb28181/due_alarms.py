"""Alarms that wait for a superior platform, as they are stored: new ones, and those that are told again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import class_row

from api.forwarding.gb28181.directory import granted
from api.forwarding.pending import number
from devices.codecs.gb28181.telling import told
from hub.store.statements import statements

SQL = statements(__name__)

BEIJING = ZoneInfo("Asia/Shanghai")
"""Of AlarmTime: the standard's."""
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


class Room(NamedTuple):
    """How many may be told now."""

    fresh: int
    """That were never told."""
    again: int


async def due(conn: AsyncConnection, target: int, room: Room, under_way: Collection[int]) -> list[Due]:
    """The oldest that wait and are not under way, each with its number; what is not granted any more is forgotten."""
    where = {"target": target, "under_way": list(under_way), **room._asdict()}
    if await (await conn.execute(SQL.waiting, where)).fetchone() is None:
        return []
    async with conn.transaction():
        await conn.execute(SQL.not_granted, where)
        await number(conn, target, [id_ for (id_,) in await (await conn.execute(SQL.unnumbered, where)).fetchall()])
        async with conn.cursor(row_factory=class_row(Due)) as cursor:
            await cursor.execute(SQL.due.encode(), where)
            found = await cursor.fetchall()
        hidden = [each.id for each in found if not granted(each.category, each.ceiling)]
        if hidden:
            await conn.execute(SQL.forget, {"ids": hidden})
    return [each for each in found if each.id not in hidden]


async def due_at_once(conn: AsyncConnection, target: int, ids: Sequence[int] | None = None) -> None:
    """Some that were put off, None: all of them, are due now."""
    await conn.execute(SQL.at_once, {"target": target, "ids": None if ids is None else list(ids)})
