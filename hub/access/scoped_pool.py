"""Database connections that see a scope: the schema `scoped` goes before the tables, see migration 0030."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from psycopg import AsyncConnection

from hub.access.scope import Scope
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)


class Connections(Protocol):
    """Where connections come from."""

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One connection for a while."""


class ScopedPool:
    """A pool's connections within a transaction, in which tables show what a scope reaches and nothing else."""

    def __init__(self, pool: Pool, scope: Scope) -> None:
        self._pool = pool
        self._keys = sorted(scope.keys or ())

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """As of the pool. Ends with the transaction, so that nobody else gets a connection that is limited."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(SQL.limit.encode(), {"keys": self._keys})
            yield conn


async def unreached(pool: Pool, scope: Scope, codes: Sequence[str]) -> list[str]:
    """Those of some device codes that a scope does not reach, or that are no device's; a query, unless it is all."""
    if scope.everywhere:
        return []
    async with ScopedPool(pool, scope).connection() as conn:
        found = await (await conn.execute(SQL.reached.encode(), {"codes": list(set(codes))})).fetchall()
    reached = {code for (code,) in found}
    return [code for code in codes if code not in reached]
