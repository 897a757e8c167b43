"""Connections to the database: autocommit, UTC, and errors sorted into transient and permanent."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.errors import StoreRefused, StoreUnavailable
from hub.settings import Database

Pool = AsyncConnectionPool[psycopg.AsyncConnection]

OPTIONS: dict[str, Any] = {"autocommit": True, "options": "-c timezone=UTC -c datestyle=ISO -c application_name=ganzhi"}
_PERMANENT = (pg.DataError, pg.IntegrityError, pg.ProgrammingError, pg.NotSupportedError)


@asynccontextmanager
async def open_pool(database: Database) -> AsyncIterator[Pool]:
    """A pool of connections; it opens without waiting and reconnects by itself when the server is away."""
    pool: Pool = AsyncConnectionPool(
        database.url,
        kwargs=OPTIONS,
        min_size=1,
        max_size=database.pool_size,
        timeout=10,
        check=AsyncConnectionPool.check_connection,
        reconnect_timeout=5,
        open=False,
    )
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close()


async def connect(url: str) -> psycopg.AsyncConnection:
    """A connection of its own, set up as those of the pool; closed by `async with`."""
    return await psycopg.AsyncConnection.connect(url, connect_timeout=10, **OPTIONS)


@contextmanager
def sorted_errors() -> Iterator[None]:
    """Turn the driver's errors into StoreUnavailable (try again) or StoreRefused (never will work)."""
    try:
        yield
    except _PERMANENT as error:
        raise StoreRefused(_sentence(error)) from error
    except (psycopg.Error, PoolTimeout, OSError) as error:
        raise StoreUnavailable(_sentence(error)) from error


def _sentence(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
