"""Two people for one power: over the API nobody both grants a role and holds the credential that it opens.

A key or a one-time password is handed out for whoever holds no role, and who handed it out grants him none. The command
line, api.token and programs of this machine are no principals, and have everything anyway.
"""

from uuid import UUID

from psycopg import AsyncConnection

from api.database import row
from api.problems import ProblemError
from hub.access.caller import Caller
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)


async def refuse_credential_of_role_holder(conn: AsyncConnection, caller: Caller, principal: UUID, name: str) -> None:
    """ProblemError 403 where a principal, whose row is locked, holds a role now or later."""
    if caller.principal is not None and await row(conn, SQL.role_held, {"id": principal}) is not None:
        detail = (
            f"'{name}' holds a role, which you would have by this credential: take its grants back first, and let "
            "another security administrator make them again; or use the command line (hub accounts, hub keys)"
        )
        raise ProblemError(403, detail)


async def refuse_who_has_its_credential(conn: AsyncConnection, caller: Caller, principal: UUID, name: str) -> None:
    """ProblemError 403 where the caller has made a key, or the last one-time password, of a principal."""
    if caller.principal is None:
        return
    if await row(conn, SQL.handed_out, {"id": principal, "actor": caller.actor}) is not None:
        detail = (
            f"who made the password or a key of '{name}' grants it nothing: another security administrator must, or "
            "the command line (hub accounts grant)"
        )
        raise ProblemError(403, detail)


async def refuse_who_asked(conn: AsyncConnection, caller: Caller, asked_by: str) -> None:
    """ProblemError 403 where the caller is, or may be, who asked for what is to be approved.

    Only an account approves, and none whose password or key was handed out by who asked.
    """
    if caller.principal is None:
        raise ProblemError(403, Sentence("refusal.approval.account"))
    if caller.actor == asked_by:
        raise ProblemError(403, Sentence("refusal.approval.same"))
    if await row(conn, SQL.handed_out, {"id": caller.principal, "actor": asked_by}) is not None:
        raise ProblemError(403, Sentence("refusal.approval.handed_out"))
