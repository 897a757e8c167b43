"""Maintenance windows of one device; of places and organisations: maintenances.py."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.context import Context, Here
from api.contract_types import TEXT, Code, Time
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.problems import not_found, responses
from api.routes.devices import require
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/maintenance", tags=["devices"])
_KEYS = {"from_at": datetime, "id": int}
_EXAMPLE: dict[str, JsonValue] = {
    "from_at": "2026-11-22T08:00:00+08:00",
    "to_at": "2026-11-22T18:00:00+08:00",
    "note": "new filter",
}


class WindowBody(BaseModel):
    """Start, end and reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    from_at: Time = Field(description="with a zone")
    to_at: Time = Field(description="with a zone; later than from_at")
    note: Annotated[str, Field(max_length=1000, pattern=TEXT)] = ""

    @model_validator(mode="after")
    def _ordered(self) -> "WindowBody":
        if self.from_at >= self.to_at:
            raise ValueError("to_at must be later than from_at")
        return self


class Window(BaseModel):
    """A maintenance window of a device."""

    id: int
    device: Code
    from_at: datetime
    to_at: datetime
    note: str
    running: bool = Field(description="whether it is going on now")


@router.get("", response_model=Page[Window], responses=responses(404))
@needs(Permission.DEVICES_READ)
async def list_windows(
    code: Code,
    paging: Paged,
    context: Here,
    running: Annotated[bool | None, Query(description="only those that go on now, or only the others")] = None,
) -> Any:
    """A device's maintenance windows, the latest first; also those of places and organisations that it is in."""
    await require(context, code)
    wanted = {"code": code, "id": None, "running": running}
    found = await read(context, SQL.maintenance, {**wanted, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.post("", status_code=201, response_model=Window, responses=responses(404))
@needs(Permission.DEVICES_WRITE)
async def add_window(code: Code, body: WindowBody, context: Here, caller: TheCaller) -> Any:
    """Create a maintenance window, in the past, present or future."""
    await require(context, code)
    return await _written(context, caller, SQL.maintenance_add, code, body, None)


@router.put("/{window}", response_model=Window, responses=responses(404))
@needs(Permission.DEVICES_WRITE)
async def put_window(code: Code, window: int, body: WindowBody, context: Here, caller: TheCaller) -> Any:
    """Change a window; to end a current one, set its end to now."""
    return await _written(context, caller, SQL.maintenance_put, code, body, window)


@router.delete("/{window}", status_code=204, responses=responses(404))
@needs(Permission.DEVICES_WRITE)
async def delete_window(code: Code, window: int, context: Here, caller: TheCaller) -> Response:
    """Delete a window, as if it had never existed."""
    async with writing(context) as conn:
        if not await row(conn, SQL.maintenance_delete, {"code": code, "id": window}):
            raise not_found("maintenance window", window)
        await audit(conn, caller, "maintenance.delete", code, {"id": window})
    return Response(status_code=204)


async def _written(
    context: Context, caller: Caller, statement: str, code: str, body: WindowBody, window: int | None
) -> Any:
    async with writing(context) as conn:
        written = await row(conn, statement, {"code": code, "id": window, "by": caller.actor, **body.model_dump()})
        if written is None:
            raise not_found("maintenance window", window)
        await audit(conn, caller, "maintenance.put", code, body.model_dump(mode="json"))
        one = {"code": code, "id": written["id"], "running": None, "limit": 1}
        return await row(conn, SQL.maintenance, {**one, "after_from_at": None, "after_id": None})
