"""Database access of handlers: rows as dicts, writes in a transaction with an audit entry."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api.context import Context
from hub.access.caller import Caller
from hub.audit.entry import Entry, write
from hub.audit.journal import Journal
from hub.errors import AuditUnavailable
from hub.store.statements import statements

SQL = statements(__name__)

Row = dict[str, Any]
BLOCK = 500
"""Rows that `each_row` reads at a time."""


async def rows(conn: AsyncConnection, statement: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of a statement."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params)
        return await cursor.fetchall()


async def each_row(conn: AsyncConnection, statement: str) -> AsyncGenerator[Row, None]:
    """The rows of a statement, read in blocks as they are wanted; others may be run meanwhile."""
    async with conn.cursor("each_row", row_factory=dict_row) as cursor:
        cursor.itersize = BLOCK
        await cursor.execute(statement.encode())
        async for found in cursor:
            yield found


async def row(conn: AsyncConnection, statement: str, params: Mapping[str, Any] | None = None) -> Row | None:
    """First row of a statement, or None."""
    found = await rows(conn, statement, params)
    return found[0] if found else None


async def read(context: Context, statement: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of one statement, using a pooled connection."""
    async with context.pool.connection() as conn:
        return await rows(conn, statement, params)


@asynccontextmanager
async def one_moment(conn: AsyncConnection) -> AsyncIterator[None]:
    """A transaction that only reads, all of whose statements see the same moment."""
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        yield


@asynccontextmanager
async def writing(context: Context) -> AsyncIterator[AsyncConnection]:
    """A pooled connection within a transaction, on which no ceiling cuts."""
    async with context.writing_pool.connection() as conn, conn.transaction():
        yield conn


@asynccontextmanager
async def handling(
    context: Context, caller: Caller, action: str, subject: str, detail: object
) -> AsyncIterator[AsyncConnection]:
    """As `writing`, for what an emergency desk does, with its audit entry; it goes on while that cannot be written.

    The entry then waits in the journal, on disk before the commit. AuditUnavailable when it cannot be kept there.
    """
    entry, began, unwritten = Entry(caller.actor, action, subject, detail, caller.address), datetime.now(UTC), False
    async with writing(context) as conn:
        try:
            async with conn.transaction():
                await write(conn, entry)
        except AuditUnavailable:
            unwritten = True
        yield conn
        if unwritten:
            await Journal(context.settings.audit_journal).append(replace(entry, at=began))


async def execute(conn: AsyncConnection, statement: str, params: Mapping[str, Any]) -> None:
    """Run a statement without a result set."""
    await conn.execute(statement.encode(), params)


async def audit(conn: AsyncConnection, caller: Caller, action: str, subject: str, detail: object) -> None:
    """Write an audit entry in the same transaction; must never contain a secret. AuditUnavailable when it cannot be.

    Who a request says it comes from is no more than a `claimed` in the detail.
    """
    await write(conn, Entry(caller.actor, action, subject, detail, caller.address))
