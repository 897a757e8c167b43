"""The shelf (搁置): alerts that are out of the list for a while come back by themselves."""

from datetime import timedelta
from uuid import uuid5

import psycopg

from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.store.statements import statements

SQL = statements(__name__)

LONGEST = {level: timedelta(hours=8) for level in (1, 2, 3)} | {4: timedelta(hours=1)}
"""By level, how long an alert may be shelved: a shift; a red one for an hour."""
AT_ONCE = 500
EVERY_S = 1.0


async def unshelve_due(conn: psycopg.AsyncConnection) -> float:
    """Take back what has been on the shelf for its time; returns the seconds until the next look.

    Work of a leader. A step is derived from the alert and the time, so that whatever is done twice is done once.
    """
    while due := await (await conn.execute(SQL.due, {"limit": AT_ONCE})).fetchall():
        steps = [Step(uuid5(id_, f"unshelved {until.timestamp()}"), id_, "unshelved", "hub", at=at, seen=seq)
                 for id_, until, seq, at in due]  # fmt: skip
        async with conn.transaction():
            results = await apply(conn, steps)
        if not any(result.outcome == "applied" for result in results):  # all of them have changed meanwhile
            break
    return EVERY_S
