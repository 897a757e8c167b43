"""Control from outside (反控) of regulated monitors: off, unless one person asked for it and another approved it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import TEXT, Code, Time
from api.database import SQL as DATABASE
from api.database import Row, audit, row, writing
from api.four_eyes import refuse_who_asked
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/control", tags=["commands"])
LONGEST = timedelta(days=30)
_EXAMPLE: dict[str, JsonValue] = {
    "reason": "audit of the station, order 2026-117",
    "until": "2026-11-29T18:00:00+08:00",
}


class ControlBody(BaseModel):
    """Why it is to be on, and until when."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=TEXT)]
    until: Time = Field(description="within 30 days")


class Approval(BaseModel):
    """Which request is approved."""

    model_config = ConfigDict(extra="forbid")

    asked_at: Time = Field(description="of the request that was looked at: of another one it is refused")


class Control(BaseModel):
    """Whether commands to a regulated monitor are let through."""

    state: Literal["off", "waiting", "on", "over"] = Field(description="waiting: for a second person")
    reason: str | None = None
    until: datetime | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None


@router.get("", response_model=Control, responses=responses(404))
@needs(Permission.COMMANDS_READ)
async def get_control(code: Code, context: Here) -> Any:
    """Whether a device may be controlled, who asked for it and who approved it."""
    async with context.pool.connection() as conn:
        return await _control(conn, code) or {"state": "off"}


@router.put("", response_model=Control, responses=responses(404, 409, 422))
@needs(Permission.COMMANDS_SEND, Permission.COMMANDS_READ)
async def ask_for_control(code: Code, body: ControlBody, context: Here, caller: TheCaller) -> Any:
    """Ask for it: it is on once another person has approved it. A new request takes the place of one that waits."""
    now = datetime.now(UTC)
    if not now < body.until <= now + LONGEST:
        raise invalid("until", "must be later than now, and within 30 days")
    async with writing(context) as conn:
        await row(conn, SQL.lock, {"code": code})
        found = await _control(conn, code)
        if found is not None and found["state"] == "on":
            raise ProblemError(409, Sentence("refusal.control.on", code=code, until=found["until"].isoformat()))
        given = {"code": code, "by": caller.actor, "reason": body.reason, "until": body.until}
        await conn.execute(SQL.ask.encode(), given)
        detail = {"reason": body.reason, "until": body.until.isoformat()}
        await audit(conn, caller, "device.control.ask", code, detail)
        return await _control(conn, code)


@router.post("/approval", response_model=Control, responses=responses(403, 404, 409))
@needs(Permission.COMMANDS_SEND, Permission.COMMANDS_READ)
async def approve_control(code: Code, body: Approval, context: Here, caller: TheCaller) -> Any:
    """Switch it on, as a second person with an account."""
    async with writing(context) as conn:
        asked = await row(conn, SQL.lock, {"code": code})
        found = await _control(conn, code)
        if asked is None or found is None:
            raise ProblemError(409, Sentence("refusal.control.nothing", code=code))
        if found["state"] != "waiting":
            raise ProblemError(409, Sentence("refusal.control.decided", code=code, state=found["state"]))
        if found["asked_at"] != body.asked_at:
            raise ProblemError(409, Sentence("refusal.control.changed", code=code))
        await refuse_who_asked(conn, caller, asked["asked_by"])
        await conn.execute(SQL.approve.encode(), {"code": code, "by": caller.actor})
        detail = {"reason": found["reason"], "until": found["until"].isoformat(), "asked_by": asked["asked_by"]}
        await audit(conn, caller, "device.control.approve", code, detail)
        return await _control(conn, code)


@router.delete("", status_code=204, response_class=Response, responses=responses(404, 409))
@needs(Permission.COMMANDS_SEND)
async def end_control(code: Code, context: Here, caller: TheCaller) -> None:
    """Switch it off, or take a request back; a command that the station has is not called back."""
    async with writing(context) as conn:
        asked = await row(conn, SQL.lock, {"code": code})
        found = await _control(conn, code)
        if asked is None or found is None:
            raise ProblemError(409, Sentence("refusal.control.nothing", code=code))
        await conn.execute(SQL.off.encode(), {"code": code})
        await audit(conn, caller, "device.control.off", code, {"state": found["state"], "reason": found["reason"]})


async def _control(conn: AsyncConnection, code: str) -> Row | None:
    """None where nobody has asked for it; ProblemError 404 where there is no such device."""
    if await row(conn, DATABASE.device, {"code": code}) is None:
        raise not_found("device", code)
    return await row(conn, SQL.control, {"code": code})
