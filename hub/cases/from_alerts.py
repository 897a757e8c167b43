"""Makes cases of alerts that a rule wants, each once.

A leader reads the changes of alerts in their order; the cases of some changes and how far it came are one transaction.
"""

import logging
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from hub.cases.apply import apply
from hub.cases.step import Report
from hub.cases.transitions import HUB
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 2.0
BATCH = 200
"""Changes that are looked at in a transaction."""


async def follow_alerts(conn: psycopg.AsyncConnection) -> float:
    """Look once, on the leader; returns after how many seconds to look again."""
    return 0.0 if await make_cases(conn) == BATCH else EVERY_S


async def make_cases(conn: psycopg.AsyncConnection) -> int:
    """Make the cases that the next changes of alerts ask for; how many changes were looked at."""
    async with conn.transaction():
        seen = await (await conn.execute(SQL.next_changes, {"batch": BATCH})).fetchone()
        if seen is None or not seen[2]:
            return 0
        after, upto, changes = seen
        found = await (await conn.execute(SQL.wanted, {"after": after, "upto": upto})).fetchall()
        await conn.execute(SQL.move, {"cursor": upto})
        for result in await apply(conn, [_report(*row) for row in found]):
            if result.outcome != "applied":
                log.warning("alert %s becomes no case: %s", getattr(result.change, "alert_id", None), result.reason)
    return int(changes)


def _report(
    alert: UUID,
    rule: str,
    title: str,
    level: int,
    region: str | None,
    organisation: str | None,
    lon: float | None,
    lat: float | None,
    category_kind: str | None,
    category: str | None,
    category_version: int | None,
) -> Report:
    """A case of new ids, for those that could be foreseen could be taken by a caller; `apply` makes one of an alert."""
    return Report(
        uuid4(), uuid4(), datetime.now(UTC), f"rule:{rule}", title, "rule", region, organisation, HUB,
        category_kind=category_kind, category=category, category_version=category_version, level=level, lon=lon,
        lat=lat, alert_id=alert,
    )  # fmt: skip
