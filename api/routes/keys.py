"""API keys of machines."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.context import Here
from api.contract_types import TEXT, Code, GrantCeiling, Time
from api.cursors import Page, Paged
from api.database import read, row
from api.granting import Wanted, grant
from api.login.accounts import NAME
from api.login.keys import SQL, add_key, revoke_key
from api.problems import invalid, responses
from api.routes.session import TheLogin
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.roles import Role

router = GuardedRouter(prefix="/keys", tags=["access"])
_KEYS = {"created_at": datetime, "id": UUID}
_EXAMPLE: dict[str, JsonValue] = {"name": "grid-platform", "label": "2026", "role": "viewer", "region": "330110"}
MachineName = Annotated[str, StringConstraints(pattern=NAME)]


class KeyBody(BaseModel):
    """A new key. A first role is given by whoever is no principal: another security administrator grants it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: MachineName = Field(description="of the machine, which may have several keys; made when new")
    label: Annotated[str, StringConstraints(pattern=TEXT, max_length=200, strip_whitespace=True)] = ""
    expires_at: Time | None = None
    role: Role | None = None
    organisation: Code | None = Field(default=None, description="the role counts for what this runs only")
    region: str | None = Field(default=None, pattern=r"^[0-9]{2,12}$", description="only below this division")
    area: Code | None = Field(default=None, description="only within this named area")
    ceiling: GrantCeiling = "L4"


class ApiKey(BaseModel):
    """A stored key, without its secret."""

    id: UUID
    name: str
    label: str
    state: str = Field(description="of its machine: active, or locked")
    roles: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute or so")
    revoked_at: datetime | None


class NewApiKey(ApiKey):
    """A key with its secret, which nobody sees again."""

    key: str


@router.post("", response_model=NewApiKey, status_code=201, responses=responses(403, 409, 422))
@needs(Permission.ACCESS_WRITE)
async def make_key(body: KeyBody, context: Here, caller: TheCaller, login: TheLogin) -> Any:
    """Make a key. It is answered once; sent as `Authorization: Bearer <key>` it opens what its machine was granted."""
    if body.expires_at is not None and body.expires_at <= datetime.now(UTC):
        raise invalid("/expires_at", "it is over already")
    async with context.hub_pool.connection() as conn, conn.transaction():
        id_, key = await add_key(conn, caller, body.name, body.label, body.expires_at)
        if body.role is not None:
            limits = (body.organisation, body.region, body.area)
            await grant(conn, caller, body.name, Wanted(body.role, *limits, ceiling=body.ceiling))
        made = await row(conn, SQL.keys, {"id": id_, "name": None, **_FIRST}) or {}
    await login.caught_up()
    return {**made, "key": key}


_FIRST = {"after_created_at": None, "after_id": None, "limit": 1}


@router.get("", response_model=Page[ApiKey])
@needs(Permission.ACCESS_READ)
async def list_keys(
    paging: Paged, context: Here, name: Annotated[MachineName | None, Query(description="of which machine")] = None
) -> Any:
    """Keys, the newest first; revoked and expired ones too."""
    found = await read(context, SQL.keys, {"id": None, "name": name, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.delete("/{key_id}", status_code=204, response_class=Response, responses=responses(404))
@needs(Permission.ACCESS_WRITE)
async def end_key(key_id: UUID, context: Here, caller: TheCaller, login: TheLogin) -> None:
    """Revoke a key: it opens nothing from the next request on, and its streams end."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        await revoke_key(conn, caller, key_id)
    await login.caught_up()
