"""Device lifecycle: transitions and history."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import TEXT, Code
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, writing
from api.lifecycle import refuse_step
from api.problems import not_found, responses
from api.routes.devices import Device, require
from devices.lifecycle import State
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/steps", tags=["devices"])
_KEYS = {"id": int}
_EXAMPLE: dict[str, JsonValue] = {"to": "suspended", "note": "dismounted for the road works"}


class StepBody(BaseModel):
    """Target state and reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    to: State
    note: Annotated[str, Field(max_length=1000, pattern=TEXT)] = ""


class Step(BaseModel):
    """A past transition."""

    id: int
    at: datetime
    actor: str
    before: State = Field(serialization_alias="from")
    to: State
    note: str


@router.post("", response_model=Device, responses=responses(404, 409, 422))
@needs(Permission.DEVICES_WRITE)
async def step_device(code: Code, body: StepBody, context: Here, caller: TheCaller) -> Any:
    """Change a device's state: pending, active, suspended, retired. Retired is final; history is kept.

    To be where it is already is no step and no error. 409 says which steps are possible.
    """
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        before = await row(conn, DATABASE.device, {"code": code})
        if before is None:
            raise not_found("device", code)
        refuse_step(code, before["state"], body.to)
        if before["state"] != body.to:
            await execute(conn, SQL.step, {"code": code, "state": body.to})
            detail = {"from": before["state"], "to": body.to, "note": body.note}
            await audit(conn, caller, "device.step", code, detail)
        return {**before, "state": body.to}


@router.get("", response_model=Page[Step], responses=responses(404))
@needs(Permission.DEVICES_READ)
async def list_steps(code: Code, paging: Paged, context: Here) -> Any:
    """A device's transitions, newest first."""
    await require(context, code)
    found = await read(context, SQL.steps, {"code": code, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)
