"""The telephone number of a person with an account: sealed in the database, masked when read, revealed for a reason.

For the API and the command line alike. No number goes to the log, to the audit or into an error.
"""

from uuid import UUID

from psycopg import AsyncConnection

from api.database import Row, audit, execute, row
from api.problems import ProblemError, not_found
from devices.personal_values import masked as without_personal_values
from hub.access.caller import Caller
from hub.access.phone import HIDDEN, masked
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements

SQL = statements(__name__)

NO_KEY = "telephone numbers are stored encrypted only: make a key with `hub secrets key`, and set secrets.key_file"


async def set_phone(conn: AsyncConnection, caller: Caller, account: Row, phone: str | None, vault: Secrets) -> None:
    """Store a number after `hub.access.phone.phone_of`, or none any more; 409 without a key to seal it with."""
    id_ = account["id"]
    if phone is None:
        await execute(conn, SQL.remove, {"id": id_})
    elif vault.current is None:
        raise ProblemError(409, NO_KEY)
    else:
        await execute(conn, SQL.put, {"id": id_, "phone": vault.seal(_place(id_), phone)})
    await audit(conn, caller, "contact.set", f"principal:{id_}", {"phone": phone is not None})


async def phone(conn: AsyncConnection, account: Row, vault: Secrets) -> str | None:
    """The number, for what is audited by the caller; None: there is none. 409 without its key."""
    found = await row(conn, SQL.stored, {"id": account["id"]})
    try:
        return None if found is None else vault.open(_place(account["id"]), found["phone"])
    except SecretUnreadable as error:
        raise ProblemError(409, f"the number cannot be read: {error.sentence}") from error


async def reveal(conn: AsyncConnection, caller: Caller, account: Row, reason: str, vault: Secrets) -> str:
    """The number, with an entry of the audit that says why it was wanted; 404 when there is none."""
    number = await phone(conn, account, vault)
    if number is None:
        raise not_found("telephone number of account", account["name"])
    told = {"reason": without_personal_values(reason)[0]}
    await audit(conn, caller, "contact.reveal", f"principal:{account['id']}", told)
    return number


def shown(principal: UUID, stored: str | None, vault: Secrets) -> str | None:
    """A stored number as everybody sees it who sees the account; without its key no digit of it."""
    if stored is None:
        return None
    try:
        return masked(vault.open(_place(principal), stored))
    except SecretUnreadable:
        return HIDDEN


def _place(principal: UUID) -> Place:
    return Place("contact", "phone", str(principal))
