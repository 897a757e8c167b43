"""Series behind a gateway that fall silent wait until it is known whether the gateway has: else those that were heard
first are told one by one before their cause is.

They wait while the gateway is online and nothing has been heard of it, or of what is behind it, since they were silent
for their time. What is red waits for nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from hub.store.statements import statements

SQL = statements(__name__)

MOST_S = 600
"""After that they are told whatever is known, but behind a gateway that may be silent for longer:"""
DECIDED_S = 120
"""there once it is so long since its time was over, in which presence decides it: its own time bounds it."""
LOOK_S = 30
"""So often it is looked anew."""


async def waiting(conn: psycopg.AsyncConnection, alerts: Sequence[UUID]) -> dict[UUID, datetime]:
    """Of alerts that series behind a gateway are silent, those that wait, each with when it is to be looked at next."""
    if not alerts:
        return {}
    asked = {"ids": list(alerts), "most_s": MOST_S, "decided_s": DECIDED_S, "look_s": LOOK_S}
    return dict(await (await conn.execute(SQL.waiting, asked, prepare=False)).fetchall())
