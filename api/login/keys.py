"""API keys: made for a machine, and revoked, each with its audit entry; for the API and the command line alike."""

from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from api.database import audit, row
from api.four_eyes import refuse_credential_of_role_holder
from api.login.accounts import add_principal
from api.problems import ProblemError, not_found
from hub.access.api_keys import digest_of, new_key
from hub.access.caller import Caller
from hub.store.statements import statements

SQL = statements(__name__)


async def add_key(
    conn: AsyncConnection, caller: Caller, name: str, label: str, expires_at: datetime | None
) -> tuple[UUID, str]:
    """Make a key for a machine, which is made too where there is none of this name; returns id and secret.

    409 where the name is a person's, 403 over the API for a machine that holds a role.
    """
    found = await row(conn, SQL.machine, {"name": name})
    if found is not None and found["kind"] != "machine":
        raise ProblemError(409, f"'{name}' is the account of a person: a key needs a machine, by another name")
    if found is not None:
        await refuse_credential_of_role_holder(conn, caller, found["id"], name)
    principal = found["id"] if found is not None else await add_principal(conn, "machine", name)
    key = new_key()
    values = {"principal": principal, "secret_hash": digest_of(key), "label": label, "expires_at": expires_at}
    made = await row(conn, SQL.key_add, {**values, "created_by": caller.actor}) or {}
    told = {"key": str(made["id"]), "expires_at": None if expires_at is None else expires_at.isoformat()}
    await audit(conn, caller, "key.add", f"principal:{principal}", told)
    return UUID(str(made["id"])), key


async def revoke_key(conn: AsyncConnection, caller: Caller, key: UUID) -> None:
    """End a key; 404 where there is none that is in use."""
    revoked = await row(conn, SQL.key_revoke, {"id": key})
    if revoked is None:
        raise not_found("key in use", key)
    await audit(conn, caller, "key.revoke", f"principal:{revoked['principal_id']}", {"key": str(key)})
