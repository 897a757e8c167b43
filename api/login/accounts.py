"""Accounts: made, changed, locked and reset, each with its audit entry; for the API and the command line alike."""

from hashlib import sha256
from re import fullmatch
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from api.database import Row, audit, execute, row, rows
from api.four_eyes import refuse_credential_of_role_holder
from api.granting import Wanted, grant
from api.problems import ProblemError, invalid, not_found
from hub.access.caller import Caller
from hub.access.roles import Role
from hub.store.statements import statements

SQL = statements(__name__)

FIRST = "admin"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
"""Of accounts and machines; in any letters it is the same one."""


async def add_principal(
    conn: AsyncConnection,
    kind: Literal["person", "machine"],
    name: str,
    display_name: str = "",
    organisation: str | None = None,
) -> UUID:
    """Make somebody who may be granted something; 409 where the name is in use."""
    if not fullmatch(NAME, name):
        raise invalid("/name", "use up to 64 letters, digits and . _ @ -, beginning with a letter or digit")
    await _check_organisation(conn, organisation)
    made = await row(
        conn,
        SQL.principal_add,
        {"kind": kind, "name": name, "display_name": display_name, "organisation": organisation},
    )
    if made is None:
        raise ProblemError(409, f"the name '{name}' is in use")
    return UUID(str(made["id"]))


async def add_account(
    conn: AsyncConnection, caller: Caller, name: str, password_hash: str, display_name: str, organisation: str | None
) -> UUID:
    """Make an account whose password is changed at the first login; 409 where the name is in use."""
    id_ = await add_principal(conn, "person", name, display_name, organisation)
    await execute(conn, SQL.account_add, {"id": id_, "password_hash": password_hash, "issued_by": caller.actor})
    await audit(conn, caller, "account.add", f"principal:{id_}", {"organisation": organisation})
    return id_


async def add_first_account(conn: AsyncConnection, caller: Caller, password_hash: str) -> bool:
    """Make FIRST, who makes all others, where there is no account; whether it was made."""
    await row(conn, SQL.first_account_lock)
    found = await row(conn, SQL.any_account)
    if found is None or found["exists"]:
        return False
    await add_account(conn, caller, FIRST, password_hash, "", None)
    await grant(conn, caller, FIRST, Wanted(Role.SECURITY_ADMINISTRATOR))
    return True


async def locked_account(conn: AsyncConnection, name: str) -> Row:
    """An account, held until the transaction ends; 404 for one that is unknown or erased."""
    found = await row(conn, SQL.locked_account, {"name": name})
    if found is None:
        raise not_found("account", name)
    return found


async def locked_principal(conn: AsyncConnection, name: str) -> Row:
    """An account or a machine, held until the transaction ends; 404 for one that is unknown or erased."""
    found = await row(conn, SQL.principal, {"name": name})
    if found is None:
        raise not_found("account or machine", name)
    return found


async def change_account(conn: AsyncConnection, caller: Caller, account: Row, changes: dict[str, Any]) -> None:
    """Change the name that is shown, or the organisation."""
    await _check_organisation(conn, changes.get("organisation"))
    after = {"display_name": account["display_name"], "organisation": account["organisation"], **changes}
    await execute(conn, SQL.change, {"id": account["id"], **after})
    await audit(conn, caller, "account.change", f"principal:{account['id']}", {"changed": sorted(changes)})


async def _check_organisation(conn: AsyncConnection, code: str | None) -> None:
    if code is not None and await row(conn, SQL.organisation, {"code": code}) is None:
        raise invalid("/organisation", f"there is no organisation '{code}'")


async def set_lock(conn: AsyncConnection, caller: Caller, account: Row, locked: bool) -> None:
    """Let nobody in as this account or machine any more, by password, key or certificate, and end its sessions; or take
    that back.
    """
    await execute(conn, SQL.state, {"id": account["id"], "state": "locked" if locked else "active"})
    told = {"sessions_ended": await end_sessions(conn, account["id"], "account locked")} if locked else {}
    await audit(conn, caller, "account.lock" if locked else "account.unlock", f"principal:{account['id']}", told)


async def reset_account(conn: AsyncConnection, caller: Caller, account: Row, password_hash: str) -> None:
    """Give it a one-time password, and take its second factor and its client certificates away; its sessions end.

    ProblemError 403 for oneself, and over the API for one that holds a role; 409 for who has no password
    here.
    """
    if account["provider"]:
        raise ProblemError(409, f"{account['name']} logs in at the provider, and has no password here")
    if account["id"] == caller.principal:
        raise ProblemError(403, "nobody resets himself: change the password, or ask another security administrator")
    await refuse_credential_of_role_holder(conn, caller, account["id"], account["name"])
    values = {"id": account["id"], "password_hash": password_hash, "issued_by": caller.actor}
    await execute(conn, SQL.one_time_password, values)
    await execute(conn, SQL.second_factor_off, {"id": account["id"]})
    told = {"sessions_ended": await end_sessions(conn, account["id"], "password reset")}
    told["certificates_ended"] = len(await rows(conn, SQL.certificates_end, {"id": account["id"]}))
    await audit(conn, caller, "account.reset", f"principal:{account['id']}", told)


async def end_sessions(conn: AsyncConnection, account: UUID, why: str, but: UUID | None = None) -> int:
    """End the sessions of an account, but one; returns how many."""
    return len(await rows(conn, SQL.end_sessions, {"id": account, "why": why, "but": but}))


async def set_certificate(conn: AsyncConnection, caller: Caller, name: str, subject: str, remove: bool) -> None:
    """Let in by a certificate's subject, or no more; 404 for an unknown name or subject, 409 for one of another."""
    found = await locked_principal(conn, name)
    values = {"subject": subject, "principal": found["id"], "created_by": caller.actor}
    if await row(conn, SQL.certificate_remove if remove else SQL.certificate_add, values) is None:
        raise not_found("certificate", subject) if remove else ProblemError(409, "the subject is another's")
    action = "certificate.remove" if remove else "certificate.add"
    await audit(
        conn, caller, action, f"principal:{found['id']}", {"subject_sha256": sha256(subject.encode()).hexdigest()}
    )
