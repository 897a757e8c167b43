"""Subscriptions that say nothing any more: one alert of the hub about itself for each.

The silence of its devices counts only until it was heard last (devices/health/presence_rows.sql); heard again
after a pause, they have their whole time.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import psycopg

from hub.alerts.own import over, tell
from hub.alerts.own_kinds import OwnKind
from hub.store.statements import statements

SQL = statements(__name__)

KIND: OwnKind = "subscription_silent"
EVERY_S = 2.0
ORANGE = 3


def watch() -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader. What it could not hear is no silence: time counts from when it leads."""
    began: datetime | None = None

    async def work(conn: psycopg.AsyncConnection) -> float:
        nonlocal began
        began = began or datetime.now(UTC)
        for code, organisation, is_silent in await (await conn.execute(SQL.judge, {"began": began})).fetchall():
            if is_silent:
                await tell(conn, KIND, code, ORANGE, organisation)
            else:
                await over(conn, KIND, code)
        return EVERY_S

    return work
