"""Makes the summaries of storms that are due: deliveries that name what is grouped for their consumer."""

import psycopg

from hub.alerts.grouping import apart, lock
from hub.store.statements import statements

SQL = statements(__name__)

EVERY_S = 1.0
MOST_NAMED = 500
"""Changes of one summary: bounds what a consumer gets at once, some 200 kB. What is more makes more of them."""


async def summarise(conn: psycopg.AsyncConnection) -> float:
    """Make the summaries that are due; returns seconds until the next look. Work of a leader.

    Of each consumer in one transaction. What waits behind a delivery of its own of the same alert is sent singly, too.
    """
    made = 0
    for (consumer,) in await (await conn.execute(SQL.due)).fetchall():
        async with conn.transaction():
            await lock(conn, [consumer])
            behind = await (await conn.execute(SQL.behind, {"id": consumer})).fetchall()
            await apart(conn, {(alert, consumer) for (alert,) in behind})
            made += (await conn.execute(SQL.make, {"id": consumer, "most": MOST_NAMED})).rowcount
    if made:
        await conn.execute(SQL.notify)
    return EVERY_S
