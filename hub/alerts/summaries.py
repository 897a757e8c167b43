"""Makes the summaries of storms that are due: deliveries that name what is grouped for their consumer."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import psycopg

from hub.alerts.grouping import apart, lock
from hub.store.statements import statements

SQL = statements(__name__)

EVERY_S = 1.0
AT_ONCE = 100
"""Consumers whose summaries are made in one pass over the changes. What is new for these waits meanwhile."""
READ_AT_ONCE = 500
"""Changes that are counted before others may run: for 100 consumers 10 ms."""
MOST_NAMED = 500
"""Changes of one summary: bounds what a consumer gets at once, some 200 kB. What is more makes more of them."""


class Part(NamedTuple):
    """A summary: it names what is grouped for its consumer after a cursor, until another."""

    consumer: int
    after: int
    until: int


class Parts:
    """Counts what waits for summaries, of several consumers in one pass, in the order of cursors."""

    def __init__(self, positions: Mapping[int, int], most: int = MOST_NAMED) -> None:
        """`positions` are cursors by consumer: what is after them waits."""
        self._positions, self._most = positions, most
        self._count = dict.fromkeys(positions, 0)
        self._ends: dict[int, list[int]] = {consumer: [] for consumer in positions}

    def add(self, cursor: int, grouped: Sequence[int], single: Sequence[int]) -> None:
        """A change that is grouped for consumers; of these the `single` have a delivery of their own."""
        for consumer in set(grouped).difference(single) if single else grouped:
            if self._positions.get(consumer, cursor) < cursor:
                ends, full = self._ends[consumer], self._count[consumer] % self._most == 0
                self._count[consumer] += 1
                if full:
                    ends.append(cursor)
                else:
                    ends[-1] = cursor

    @property
    def made(self) -> list[Part]:
        """Of each consumer in the order of cursors; none of what nothing waits for."""
        return [
            Part(consumer, after, until)
            for consumer, ends in self._ends.items()
            for after, until in zip([self._positions[consumer], *ends], ends, strict=False)
        ]


async def summarise(conn: psycopg.AsyncConnection) -> float:
    """Make the summaries that are due; returns seconds until the next look. Work of a leader.

    Of some consumers in one transaction, with one pass over the changes for all of them: what makes a storm is the
    same for many. What waits behind a delivery of its own of the same alert is sent singly, too.
    """
    due = [consumer for (consumer,) in await (await conn.execute(SQL.due)).fetchall()]
    for begin in range(0, len(due), AT_ONCE):
        async with conn.transaction():
            await _summarise(conn, due[begin : begin + AT_ONCE])
    if due:
        await conn.execute(SQL.notify)
    return EVERY_S


async def _summarise(conn: psycopg.AsyncConnection, ids: Sequence[int]) -> None:
    await lock(conn, ids)
    await apart(conn, await (await conn.execute(SQL.behind, {"ids": ids})).fetchall())
    positions: dict[int, int] = dict(await (await conn.execute(SQL.positions, {"ids": ids})).fetchall())
    if not positions:
        return
    parts = Parts(positions)
    async with conn.cursor(name="waiting") as cursor:
        cursor.itersize = READ_AT_ONCE
        await cursor.execute(SQL.waiting, {"ids": ids, "after": min(positions.values())})
        async for row in cursor:
            parts.add(*row)
    made = parts.made
    columns = {"consumers": [each.consumer for each in made], "until": [each.until for each in made]}
    await conn.execute(SQL.make, columns | {"after": [each.after for each in made]})
    await conn.execute(SQL.made, columns | {"ids": ids})
