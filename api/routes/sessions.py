"""Sessions that are open: one's own, and for who keeps accounts those of others."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, Field

from api.context import Here
from api.database import audit, row, rows
from api.login.accounts import NAME, end_sessions, locked_account
from api.login.login import SQL
from api.problems import not_found, responses
from api.routes.session import TheLogin, TheSession
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission

router = GuardedRouter(tags=["session"], responses=responses(404))

AccountName = Annotated[str, Path(pattern=NAME)]


class OpenSession(BaseModel):
    """An open session."""

    id: UUID
    created_at: datetime
    seen_at: datetime = Field(description="when its page last asked for something, to the minute")
    expires_at: datetime
    address: str
    agent: str = Field(description="what the browser calls itself")
    own: bool = Field(description="whether it is the one that asks")


class OpenSessions(BaseModel):
    """Open sessions, the newest first."""

    items: list[OpenSession]


@router.get("/sessions", response_model=OpenSessions)
@needs(Permission.SELF_KEEP)
async def list_own_sessions(context: Here, caller: TheCaller, session: TheSession) -> Any:
    """One's own open sessions."""
    async with context.hub_pool.connection() as conn:
        found = await rows(conn, SQL.sessions, {"principal": caller.principal})
    return {"items": [{**each, "own": each["id"] == session.id} for each in found]}


@router.delete("/sessions/{session_id}", status_code=204, response_class=Response)
@needs(Permission.SELF_KEEP)
async def end_own_session(
    session_id: UUID, context: Here, caller: TheCaller, login: TheLogin, session: TheSession
) -> None:
    """End one of one's own sessions. Those of others are not there."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        values = {"id": session_id, "principal": caller.principal, "why": "ended by its owner"}
        if await row(conn, SQL.session_end, values) is None:
            raise not_found("session", session_id)
        await audit(conn, caller, "session.end", f"principal:{caller.principal}", {"session": str(session_id)})
    await login.caught_up(sessions_only=True)


@router.get("/accounts/{name}/sessions", response_model=OpenSessions)
@needs(Permission.ACCESS_READ)
async def list_sessions(name: AccountName, context: Here) -> Any:
    """The open sessions of an account."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await locked_account(conn, name)
        found = await rows(conn, SQL.sessions, {"principal": account["id"]})
    return {"items": [{**each, "own": False} for each in found]}


@router.delete("/accounts/{name}/sessions", status_code=204, response_class=Response)
@needs(Permission.ACCESS_WRITE)
async def end_all_sessions(name: AccountName, context: Here, caller: TheCaller, login: TheLogin) -> None:
    """End all sessions of an account; it may log in again."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await locked_account(conn, name)
        ended = await end_sessions(conn, account["id"], "ended by an administrator")
        await audit(conn, caller, "session.end_all", f"principal:{account['id']}", {"sessions_ended": ended})
    await login.caught_up(sessions_only=True)
