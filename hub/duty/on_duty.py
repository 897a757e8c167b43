"""Who is on duty, by the rotas that are stored."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from hub.duty.calendar import Calendar
from hub.duty.rota import NOBODY, Reason, Rota, Substitute, on_duty_at, without_inactive
from hub.duty.shift_change import held_over
from hub.duty.shifts import Shift
from hub.store.statements import statements

SQL = statements(__name__)

LONGEST = timedelta(hours=12)
"""The longest that a shift stays on duty after its end while nobody has taken over."""


class Duty(NamedTuple):
    """Who is on duty by a rota at a moment."""

    people: frozenset[UUID]
    """Principals; only accounts that can log in."""
    leader: UUID | None
    """Who leads them, also while there is nobody to lead; not one of `people` by that."""
    present: bool
    """Whether somebody of `people` is at a desk: an open stream of alerts, and a click within the interval."""
    reason: Reason | None
    """Why there is nobody; None: there is somebody."""
    held_over: frozenset[UUID] = NOBODY
    """Those of `people` whose shift is over and who stay, because nobody has taken over."""


async def on_duty(conn: AsyncConnection, at: datetime) -> Mapping[str, Duty]:
    """Who is on duty at a moment, by the code of each rota that the connection sees. `present` is about now."""
    stored = await rotas(conn, since=at - LONGEST)
    if not stored:
        return {}
    days = await calendar(conn)
    inactive, present = await inactive_accounts(conn), await at_desk(conn, at)
    taken = await handed_over(conn, at - LONGEST) if any(rota.handover for rota in stored.values()) else {}
    duties = {}
    for code, rota in stored.items():
        piece = without_inactive(on_duty_at(rota, days, at), inactive)
        held = held_over(rota, days, at, taken.get(code, frozenset())) - inactive - piece.people
        people = piece.people | held
        duties[code] = Duty(people, piece.leader, not people.isdisjoint(present), piece.reason, held)
    return duties


async def handed_over(conn: AsyncConnection, since: datetime) -> Mapping[str, frozenset[datetime]]:
    """The shift changes since a moment at which somebody has taken over, by the code of the rota."""
    return {code: frozenset(at) for code, at in await (await conn.execute(SQL.taken, {"since": since})).fetchall()}


async def rotas(conn: AsyncConnection, since: datetime, code: str | None = None) -> dict[str, Rota]:
    """The stored rotas by code, or one; with the substitutes that end after a moment."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SQL.rotas, {"at": since, "code": code})
        return {row["code"]: _rota(row) async for row in cursor}


async def calendar(conn: AsyncConnection) -> Calendar:
    """The days of all years that were imported."""
    return Calendar(dict(await (await conn.execute(SQL.days)).fetchall()))


async def inactive_accounts(conn: AsyncConnection) -> frozenset[UUID]:
    """Accounts of rotas that nobody can log in to."""
    return frozenset(id_ for (id_,) in await (await conn.execute(SQL.inactive)).fetchall())


async def at_desk(conn: AsyncConnection, at: datetime) -> frozenset[UUID]:
    """Whose presence is proven at a moment."""
    return frozenset(id_ for (id_,) in await (await conn.execute(SQL.present, {"at": at})).fetchall())


def _rota(row: DictRow) -> Rota:
    turns = [frozenset(UUID(id_) for _, id_ in turn) for _, turn in groupby(row["members"], key=lambda each: each[0])]
    shifts = [Shift(each["name"], each["begin"], each["end"], frozenset(each["days"])) for each in row["shifts"]]
    substitutes = [
        Substitute(datetime.fromisoformat(begin), datetime.fromisoformat(end), UUID(instead_of), UUID(person))
        for begin, end, instead_of, person in row["substitutes"] or []
    ]
    zone, start = ZoneInfo(row["zone"]), row["from_date"]
    handover = None if (minutes := row["handover_minutes"]) is None else timedelta(minutes=minutes)
    return Rota(zone, shifts, turns, row["unit"], start, row["leader"], substitutes, handover)
