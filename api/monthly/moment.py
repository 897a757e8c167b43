"""One moment of the store for all that a report tells: of all cases, and of what its caller sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.sql import SQL, Literal

from api.context import Context
from api.database import one_moment


@dataclass(slots=True, frozen=True)
class Moment:
    """A transaction that others join."""

    conn: AsyncConnection
    """It sees everything."""
    snapshot: str

    @asynccontextmanager
    async def seen_by(self, context: Context) -> AsyncIterator[AsyncConnection]:
        """A connection that sees what the scope of a context reaches, at this moment."""
        if context.scope.everywhere:
            yield self.conn  # who holds one connection of a pool never waits for another of it
            return
        async with context.pool.connection() as conn, one_moment(conn):
            await conn.execute(SQL("set transaction snapshot {}").format(Literal(self.snapshot)))
            yield conn


@asynccontextmanager
async def moment(context: Context) -> AsyncIterator[Moment]:
    """Now, until it is left."""
    async with context.hub_pool.connection() as conn, one_moment(conn):
        [(snapshot,)] = await (await conn.execute("select pg_export_snapshot()")).fetchall()
        yield Moment(conn, snapshot)
