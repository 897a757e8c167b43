"""What is stored about a person with an account: given out, and erased; for the API and the command line alike.

The audit stays whole: it names ids alone, and after an erasure nothing says whose an id was.
"""

from typing import Any

from psycopg import AsyncConnection

from api.database import Row, audit, execute, row, rows
from api.login.contact import phone
from api.problems import ProblemError
from hub.access.caller import Caller
from hub.secrets.sealed import Secrets
from hub.store.statements import statements

SQL = statements(__name__)


async def export_account(conn: AsyncConnection, caller: Caller, account: Row, vault: Secrets) -> dict[str, Any]:
    """All that is stored about an account but its secrets, and the id by which the audit knows it.

    ProblemError 409 where its telephone number cannot be read.
    """
    values = {"id": account["id"]}
    told = await row(conn, SQL.account, values) or {}
    told |= {
        "phone": await phone(conn, account, vault),
        "grants": await rows(conn, SQL.grants, values),
        "sessions": await rows(conn, SQL.sessions, values),
        "certificates": [each["subject"] for each in await rows(conn, SQL.certificates, values)],
    }
    subject = f"principal:{account['id']}"
    await audit(conn, caller, "account.export", subject, {})
    return {**told, "audited_as": subject}


async def erase_account(conn: AsyncConnection, caller: Caller, account: Row) -> None:
    """Erase who an account was: name, organisation, password, second factor, roles, sessions, certificates,
    telephone number, and the identity at the provider.

    Its id stays, for the audit and for what it granted. ProblemError 403 for one's own.
    """
    if account["id"] == caller.principal:
        raise ProblemError(403, "nobody erases himself: ask another security administrator")
    await execute(conn, SQL.erase, {"id": account["id"]})
    await execute(conn, SQL.forget, {"id": account["id"]})
    await audit(conn, caller, "account.erase", f"principal:{account['id']}", {})
