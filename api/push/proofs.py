"""What each attempt proves about a consumer's channel: that it accepts, or from when on it counts as degraded."""

from psycopg import AsyncConnection

from api.push.channel import Accepted, Answer, Failure, Refused
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

GRACE_S = 120.0
"""So long a consumer may accept nothing before it counts as degraded: a restart takes less."""
FINAL: frozenset[Failure] = frozenset({"login", "gone", "secret"})
"""Failures that do not pass by themselves: the channel is degraded at once."""


async def proven(conn: AsyncConnection, consumer_id: int) -> None:
    """Note that a consumer has accepted something."""
    await conn.execute(SQL.proven, {"consumer_id": consumer_id})


async def failing(conn: AsyncConnection, consumer_id: int, failure: Failure, *, given_up: bool = False) -> None:
    """Note that a consumer has not accepted something; `given_up`: nor will that be tried again."""
    grace_s = 0.0 if given_up or failure in FINAL else GRACE_S
    await conn.execute(SQL.failing, {"consumer_id": consumer_id, "grace_s": grace_s})


async def note(pool: Pool, consumer_id: int, answer: Answer) -> None:
    """Note what came of a message that is no delivery: a test, a heartbeat. StoreUnavailable."""
    with sorted_errors():
        async with pool.connection() as conn:
            if isinstance(answer, Accepted):
                await proven(conn, consumer_id)
            else:
                await failing(conn, consumer_id, answer.failure, given_up=isinstance(answer, Refused))
