"""Database connections that see a scope: the schema `scoped` goes before the tables (migration 0030)."""

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
    """A pool's scoped connections, on which tables show what a scope reaches and nothing else."""

    def __init__(self, pool: Pool, scope: Scope) -> None:
        self._pool = pool.scoped
        self._scope = {
            "keys": sorted(scope.all_keys),
            "whole": sorted(scope.whole_keys),
            "shares": sorted(share.id for share in scope.shares),
        }

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """As of the pool. Each use of a connection begins with setting its scope, which is all that it costs."""
        async with self._pool.connection() as conn:
            await conn.execute(SQL.limit.encode(), self._scope)
            yield conn


async def unreached(pool: Pool, scope: Scope, codes: Sequence[str]) -> list[str]:
    """Those of some device codes that a scope does not reach, or that are no device's; a query, unless it is all."""
    if scope.everywhere:
        return []
    async with ScopedPool(pool, scope).connection() as conn:
        found = await (await conn.execute(SQL.reached.encode(), {"codes": list(set(codes))})).fetchall()
    reached = {code for (code,) in found}
    return [code for code in codes if code not in reached]
