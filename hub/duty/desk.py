"""Who is at a desk: proven by an open stream of alerts, and by a click; each holds for a while."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection

from hub.store.statements import statements

SQL = statements(__name__)

PROVEN_S = 10.0
"""How often an open stream is proven."""
BACK_S = 15.0
"""Within which pages have opened their streams again after a hub has started; they wait up to 8 s between attempts."""
AWAY_S = 600.0
"""How long a hub may have been away for its streams to be taken for open: who waited longer may have gone."""
STREAM_S = 30.0
"""How long an open stream proves that somebody hears it; a hub that ends proves nothing any more."""


async def click(conn: AsyncConnection, principal: UUID, interval_s: float) -> None:
    """A person is there, for an interval from now on."""
    await conn.execute(SQL.click, {"id": principal, "interval_s": interval_s})


async def keep_streams(conn: AsyncConnection) -> None:
    """Of a hub that starts: who had a stream open when it ended has the time to open it again, and is no less there."""
    await conn.execute(SQL.keep, {"back_s": BACK_S, "proven_s": PROVEN_S, "away_s": AWAY_S})


async def prove_streams(conn: AsyncConnection, principals: Sequence[UUID]) -> None:
    """These people have a stream of alerts open, for STREAM_S from now on."""
    await conn.execute(SQL.stream, {"ids": list(principals), "lasts_s": STREAM_S})
