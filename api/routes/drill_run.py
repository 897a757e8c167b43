"""What exercises and tests of devices have in common: how they begin and end, and how their consumers answered."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from fastapi.responses import Response
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Context
from api.cursors import Paging
from api.database import read, row, rows
from api.exports import harmless_lines
from api.problems import ProblemError, invalid
from hub.access.caller import Caller
from hub.access.permissions import Permission
from hub.access.scope import EVERYTHING
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

LONGEST = timedelta(hours=24)
MOST_RUNNING, MOST_ALERTS = 10, 500
"""Exercises and tests of a caller at a time, and alerts of them that are still to be raised."""
STATE = Literal["coming", "running", "ending", "over"]
SHEET: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""What a route may answer that also gives its results as CSV."""
_KEYS = {"made_at": datetime, "id": UUID}


class Drill(BaseModel):
    """A drill."""

    id: UUID
    state: STATE = Field(description="ending: what is left of it is being closed")
    name: str = Field(description="of a test of devices the reason")
    consumers: list[str] = Field(description="who is told, by code; none without consumers:read, but for who made it")
    begins_at: datetime
    ends_at: datetime
    over_at: datetime | None
    made_by: str | None = Field(description="null for callers with a ceiling, as ended_by")
    made_at: datetime
    ended_by: str | None = Field(description="who ended it before its time")
    size: int = Field(description="alerts of the scenario; devices of a test")
    done: int = Field(description="alerts that were raised; devices that proved that they work")


class Result(BaseModel):
    """How a consumer answered to an alert of a drill; without consumers one for each alert."""

    alert: UUID
    title: str | None
    device: str | None
    consumer: str | None
    state: str = Field(description="as of a delivery; not_told: its organisation may not see the alert, or it is off")
    sent_at: datetime
    accepted_s: float | None = Field(description="seconds until it had accepted; null for one that follows the log")
    failure: str | None
    acknowledged_by: str | None
    acknowledged_s: float | None = Field(description="seconds until the alert was acknowledged, by whomever")


def ends_after(begins_at: datetime, ends_at: datetime, member: str) -> None:
    """ProblemError for an end that is not within a day."""
    if not begins_at < ends_at <= begins_at + LONGEST:
        raise invalid(member, Sentence("refusal.drill.ends"))


async def listed(context: Context, caller: Caller, paging: Paging, kind: str, state: str | None) -> dict[str, Any]:
    """A page of drills of a kind, the newest first."""
    given = {"id": None, "kind": kind, "state": state, **paging.after(_KEYS)}
    return paging.page([_shown(each, caller) for each in await read(context, SQL.drills, given)], _KEYS)


def _shown(found: dict[str, Any], caller: Caller) -> dict[str, Any]:
    if not names_consumers(found, caller):
        found = {**found, "consumers": []}
    return found if caller.scope.uncut is None else {**found, "made_by": None, "ended_by": None}


def names_consumers(found: Mapping[str, Any], caller: Caller) -> bool:
    """Whether a caller may know who is told of a drill: who made it has named them himself."""
    return Permission.CONSUMERS_READ in caller.permissions or found["maker"] == caller.actor


async def found_drill(conn: AsyncConnection, caller: Caller, id_: UUID, kind: str) -> dict[str, Any]:
    """A drill; 404 when there is none of this kind of which the caller sees something."""
    first = {"state": None, "after_made_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.drills, {"id": id_, "kind": kind, **first})
    if found is None:
        if kind == "exercise":
            raise ProblemError(404, Sentence("refusal.drill.none", id=str(id_)))
        raise ProblemError(404, Sentence("refusal.device_test.none", id=str(id_)))
    return _shown(found, caller)


async def begin(
    conn: AsyncConnection,
    caller: Caller,
    made: Mapping[str, Any],
    codes: Sequence[str],
    begins_at: datetime,
    ends_at: datetime,
) -> None:
    """Make a drill (id, kind, name) for consumers of these codes.

    ProblemError for one that there is not or that is not of the caller's organisations, and for one drill too many.
    """
    given = {"codes": list(codes), "owners": _owners(caller)}
    known = {each["code"]: each["id"] for each in await rows(conn, SQL.consumers, given)}
    for place, code in enumerate(codes):
        if code not in known:
            raise invalid(f"consumers.{place}", Sentence("refusal.drill.consumer", code=code))
    await rows(conn, SQL.one_at_a_time, {"by": caller.actor})
    if (running := await row(conn, SQL.running, {"by": caller.actor})) and running["drills"] >= MOST_RUNNING:
        raise ProblemError(409, Sentence("refusal.drill.running", most=MOST_RUNNING))
    values = {
        **made,
        "made_by": caller.actor,
        "consumers": sorted(set(known.values())),
        "begins_at": begins_at,
        "ends_at": ends_at,
    }
    await conn.execute(SQL.begin.encode(), values)


async def within_bounds(conn: AsyncConnection, caller: Caller) -> None:
    """ProblemError 409 when what a caller's drills are still to raise is more than MOST_ALERTS."""
    running = await row(conn, SQL.running, {"by": caller.actor})
    if running and running["alerts"] > MOST_ALERTS:
        raise ProblemError(409, Sentence("refusal.drill.alerts", alerts=running["alerts"], most=MOST_ALERTS))


def _owners(caller: Caller) -> list[str] | None:
    """The organisations whose consumers a caller may name; None: all."""
    keys = caller.scope.keys
    if keys is None or EVERYTHING in keys:
        return None
    return sorted({key.partition("/")[0] for key in keys} - {""} | {caller.organisation or ""} - {""})


async def end(context: Context, conn: AsyncConnection, caller: Caller, id_: UUID, kind: str) -> dict[str, Any]:
    """End a drill now; 409 when it has ended, 403 when somebody else made it and the caller does not see all of it."""
    await found_drill(conn, caller, id_, kind)
    seen = await row(conn, SQL.members, {"id": id_})
    async with context.hub_pool.connection() as all_of_it:
        whole = await row(all_of_it, SQL.members, {"id": id_})
    if seen != whole and (whole is None or whole["made_by"] != caller.actor):
        raise ProblemError(403, Sentence("refusal.drill.beyond"))
    if not (await conn.execute(SQL.end.encode(), {"id": id_, "by": caller.actor})).rowcount:
        raise ProblemError(409, Sentence("refusal.drill.ended"))
    return await found_drill(conn, caller, id_, kind)


async def devices_of(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, int]:
    """Ids of devices by code. ProblemError for one that there is not."""
    wanted = list(codes)
    known = {each["code"]: each["id"] for each in await rows(conn, SQL.devices, {"codes": wanted})}
    for code in wanted:
        if code not in known:
            raise ProblemError(404, Sentence("refusal.drill.device", code=code))
    return known


async def results(conn: AsyncConnection, caller: Caller, id_: UUID, kind: str) -> list[dict[str, Any]]:
    """Of each alert and consumer of a drill, in the order in which they were raised; 404 when there is none."""
    named = names_consumers(await found_drill(conn, caller, id_, kind), caller)
    found = await rows(conn, SQL.result, {"id": id_})
    return found if named else [{**each, "consumer": None} for each in found]


def sheet(found: Iterable[Mapping[str, Any]]) -> Response:
    """Results as a file of CSV in UTF-8 with a byte order mark."""
    columns = list(Result.model_fields)
    lines = "\ufeff".encode() + harmless_lines([columns, *([each[name] for name in columns] for each in found)])
    headers = {"Content-Disposition": 'attachment; filename="result.csv"'}
    return Response(lines, 200, headers, "text/csv; charset=utf-8")
