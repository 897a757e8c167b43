"""Warns of cases past a deadline: an alert of the hub for each clock that has run out, which ends with its stage.

A leader looks every few seconds. The step that notes it and the alert are one transaction, so each is told once.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from hub.alerts.alert import Raise
from hub.alerts.alert import Step as AlertStep
from hub.alerts.apply import apply as apply_to_alerts
from hub.alerts.own_kinds import OwnKind
from hub.alerts.transitions import DECIDE
from hub.cases.apply import apply
from hub.cases.stage_clock import Clock
from hub.cases.step import Step
from hub.cases.terms import in_force
from hub.cases.transitions import HUB
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)

EVERY_S = 10.0
BATCH = 100
KIND: OwnKind = "case_overdue"
YELLOW = 2
ACTOR = "hub"


async def watch_cases(conn: psycopg.AsyncConnection) -> float:
    """Look once, on the leader; returns after how many seconds to look again."""
    now = datetime.now(UTC)
    await state_deadlines(conn, now)
    # First: one that lasts of an earlier visit to the same stage would stand in the way of the next.
    more = await end_warnings(conn, now) == BATCH or await warn(conn, now) == BATCH
    return 0.1 if more else EVERY_S


async def warn(conn: psycopg.AsyncConnection, now: datetime) -> int:
    """Raise an alert for each clock that has run out; how many were found, BATCH at most."""
    async with conn.transaction():
        found = await (await conn.execute(SQL.due, {"now": now, "batch": BATCH})).fetchall()
        steps, alerts = [], []
        for case_id, visit, stage, number, level, organisation, region in found:
            # An id that could be foreseen could be taken by a step of a caller. What was told is seen by overdue_at.
            alert_id, where = uuid4(), f"{number}/{stage}"
            steps.append(Step(uuid4(), case_id, "overdue", now, ACTOR, HUB, clock=visit, alert_id=alert_id, note=where))
            alerts.append(
                Raise(
                    uuid4(), alert_id, "hub", f"{KIND}:{where}",
                    text(f"alert.hub.{KIND}", "en", where=where), level or YELLOW, now, ACTOR, event_kind=KIND,
                    organisation=organisation, region=region,
                )
            )  # fmt: skip
        noted = await apply(conn, steps)
        await apply_to_alerts(
            conn, [alert for alert, each in zip(alerts, noted, strict=True) if each.outcome == "applied"]
        )
    return len(found)


async def end_warnings(conn: psycopg.AsyncConnection, now: datetime) -> int:
    """Clear the alerts whose clocks are over or got more time; how many were found, BATCH at most."""
    async with conn.transaction():
        found = await (await conn.execute(SQL.over, {"batch": BATCH})).fetchall()
        steps = [AlertStep(uuid4(), id_, "cleared", ACTOR, permission=DECIDE, at=now) for (id_,) in found]
        await apply_to_alerts(conn, steps)
    return len(found)


async def state_deadlines(conn: psycopg.AsyncConnection, now: datetime) -> None:
    """State all deadlines that were unknown for want of a calendar that is there by now, BATCH clocks a transaction."""
    after: tuple[UUID, int] | None = UUID(int=0), 0
    while after is not None:
        async with conn.transaction():
            after = await _state_next(conn, now, *after)


async def _state_next(conn: psycopg.AsyncConnection, now: datetime, case: UUID, visit: int) -> tuple[UUID, int] | None:
    """Look at the unknown clocks after one; the last that was looked at, None: there are no more."""
    asked = {"case": case, "visit": visit, "batch": BATCH}
    found = await (await conn.execute(SQL.unknown, asked)).fetchall()
    if not found:
        return None
    keeper = (await in_force(conn)).keeper
    known = set()
    for case_id, *values in found:
        clock = Clock(*values)
        clock.set_due(keeper)
        if clock.due_at is not None:
            known.add(case_id)
    await apply(conn, [Step(uuid4(), case_id, "deadlines_known", now, ACTOR, HUB) for case_id in known])
    return found[-1][0], found[-1][1]
