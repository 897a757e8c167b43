"""Silences (静默): deliveries of alerts that are kept back for a while, of a device or a place, up to a level."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import LEVELS, TEXT, Code, LevelName, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.silences import LONGEST, LONGEST_RED, RED
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/silences", tags=["alerts"])
_KEYS = {"made_at": datetime, "id": UUID}
_EXAMPLE: dict[str, JsonValue] = {
    "region": "330106", "event_kind": "offline", "to_at": "2026-11-29T06:00:00+08:00", "reason": "power works",
}  # fmt: skip
State = Literal["waiting", "coming", "active", "over"]


class SilenceBody(BaseModel):
    """What is kept back: all that is named must match; a device or a place is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    device: Code | None = None
    region: RegionPrefix | None = Field(default=None, description="the first digits of a division code")
    organisation: Code | None = None
    area: Code | None = None
    category: Code | None = None
    event_kind: Code | None = None
    max_level: LevelName = Field(
        default="orange", description="alerts above it are delivered; red needs a second person, and ends within 24 h"
    )
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=TEXT)]
    from_at: Time | None = Field(default=None, description="left out: now")
    to_at: Time = Field(description="within 30 days")


class Silence(BaseModel):
    """A silence."""

    id: UUID
    state: State = Field(description="waiting: for a second person")
    device: str | None
    region: str | None
    organisation: str | None
    area: str | None
    category: str | None
    event_kind: str | None
    max_level: LevelName
    reason: str
    from_at: datetime
    to_at: datetime
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    kept_back: int = Field(description="deliveries that wait for its end")


@router.get("", response_model=Page[Silence])
@needs(Permission.ALERTS_READ)
async def list_silences(paging: Paged, context: Here, state: Annotated[State | None, Query()] = None) -> Any:
    """Silences, the newest first; ended ones are kept as long as alerts."""
    given = {"id": None, "state": state, **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.silences, given), _KEYS)


@router.post("", response_model=Silence, status_code=201, responses=responses(403, 404, 422))
@needs(Permission.ALERTS_SILENCE, Permission.ALERTS_READ)
async def make_silence(body: SilenceBody, context: Here, caller: TheCaller) -> Any:
    """Keep back what is pushed of such alerts; they are listed and streamed as ever.

    When it is over, the newest change of each alert that still lasts is delivered.
    """
    now = datetime.now(UTC)
    begin = body.from_at or now
    if body.to_at <= max(begin, now):
        raise invalid("to_at", "must be later than now and than from_at")
    longest = LONGEST_RED if LEVELS[body.max_level] == RED else LONGEST
    if body.to_at - begin > longest or begin - now > LONGEST:
        raise invalid("to_at", f"a silence up to {body.max_level} lasts {longest.total_seconds() / 3600:g} h at most")
    made = {"id": uuid4(), "from_at": begin, "made_by": caller.actor, "device_id": None}
    given = {**body.model_dump(), **made, "max_level": LEVELS[body.max_level]}
    async with writing(context) as conn:
        if body.device is not None:
            if body.region is not None or body.organisation is not None:
                raise invalid("device", "it has its own region and organisation: leave these out")
            if (found := await row(conn, SQL.device, {"code": body.device})) is None:
                raise not_found("device", body.device)
            given |= found
        for what, statement in (("organisation", SQL.organisation), ("area", SQL.area)):
            if given[what] is not None and await row(conn, statement, {"code": given[what]}) is None:
                raise invalid(what, f"there is no {what} '{given[what]}'")
        if given["region"] is None and given["organisation"] is None and given["area"] is None:
            if body.device is not None:
                raise invalid("device", "it belongs to no division and no organisation: give it one first")
            raise invalid("region", "name a device, or a place: region, organisation or area")
        await conn.execute(SQL.make.encode(), given)
        told = body.model_dump(mode="json", exclude_none=True)
        await audit(conn, caller, "silence.make", str(given["id"]), told)
        return await _silence(conn, given["id"])


@router.post("/{silence_id}/approval", response_model=Silence, responses=responses(403, 404, 409))
@needs(Permission.ALERTS_SILENCE, Permission.ALERTS_READ)
async def approve_silence(silence_id: UUID, context: Here, caller: TheCaller) -> Any:
    """Put a silence up to red in force, as a second person."""
    async with writing(context) as conn:
        made = await row(conn, SQL.lock, {"id": silence_id})
        found = await _silence(conn, silence_id)
        if found["state"] != "waiting":
            raise ProblemError(409, f"it is {found['state']}: there is nothing to approve")
        if made == {"made_by": caller.actor}:
            raise ProblemError(403, "another person than who made it approves a silence of red alerts")
        await conn.execute(SQL.approve.encode(), {"id": silence_id, "by": caller.actor})
        await audit(conn, caller, "silence.approve", str(silence_id), {})
        return await _silence(conn, silence_id)


@router.delete("/{silence_id}", response_model=Silence, responses=responses(404, 409))
@needs(Permission.ALERTS_SILENCE, Permission.ALERTS_READ)
async def end_silence(silence_id: UUID, context: Here, caller: TheCaller) -> Any:
    """End a silence now: what still lasts is delivered within a second or two."""
    async with writing(context) as conn:
        await row(conn, SQL.lock, {"id": silence_id})
        if (await _silence(conn, silence_id))["state"] == "over":
            raise ProblemError(409, "it is over")
        await conn.execute(SQL.end.encode(), {"id": silence_id, "by": caller.actor})
        await audit(conn, caller, "silence.end", str(silence_id), {})
        return await _silence(conn, silence_id)


async def _silence(conn: AsyncConnection, id_: UUID) -> dict[str, Any]:
    first = {"state": None, "after_made_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.silences, {"id": id_, **first})
    if found is None:
        raise not_found("silence", id_)
    return found
