"""Alerts of the hub about itself: raised once for each thing that is wrong, cleared when it is right again."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from hub.alerts.alert import Raise, Step
from hub.alerts.apply import apply
from hub.alerts.own_kinds import OwnKind
from hub.alerts.transitions import DECIDE
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)


async def tell(
    conn: psycopg.AsyncConnection,
    kind: OwnKind,
    where: str,
    level: int,
    organisation: str | None = None,
    shown: str | None = None,
) -> bool:
    """Raise an alert of a kind (alert.hub.* of the catalogue) about a place, unless one lasts; whether it was raised.

    It is of an organisation, or of the whole hub. Opens a transaction. One that a desk has ended while it lasts is not
    raised again. Its title has the place, or what is `shown` of it.
    """
    target = f"{kind}:{where}"
    if await _lasting(conn, target):
        return False
    title = text(f"alert.hub.{kind}", "en", where=shown or where)
    raised = Raise(
        uuid4(), uuid4(), "hub", target, title, level, datetime.now(UTC), "hub", event_kind=kind,
        organisation=organisation,
    )  # fmt: skip
    async with conn.transaction():
        [result] = await apply(conn, [raised])
    return result.outcome == "applied"


async def over(conn: psycopg.AsyncConnection, kind: OwnKind, where: str) -> bool:
    """Clear what lasts of a kind about a place; whether something was cleared."""
    cleared = False
    for id_ in await _lasting(conn, f"{kind}:{where}"):
        step = Step(uuid4(), id_, "cleared", "hub", permission=DECIDE, at=datetime.now(UTC))
        async with conn.transaction():
            [result] = await apply(conn, [step])
        cleared |= result.outcome == "applied"
    return cleared


async def _lasting(conn: psycopg.AsyncConnection, target: str) -> list[UUID]:
    return [id_ for (id_,) in await (await conn.execute(SQL.lasting, {"target": target})).fetchall()]
