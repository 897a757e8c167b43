"""How handlers reach the database: rows as dicts, writes in a transaction with an audit entry."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from api.context import Context
from hub.access.caller import Caller
from hub.store.statements import statements

SQL = statements(__name__)

Row = dict[str, Any]


async def rows(conn: AsyncConnection, statement: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of a statement."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params)
        return await cursor.fetchall()


async def row(conn: AsyncConnection, statement: str, params: Mapping[str, Any] | None = None) -> Row | None:
    """The first row of a statement, None when there is none."""
    found = await rows(conn, statement, params)
    return found[0] if found else None


async def read(context: Context, statement: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of one statement, on a connection of the pool."""
    async with context.pool.connection() as conn:
        return await rows(conn, statement, params)


@asynccontextmanager
async def writing(context: Context) -> AsyncIterator[AsyncConnection]:
    """A connection inside a transaction."""
    async with context.pool.connection() as conn, conn.transaction():
        yield conn


async def execute(conn: AsyncConnection, statement: str, params: Mapping[str, Any]) -> None:
    """Run a statement that gives no rows."""
    await conn.execute(statement.encode(), params)


async def audit(conn: AsyncConnection, caller: Caller, action: str, subject: str, detail: object) -> None:
    """Note in the same transaction who changed what; never give it a secret.

    Who a request says it comes from is no more than a `claimed` in the detail.
    """
    entry = {"actor": caller.name, "action": action, "subject": subject, "detail": Jsonb(detail)}
    await execute(conn, SQL.audit, entry)
