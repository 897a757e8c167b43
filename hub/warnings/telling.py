"""Decides what consumers are told of official warnings: each change once, in the row of its warning.

What was over before anybody was told of it is told to nobody; exercises and tests, too.
"""

import psycopg

from hub.store.statements import statements

SQL = statements(__name__)

EVERY_S = 0.5
AT_ONCE = 200


async def tell_consumers(conn: psycopg.AsyncConnection) -> float:
    """Make deliveries of what has changed, and of what has ended meanwhile; returns seconds until the next look.

    Work of a leader, in one statement: what is decided and what is remembered of it are one commit.
    """
    while (await conn.execute(SQL.tell, {"limit": AT_ONCE})).rowcount == AT_ONCE:
        pass
    return EVERY_S
