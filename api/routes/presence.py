"""Presence at the desk (在岗): an open stream of alerts, and a click within the interval; never a machine's key."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.database import handling, row, rows
from api.language import Spoken
from api.problems import ProblemError, responses
from api.routes.duty import names
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.scope import EVERYWHERE
from hub.duty.desk import click
from hub.duty.on_duty import on_duty
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)

router = GuardedRouter(prefix="/presence", tags=["duty"])
MOST = 1_000


class Desk(BaseModel):
    """A person at a desk, or who was there within a day."""

    name: str | None = Field(description="of the account; null where it is above the caller's ceiling")
    present: bool = Field(description="a stream of alerts is open, and the last click is not too old")
    streaming: bool
    clicked_at: datetime | None
    clicked_until: datetime | None = Field(description="until when the last click counts")


class OwnDesk(Desk):
    """The caller's own."""

    on_duty: bool = Field(description="by some rota, now")


class Presence(BaseModel):
    """Who is at a desk."""

    items: list[Desk] = Field(description=f"by name, {MOST} at most")
    interval_s: float = Field(description="how long a click counts (alerts.presence_s)")
    own: OwnDesk | None = Field(description="null for who is no person with an account")


@router.get("", response_model=Presence)
@needs(Permission.ROTAS_READ)
async def list_presence(context: Here, caller: TheCaller) -> Any:
    """Who is at a desk, of those on the caller's rotas or in its organisations; and the caller's own presence."""
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.desks, {"id": None, "limit": MOST})
        named = await names(context, conn, (each["principal_id"] for each in found))
    items = [{**each, "name": named.get(each["principal_id"])} for each in found]
    async with context.hub_pool.connection() as conn:
        own = await _own(conn, caller)
    return {"items": items, "interval_s": context.settings.alerts.presence_s, "own": own}


@router.post("", response_model=OwnDesk, responses=responses(409))
@needs(Permission.ALERTS_READ)
async def be_present(context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """The person is at the desk: counts for `interval_s` from now on, while a stream of alerts is open."""
    if caller.kind != "person" or caller.principal is None:
        raise ProblemError(409, text("refusal.presence.person", spoken))
    whole: Context = replace(context, scope=EVERYWHERE)  # one's own presence is in everybody's reach
    async with handling(whole, caller, "presence.click", caller.name, {}) as conn:
        await click(conn, caller.principal, context.settings.alerts.presence_s)
        return await _own(conn, caller)


async def _own(conn: AsyncConnection, caller: Caller) -> dict[str, Any] | None:
    """As `OwnDesk`, on a connection that sees everything; None for who is no person with an account."""
    if caller.kind != "person" or caller.principal is None:
        return None
    never = {"present": False, "streaming": False, "clicked_at": None, "clicked_until": None}
    found = await row(conn, SQL.desks, {"id": caller.principal, "limit": 1}) or never
    duties = await on_duty(conn, datetime.now(UTC))
    duty = any(caller.principal in each.people for each in duties.values())
    return {**found, "name": caller.name, "on_duty": duty}
