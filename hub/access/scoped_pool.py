"""Database connections that see a scope: the schema `scoped` goes before the tables (migration 0030)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from psycopg import AsyncConnection

from hub.access.classification import ALERT, SERIES, Level
from hub.access.scope import Scope
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)


class Connections(Protocol):
    """Where connections come from."""

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One connection for a while."""


class ScopedPool:
    """A pool's scoped connections, on which tables show what a scope reaches, up to its ceiling, and nothing else."""

    def __init__(self, pool: Pool, scope: Scope) -> None:
        self._pool, self._limit = pool.scoped, SQL.limit
        self._scope = {**_reach(scope), "keys": sorted(scope.all_keys)}
        if scope.uncut is not None:
            self._pool, self._limit = pool.cut, SQL.limit_cut
            self._scope |= {f"uncut_{name}": value for name, value in _reach(scope.uncut).items()}
            self._scope["categories"] = [category for category, level in SERIES.items() if level < Level.L3]
            self._scope["fields"] = [field for field, level in ALERT.items() if level < Level.L3]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """As of the pool. Each use of a connection begins with setting its scope, which is all that it costs."""
        async with self._pool.connection() as conn:
            await conn.execute(self._limit.encode(), self._scope)
            yield conn


def _reach(scope: Scope) -> dict[str, Any]:
    return {"whole": sorted(scope.whole_keys), "shares": sorted(share.id for share in scope.shares)}


async def unreached(pool: Pool, scope: Scope, codes: Sequence[str]) -> list[str]:
    """Those of some device codes that a scope does not reach, or that are no device's; a query, unless it is all."""
    if scope.everywhere:
        return []
    async with ScopedPool(pool, scope).connection() as conn:
        found = await (await conn.execute(SQL.reached.encode(), {"codes": list(set(codes))})).fetchall()
    reached = {code for (code,) in found}
    return [code for code in codes if code not in reached]
