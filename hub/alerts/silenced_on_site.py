"""Alarms that somebody has silenced on site (消音): the alert stays as it is, open and unhandled, with a remark.

A device that says it is muted raises nothing by it, and ends nothing: the sounder is off, the danger need not be.
"""

from uuid import uuid5

import psycopg

from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)

EVERY_S = 2.0
KIND = "muted"
AT_ONCE = 500


async def mark_silenced(conn: psycopg.AsyncConnection) -> float:
    """Work of a leader: a remark on each open alert of a device that was muted since it began."""
    found = await (await conn.execute(SQL.silenced, {"kind": KIND, "limit": AT_ONCE})).fetchall()
    if found:
        note = f"{text('alert.silenced_on_site', 'en')} / {text('alert.silenced_on_site', 'zh')}"
        steps = [
            Step(uuid5(event_id, str(alert_id)), alert_id, "commented", "hub", note) for alert_id, event_id in found
        ]
        async with conn.transaction():
            await apply(conn, steps)
    return EVERY_S
