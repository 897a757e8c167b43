"""Who is at a desk: proven by an open stream of alerts, and by a click; each holds for a while."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection

from hub.store.statements import statements

SQL = statements(__name__)

STREAM_S = 30.0
"""How long an open stream proves that somebody hears it; a hub that ends proves nothing any more."""


async def click(conn: AsyncConnection, principal: UUID, interval_s: float) -> None:
    """A person is there, for an interval from now on."""
    await conn.execute(SQL.click, {"id": principal, "interval_s": interval_s})


async def prove_streams(conn: AsyncConnection, principals: Sequence[UUID]) -> None:
    """These people have a stream of alerts open, for STREAM_S from now on."""
    await conn.execute(SQL.stream, {"ids": list(principals), "lasts_s": STREAM_S})
