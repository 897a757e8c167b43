"""Reports that a target has not acknowledged yet, and how far it is. On the connection of whoever leads for it."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.errors import HubError
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)


class Pending(NamedTuple):
    """A report, as it waits."""

    id: int
    device: str
    """Its code."""
    device_number: str
    """What its device is called over HJ 212."""
    zone: str
    """Of the device's clock."""
    ts: datetime
    command: str
    station_kind: str | None
    packet: str | None
    original: bytes | None
    measured: Mapping[str, tuple[float | None, int, str | None]] | None
    request_number: int
    """Milliseconds since 1970; the same at each attempt, and no other report of the target has it."""


async def number(conn: AsyncConnection, target: int, ids: Sequence[int]) -> None:
    """Give a number to each of some that have none: it is stored before it is used."""
    if ids:
        await conn.execute(SQL.number, {"target": target, "ids": list(ids), "now": time.time_ns() // 1_000_000})


async def claim(conn: AsyncConnection, target: int, most: int) -> list[Pending]:
    """The oldest that are due, each with its number."""
    async with conn.transaction():
        rows = await (await conn.execute(SQL.unnumbered, {"target": target, "most": most})).fetchall()
        await number(conn, target, [id_ for (id_,) in rows])
        async with conn.cursor(row_factory=class_row(Pending)) as cursor:
            await cursor.execute(SQL.due.encode(), {"target": target, "most": most})
            return await cursor.fetchall()


async def acknowledged(conn: AsyncConnection, target: int, ids: Sequence[int]) -> None:
    """These have arrived."""
    await conn.execute(SQL.acknowledged, {"target": target, "ids": list(ids)})


async def put_off(conn: AsyncConnection, ids: Sequence[int], seconds: float) -> None:
    """These alone were not answered: each is tried again, later each time, and holds up no other."""
    await conn.execute(SQL.put_off, {"ids": list(ids), "seconds": seconds})


async def failed(conn: AsyncConnection, target: int, error: Exception) -> None:
    """Note why nothing arrives."""
    reason = getattr(error, "sentence", None) or (
        str(error) if isinstance(error, HubError) else Sentence("delivery.defect", error=type(error).__name__)
    )
    words: Any = written(reason)
    told = {"target": target, "reason": str(reason), "words": None if words is None else Jsonb(words)}
    await conn.execute(SQL.failed, told)
