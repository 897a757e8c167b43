"""Grants: who holds which role, for what and until when."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.context import Here
from api.contract_types import Code, GrantCeiling, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.granting import Wanted, grant
from api.problems import not_found, responses
from api.routes.session import TheLogin
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.roles import Role
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/grants", tags=["access"])
_KEYS = {"granted_at": datetime, "id": UUID}
_EXAMPLE: dict[str, JsonValue] = {"principal": "li.wei", "role": "operator", "region": "330110"}
Principal = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


class GrantBody(BaseModel):
    """A grant as it is made: for everything, or within limits that hold together."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    principal: Principal = Field(description="name of the account or machine")
    role: Role
    organisation: Code | None = Field(default=None, description="only what this organisation runs")
    region: RegionPrefix | None = Field(default=None, description="only below this division, code or first digits")
    area: Code | None = Field(default=None, description="only within this named area; not beside a region")
    valid_from: Time | None = None
    valid_to: Time | None = Field(default=None, description="from then on it counts no more")
    ceiling: GrantCeiling = "L4"


class Grant(GrantBody):
    """A stored grant."""

    id: UUID
    granted_by: str
    granted_at: datetime


@router.post("", response_model=Grant, status_code=201, responses=responses(403, 409, 422))
@needs(Permission.ACCESS_WRITE)
async def make_grant(body: GrantBody, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Grant a role. The three administrators exclude each other, and nobody grants to himself."""
    wanted = Wanted(**body.model_dump(exclude={"principal"}))
    async with writing(context) as conn:
        made = await grant(conn, caller, body.principal, wanted)
        stored = await row(conn, SQL.grants, {"id": made, "principal": None, **_FIRST})
    await login.caught_up()
    return stored


_FIRST = {"after_granted_at": None, "after_id": None, "limit": 1}


@router.get("", response_model=Page[Grant])
@needs(Permission.ACCESS_READ)
async def list_grants(
    paging: Paged, context: Here, principal: Annotated[Principal | None, Query(description="of whom")] = None
) -> Any:
    """Grants, the newest first; those whose time is over too."""
    found = await read(context, SQL.grants, {"id": None, "principal": principal, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.delete("/{grant_id}", status_code=204, responses=responses(404))
@needs(Permission.ACCESS_WRITE)
async def take_back_grant(grant_id: UUID, context: Here, caller: TheCaller, login: TheLogin) -> Response:
    """Take a grant back: it counts no more, from the next request on."""
    async with writing(context) as conn:
        found = await row(conn, SQL.grants, {"id": grant_id, "principal": None, **_FIRST})
        if found is None:
            raise not_found("grant", grant_id)
        gone = await row(conn, SQL.grant_delete, {"id": grant_id}) or {}
        told = {name: found[name] for name in ("role", "organisation", "region", "area", "ceiling")}
        told["principal"] = f"principal:{gone.get('principal_id')}"
        await audit(conn, caller, "grant.take_back", str(grant_id), told)
    await login.caught_up()
    return Response(status_code=204)
