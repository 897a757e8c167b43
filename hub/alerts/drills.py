"""Drills: raises what exercises have planned, closes what they raised, and tells what outlasts a test as real."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID, uuid5

import psycopg
from psycopg.rows import dict_row

from hub.alerts.alert import Change, Raise, Result, Step
from hub.alerts.apply import SQL as APPLY
from hub.alerts.apply import apply
from hub.alerts.transitions import DECIDE, DRILL, ENDED
from hub.errors import HubError
from hub.store.leader import Work
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
AT_ONCE = 500
"""Alerts of one transaction: bounds the time that the lock is held."""
OVER = "the drill is over"
REAL = "the test is over and the condition lasts: from now on it is real"


def drills(momentary: Collection[str]) -> Work:
    """Work of a leader. `momentary` are kinds of events without an end of their own.

    What is to be done are rows with a time, and each step is derived from its alert: after a kill it is done once.
    """

    async def work(conn: psycopg.AsyncConnection) -> float:
        for id_, kind in await (await conn.execute(SQL.ended)).fetchall():
            await finish(conn, id_, kind, momentary)
        await raise_due(conn)
        return EVERY_S

    return work


async def raise_due(conn: psycopg.AsyncConnection) -> None:
    """Raise what is due of exercises; a line that cannot be raised is marked as failed, and holds up no other."""
    at_once = AT_ONCE
    while await (await conn.execute(SQL.due, {"limit": 1})).fetchall():
        try:
            await _raise_some(conn, at_once)
        except (psycopg.OperationalError, OSError, HubError):
            raise  # of the database, not of a line
        except Exception as error:
            if at_once > 1:  # one of them cannot be raised: each by itself shows which
                at_once = 1
                continue
            told = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
            for alert, drill in await (await conn.execute(SQL.failed, {"error": told})).fetchall():
                log.exception("the alert %s of the drill %s cannot be raised, and is left out", alert, drill)


async def _raise_some(conn: psycopg.AsyncConnection, at_once: int) -> None:
    async with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(APPLY.lock)
        lines = await (await cursor.execute(SQL.due, {"limit": at_once})).fetchall()
        _log_refused(await apply(conn, [_raise(**line) for line in lines]))
        await cursor.execute(SQL.raised, {"alerts": [line["alert_id"] for line in lines]})


def _raise(alert_id: UUID, due_at: datetime, **line: object) -> Raise:
    made: dict[str, object] = {**line, "target": f"drill:{alert_id}", "at": due_at, "actor": "hub"}
    return Raise(uuid5(alert_id, "raised"), alert_id, "manual", **made)  # type: ignore[arg-type]  # columns of one row


async def finish(conn: psycopg.AsyncConnection, drill: UUID, kind: str, momentary: Collection[str]) -> None:
    """Close what a drill that has ended has left; what lasts of a test becomes real, whatever a desk did about it.

    The lock comes first: what is raised before is found here, and what is raised after it is no drill any more. Each
    alert is settled once: what is refused is logged, and keeps no drill from being over.
    """
    settled = list[UUID]()
    wanted = {"drill": drill, "momentary": list(momentary), "settled": settled, "limit": AT_ONCE}
    while True:
        async with conn.transaction():
            await conn.execute(APPLY.lock)
            left = await (await conn.execute(SQL.left, wanted)).fetchall()
            if not left:
                await conn.execute(SQL.over, {"drill": drill})
                break
            steps = [step for id_, handling, lasts in left for step in _steps(id_, handling, lasts)]
            results = await apply(conn, steps)
            done = {result.change.alert_id for result in results if result.outcome == "applied"}
            real = [id_ for id_, _, lasts in left if lasts and id_ in done]
            await conn.execute(SQL.real, {"alerts": real})
        if real:
            log.warning("%d alerts outlast a test of their devices and are real", len(real))
        _log_refused(results)
        settled += [id_ for id_, *_ in left]
    log.info("the %s %s is over", kind, drill)


def _steps(alert: UUID, handling: str, lasts: bool) -> list[Change]:
    now = datetime.now(UTC)
    if not lasts:
        return [Step(uuid5(alert, "drill closed"), alert, "closed", "hub", OVER, DRILL, at=now)]
    again = [Step(uuid5(alert, "drill reopened"), alert, "reopened", "hub", REAL, at=now)] if handling in ENDED else []
    return [*again, Step(uuid5(alert, "drill real"), alert, "updated", "hub", REAL, DECIDE, at=now)]


def _log_refused(results: list[Result]) -> None:
    for result in results:
        if result.outcome == "refused":
            log.error("a drill cannot change %s: %s", result.change.alert_id, result.reason)
