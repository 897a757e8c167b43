"""Shares: an organisation asks to see another's data, which grants, refuses or revokes it; both see each use."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.context import Here
from api.contract_types import TEXT, Code, GrantCeiling, Metric, Once
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.session import TheLogin
from hub.access.caller import Caller
from hub.access.classification import level_named
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.shares import STEPS, Kind, State
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/shares", tags=["access"])
_KEYS = {"asked_at": datetime, "id": UUID}
_EXAMPLE: dict[str, JsonValue] = {
    "owner": "eco-bureau",
    "purpose": "烟花爆竹禁放巡查",
    "kinds": ["devices", "readings"],
    "metrics": ["pm25"],
    "valid_to": "2027-03-01T00:00:00+08:00",
}
Purpose = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=TEXT, strip_whitespace=True)]
Codes = Annotated[list[Code], Field(min_length=1, max_length=1_000), Once]


class ShareBody(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    owner: Code = Field(description="the organisation whose data it is")
    consumer: Code | None = Field(default=None, description="the one that asks; left out: that of the caller")
    purpose: Purpose
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=4), Once]
    devices: Codes | None = Field(default=None, description="only these; left out: all of the owner's")
    metrics: Annotated[list[Metric], Field(min_length=1, max_length=1_000)] | None = None
    event_kinds: Codes | None = None
    valid_to: AwareDatetime | None = Field(default=None, description="it ends by itself then")
    ceiling: GrantCeiling = "L4"


class Share(ShareBody):
    """A share and how it stands."""

    id: UUID
    consumer: Code
    valid_to: datetime | None
    state: State
    over: bool = Field(description="whether it has ended by itself")
    note: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    uses: int = Field(description="requests in which it counted; each is in the audit too")
    last_used_at: datetime | None


class Use(BaseModel):
    """How often somebody used a share on a day."""

    day: date
    actor: str
    uses: int
    last_at: datetime


class DecisionBody(BaseModel):
    """A decision."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"to": "granted"}]})

    to: Literal["granted", "refused", "revoked"]
    note: Annotated[str, Field(max_length=1000, pattern=TEXT)] = ""
    valid_to: AwareDatetime | None = Field(default=None, description="of a grant: an end that is sooner than asked")
    ceiling: GrantCeiling | None = Field(default=None, description="of a grant: lower than asked")


@router.post("", response_model=Share, status_code=201, responses=responses(403, 422))
@needs(Permission.SHARES_ASK)
async def ask_for_share(body: ShareBody, context: Here, caller: TheCaller) -> Any:
    """Ask an organisation for a share of its data. Nothing is seen before it grants it."""
    consumer = body.consumer or caller.organisation
    if consumer is None:
        raise invalid("/consumer", "say which organisation asks: you belong to none")
    if caller.principal is not None and consumer != caller.organisation:
        raise ProblemError(403, f"you ask for your own organisation only, not for '{consumer}'")
    if consumer == body.owner:
        raise invalid("/owner", "what is an organisation's own needs no share")
    async with writing(context) as conn:
        known = {each["code"] for each in await rows(conn, SQL.known, {"codes": [consumer, body.owner]})}
        for place, code in (("/owner", body.owner), ("/consumer", consumer)):
            if code not in known:
                raise invalid(place, f"there is no organisation '{code}'")
        given = {**body.model_dump(), "consumer": consumer, "asked_by": caller.actor}
        made = await row(conn, SQL.ask, given) or {}
        told = {**body.model_dump(mode="json", exclude_none=True), "consumer": consumer}
        await audit(conn, caller, "share.ask", str(made["id"]), told)
        return await _share(conn, made["id"], caller)


@router.get("", response_model=Page[Share])
@needs(Permission.SHARES_READ)
async def list_shares(
    paging: Paged, context: Here, caller: TheCaller, state: Annotated[State | None, Query()] = None
) -> Any:
    """Shares of and for the caller's organisations, the newest first; of all for a caller without limits."""
    given = {"id": None, "state": state, **_sides(caller), **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.shares, given), _KEYS)


@router.get("/{share_id}", response_model=Share, responses=responses(404))
@needs(Permission.SHARES_READ)
async def get_share(share_id: UUID, context: Here, caller: TheCaller) -> Any:
    """One share."""
    async with context.pool.connection() as conn:
        return await _share(conn, share_id, caller)


@router.get("/{share_id}/uses", response_model=list[Use], responses=responses(404))
@needs(Permission.SHARES_READ)
async def get_uses(share_id: UUID, context: Here, caller: TheCaller) -> Any:
    """Who used a share on which day, the last 1,000 of it."""
    async with context.pool.connection() as conn:
        await _share(conn, share_id, caller)
        return await rows(conn, SQL.uses, {"id": share_id})


@router.post("/{share_id}/decision", response_model=Share, responses=responses(403, 404, 409))
@needs(Permission.SHARES_READ, Permission.SHARES_DECIDE)
async def decide_share(share_id: UUID, body: DecisionBody, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Grant, refuse or revoke what was asked of an organisation. What is revoked counts no more from then on."""
    async with writing(context) as conn:
        share = await _locked(conn, share_id, caller)
        if not caller.speaks_for(share["owner"], Permission.SHARES_DECIDE):
            raise ProblemError(403, f"that is for who decides for the organisation '{share['owner']}'")
        ends = [each for each in (share["valid_to"], body.valid_to) if each is not None]
        ceiling = min(share["ceiling"], body.ceiling or share["ceiling"], key=level_named)
        granted = {"valid_to": min(ends) if ends else None, "ceiling": ceiling}
        decided = await _step(conn, {**share, **granted}, body.to, body.note, caller)
    await login.caught_up()
    return decided


@router.delete("/{share_id}", response_model=Share, responses=responses(403, 404, 409))
@needs(Permission.SHARES_READ, Permission.SHARES_ASK)
async def withdraw_share(share_id: UUID, context: Here, caller: TheCaller) -> Any:
    """Withdraw what the caller's organisation has asked for, before it is granted or after."""
    async with writing(context) as conn:
        share = await _locked(conn, share_id, caller)
        if caller.principal is not None and share["consumer"] != caller.organisation:
            raise ProblemError(403, f"that is for the organisation '{share['consumer']}'")
        return await _step(conn, share, "withdrawn", share["note"], caller)


async def _locked(conn: AsyncConnection, id_: UUID, caller: Caller) -> dict[str, Any]:
    await row(conn, SQL.lock, {"id": id_})
    return await _share(conn, id_, caller)


async def _step(conn: AsyncConnection, share: dict[str, Any], to: State, note: str, caller: Caller) -> dict[str, Any]:
    if (share["state"], to) not in STEPS:
        raise ProblemError(409, f"it is {share['state']}, from which no step leads to {to}")
    await execute(conn, SQL.decide, {**share, "to": to, "note": note, "by": caller.actor})
    told = {"note": note, "ceiling": share["ceiling"]} if to == "granted" else {"note": note}
    await audit(conn, caller, f"share.{to}", str(share["id"]), told)
    return await _share(conn, share["id"], caller)


def _sides(caller: Caller) -> dict[str, Any]:
    """Whose shares a caller sees: of the organisation that he belongs to, and of those that he decides for."""
    if caller.grants is None:
        return {"organisations": None}
    held = [each for each in caller.grants if Permission.SHARES_READ in each.permissions and each.share is None]
    if any(each.key is None for each in held):
        return {"organisations": None}
    whole = [each.key.removesuffix("/") for each in held if each.key and each.key.endswith("/")]
    return {"organisations": [*whole, *filter(None, [caller.organisation])]}


async def _share(conn: AsyncConnection, id_: UUID, caller: Caller) -> dict[str, Any]:
    first = {"state": None, "after_asked_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.shares, {"id": id_, **_sides(caller), **first})
    if found is None:
        raise not_found("share", id_)
    return found
