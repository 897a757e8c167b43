"""Sources of warnings that say nothing any more: an alert of the hub about itself for each."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import psycopg

from hub.alert_settings import WarningSource
from hub.alerts.own import over, tell
from hub.alerts.own_kinds import OwnKind
from hub.store.statements import statements

SQL = statements(__name__)

KIND: OwnKind = "warnings_stale"
EVERY_S = 10.0
YELLOW = 2
LEAST = timedelta(minutes=10)
"""A source is given at least this, and five times as long as between two questions."""


def is_stale(source: WarningSource, failing_since: datetime | None, now: datetime) -> bool:
    """Whether it has failed for so long that warnings may be missing."""
    return failing_since is not None and now - failing_since > max(LEAST, timedelta(seconds=5 * source.every_s))


def watch(sources: Sequence[WarningSource]) -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader: compare which sources are stale with what has been told of them."""

    async def work(conn: psycopg.AsyncConnection) -> float:
        rows = await (await conn.execute(SQL.failing)).fetchall()
        failing = {name: (since, now) for name, since, now in rows}
        stale = {
            source.name
            for source in sources
            if source.name in failing and is_stale(source, *failing[source.name])
        }  # fmt: skip
        told = {target.partition(":")[2] for (target,) in await (await conn.execute(SQL.told)).fetchall()}
        for name in stale - told:
            await tell(conn, KIND, name, YELLOW)
        for name in told - stale:
            await over(conn, KIND, name)
        return EVERY_S

    return work
