"""Database connections: autocommit, UTC, errors classified as transient or permanent."""

import asyncio
import json
import math
import re
import select
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import errors as pg
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.errors import ConfigError, StoreRefused, StoreUnavailable
from hub.settings import Database

OPTIONS: dict[str, Any] = {
    "autocommit": True,
    # TimescaleDB 2.28 compares late readings with a compressed chunk without decompressing it, even with this limit at
    # 1; where inserts do decompress, hitting it (53400, of the class of a full disk) would be tried again for ever.
    "options": "-c timezone=UTC -c datestyle=ISO -c application_name=ganzhi"
    " -c timescaledb.max_tuples_decompressed_per_dml_transaction=0"
    # Compiling costs 0.2 s and more a chunk: 75 s instead of 0.24 s for the days of 100 chunks of 60 readings each.
    " -c jit=off"
    # A process that stands still, or vanished, in mid-transaction would hold up who takes over its work for ever.
    " -c idle_in_transaction_session_timeout=60000"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4",
    # A server that vanished without a word (power, network) is noticed within half a minute; the system's own
    # settings take from 15 minutes to two hours, while a commit waits.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_OF_CONTENT = (
    pg.DataError,
    pg.IntegrityError,
    pg.NotSupportedError,
    pg.ProgramLimitExceeded,
    pg.StatementTooComplex,
)


def read_json(text: str | bytes) -> Any:
    """As json.loads, in a third of the time: of what a claim of deliveries took, parsing pictures was a third."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):  # numbers beyond a float, halves of surrogate pairs
        return json.loads(text)


set_json_loads(read_json)

SCOPED = " -c search_path=scoped,public"
CUT = " -c search_path=cut,scoped,public"


class Pool(AsyncConnectionPool[psycopg.AsyncConnection]):
    """Lets a task end that is cancelled in the moment in which it gets its connection.

    The pool waits with asyncio.wait_for, which up to Python 3.11 forgets the cancellation then, and a task that runs
    for ever would.
    """

    scoped: AsyncConnectionPool[psycopg.AsyncConnection]
    """Connections that see views instead of tables (migration 0030), and nothing before they are given a scope. Apart
    from the others: statements that were prepared for tables would be planned anew for views each time."""
    cut: AsyncConnectionPool[psycopg.AsyncConnection]
    """As `scoped`, with views that leave out what is above a ceiling (migration 0054). For reading only."""

    async def getconn(self, timeout: float | None = None) -> psycopg.AsyncConnection:  # noqa: ASYNC109 as of the pool
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        conn = await super().getconn(timeout)
        if task and task.cancelling() > before:
            await self.putconn(conn)
            raise asyncio.CancelledError
        return conn

    async def putconn(self, conn: psycopg.AsyncConnection) -> None:
        """Note when."""
        if isinstance(conn, Connection):
            conn.returned = time.monotonic()
        await super().putconn(conn)


FRESH_S = 1.0
"""A connection that was in use so short a time ago is not asked whether it lives, unless there is something to be read
from it, as its end is: in a storm asking took as long as what was asked for."""


async def check(conn: psycopg.AsyncConnection) -> None:
    """Whether a connection that is to be lent lives."""
    fresh = isinstance(conn, Connection) and time.monotonic() - conn.returned < FRESH_S
    if not fresh or _readable(conn):
        await AsyncConnectionPool.check_connection(conn)


def _readable(conn: psycopg.AsyncConnection) -> bool:
    """Whether its server has said something, or has ended it."""
    poll = select.poll()  # not select(): it knows no descriptors from 1,024 on
    poll.register(conn.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class Connection(psycopg.AsyncConnection):
    """Of a pool."""

    returned = -math.inf
    """When it was given back last, monotonic."""


@asynccontextmanager
async def open_pool(database: Database) -> AsyncIterator[Pool]:
    """Create a connection pool; opens without waiting and reconnects automatically."""
    pool = Pool(database.url, min_size=1, **_pool(database))
    pool.scoped = Pool(database.url, min_size=0, **_pool(database, SCOPED))
    pool.cut = Pool(database.url, min_size=0, **_pool(database, CUT))
    await pool.open(wait=False)
    await pool.scoped.open(wait=False)
    await pool.cut.open(wait=False)
    try:
        yield pool
    finally:
        await pool.cut.close()
        await pool.scoped.close()
        await pool.close()


def _pool(database: Database, options: str = "") -> dict[str, Any]:
    return {
        "connection_class": Connection,
        "kwargs": {**OPTIONS, "options": OPTIONS["options"] + options},
        "max_size": database.pool_size,
        "timeout": 10,
        "check": check,
        "reconnect_timeout": 5,
        "open": False,
    }


async def connect(url: str) -> psycopg.AsyncConnection:
    """A dedicated connection configured like the pool's; closed by `async with`."""
    return await psycopg.AsyncConnection.connect(url, connect_timeout=10, **OPTIONS)


@contextmanager
def sorted_errors() -> Iterator[None]:
    """Translate driver errors to StoreUnavailable (transient) or StoreRefused (permanent).

    A table that is away or a right that is missing is not the content's fault: every message would be refused.
    """
    try:
        yield
    except _OF_CONTENT as error:
        raise StoreRefused(_sentence(error)) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:  # not from the server: the driver cannot write such a value
            raise StoreRefused(_sentence(error)) from error
        raise StoreUnavailable(_sentence(error)) from error
    except (psycopg.Error, PoolTimeout, OSError) as error:
        raise StoreUnavailable(_sentence(error)) from error


@contextmanager
def lasting_errors() -> Iterator[None]:
    """As sorted_errors, for a start: what no waiting mends is a ConfigError that says what to do."""
    try:
        with sorted_errors():
            yield
    except StoreUnavailable as error:
        if advice := _advice(error):
            raise ConfigError(f"{error.detail}: {advice}") from error
        raise


def _advice(error: StoreUnavailable) -> str | None:
    """What to do about a refusal that lasts. A refused connection has no code, only the server's text."""
    if isinstance(error.__cause__, pg.InsufficientPrivilege):
        return (
            "connect as the owner of the tables, the role that ran `hub migrate`, or let `hub migrate` grant the rights"
        )
    if isinstance(error.__cause__, psycopg.OperationalError):
        return next((advice for told, advice in _REFUSALS if told.search(str(error.__cause__))), None)
    return None


_LOGIN = "check the user in database.url, and its password there or in PGPASSWORD"
_REFUSALS = (
    (re.compile(r"authentication failed|no password supplied|认证失败"), _LOGIN),
    (re.compile(r'role ".*" does not exist|is not permitted to log in|角色 ".*" 不存在'), _LOGIN),
    (re.compile(r"pg_hba\.conf"), "let this machine and user in with a line in the server's pg_hba.conf"),
    (re.compile(r'database ".*" does not exist|数据库 ".*" 不存在'), "make it with createdb, or correct database.url"),
    (
        re.compile(r"certificate verify failed|does not match host name|root certificate file|SSL error"),
        "`hub check` tells what is wrong with its certificate; see database.tls",
    ),
    (re.compile(r"permission denied for database"), "grant connect on the database to this user"),
    (
        re.compile(r'extension ".*" must be preloaded'),
        "set shared_preload_libraries in postgresql.conf and restart PostgreSQL",
    ),
)
"""In English and Chinese; what the server says in other languages is waited for, and shown."""


def _sentence(error: BaseException) -> str:
    """The first line that says something; psycopg puts the attempts at several addresses below a heading."""
    lines = [line.removeprefix("- ") for line in str(error).strip().splitlines()]
    if len(lines) > 1 and lines[0].endswith(":"):
        return "; ".join(lines[1:])
    return lines[0] if lines else type(error).__name__
