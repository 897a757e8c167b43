"""What was kept back and is so no longer: what still lasts is told, once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from hub.alerts.apply import SQL as APPLY
from hub.alerts.grouping import apart, lock
from hub.alerts.kept_back import KeptBack, kept_back
from hub.alerts.recipients import also_told, stored_places, subscriptions, tell
from hub.store.statements import statements
from hub.words.sentence import Sentence, written

SQL = statements(__name__)

EVERY_S = 1.0
AT_ONCE = 200
"""Deliveries of one transaction: no alert changes meanwhile."""


async def release(conn: psycopg.AsyncConnection) -> float:
    """Deliver what still lasts, the newest change of each alert; returns seconds until the next look.

    Work of a leader. What is over, or was told by a later change, is given up; what something else keeps back by now
    stays kept back by that. Under the lock of alerts, like all that decides who is told: a change that is being made is
    waited for. Each two hundred are one transaction: all or nothing.
    """
    while over := await _over(conn, None):
        if await _released(conn, sorted({each["consumer_id"] for each in over})) < AT_ONCE:
            break
    return EVERY_S


async def _over(conn: psycopg.AsyncConnection, consumers: Sequence[int] | None) -> list[DictRow]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        values = {"limit": AT_ONCE, "consumers": consumers}
        return await (await cursor.execute(SQL.over, values)).fetchall()


async def _released(conn: psycopg.AsyncConnection, consumers: Sequence[int]) -> int:
    async with conn.transaction():
        await conn.execute(APPLY.lock)
        await lock(conn, consumers)  # before their deliveries, as who deletes one does
        over = await _over(conn, consumers)
        if not over:
            return 0
        routes = await subscriptions(conn)
        places = await stored_places(conn, {each["alert_id"] for each in over if each["lasts"]}, routes.border_m)
        found, told = list[tuple[Any, ...]](), defaultdict[UUID, dict[int, int]](dict)
        for each in over:
            kept, reason = None, None
            if each["lasts"]:
                place = also_told(places[each["alert_id"]], told)
                kept = kept_back(routes, each["kind"], place, each["consumer_id"], each["now"])
                tell(told[each["alert_id"]], place, each["consumer_id"], each["level"], kept)
            else:
                reason = Sentence(f"delivery.{each['state']}")
            state = "given_up" if reason is not None else kept.state if kept is not None else "pending"
            words = None if reason is None else Jsonb(written(reason))
            found.append((each["id"], state, None if reason is None else str(reason), words, *(kept or KeptBack())))
        names = ("ids", "states", "reasons", "words", *KeptBack._fields)
        await conn.execute(SQL.settle, dict(zip(names, map(list, zip(*found, strict=True)), strict=True)))
        await apart(conn, {(each["alert_id"], each["consumer_id"]) for each in over if each["lasts"]})
        await conn.execute(SQL.notify)
        return len(over)
