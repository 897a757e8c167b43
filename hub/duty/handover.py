"""A handover (交接班): made by who goes off duty, with a snapshot of one moment, and confirmed by who takes over."""

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from hub.duty.rota import Rota
from hub.duty.shift_change import ShiftChange
from hub.store.statements import statements

SQL = statements(__name__)

EXPIRE = SQL.expire
"""Deletes at most `batch` handovers that are older than `days`, with their items."""
UNGUARDED = 5_000
"""Devices of a kind (offline, in maintenance, under test, a guard off) that a snapshot names; the longest first."""


async def make(
    conn: AsyncConnection, id_: UUID, code: str, rota: Rota, change: ShiftChange, person: UUID, note: str | None
) -> bool:
    """Hand over, in the caller's transaction: what was made for this change before, and nobody took, is withdrawn.

    Its items are what one statement sees, so they were all true at one moment. False when it was taken over meanwhile;
    UniqueViolation when another is made at the same time.
    """
    substitutes = [
        {"instead_of": str(each.instead_of), "person": str(each.person)}
        for each in rota.substitutes
        if each.begin <= change.at < each.end or each.begin < change.at <= each.end
    ]
    given = {
        "id": id_,
        "rota": code,
        "shift": change.shift,
        "begins_at": change.begin,
        "change_at": change.at,
        "outgoing": list(change.outgoing),
        "incoming": list(change.incoming),
        "leader": change.leader,
        "substitutes": Jsonb(substitutes),
        "made_by": person,
        "note": note,
    }
    await conn.execute(SQL.withdraw, given)
    if (await conn.execute(SQL.make, given)).rowcount == 0:
        return False
    await conn.execute(SQL.snapshot, {"id": id_, "most": UNGUARDED})
    return True


async def take(conn: AsyncConnection, id_: UUID, person: UUID, note: str | None) -> bool:
    """Take over; False when it was taken over, or withdrawn, before."""
    taken: Any = await (await conn.execute(SQL.take, {"id": id_, "person": person, "note": note})).fetchone()
    return taken is not None
