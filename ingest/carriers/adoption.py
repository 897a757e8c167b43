"""Senders that are known by now: found by their IMEI, or accepted. Their dead letters are put through the hub again."""

from collections.abc import Awaitable, Callable

import psycopg

from devices.addressing import PUSHED
from hub.store.replay import Replay, Selection
from hub.store.statements import statements

SQL = statements(__name__)

EVERY_S = 2.0
AT_ONCE = 100
"""Senders of one round."""
LETTERS = 1_000
"""Letters of a sender that are replayed in one round."""


def adopt(replay: Replay) -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader."""

    async def work(conn: psycopg.AsyncConnection) -> float:
        await conn.execute(SQL.link)
        for subscription, address in await (await conn.execute(SQL.known, {"limit": AT_ONCE})).fetchall():
            done = await replay.run(_letters(subscription, address), LETTERS)
            still = any(refusal.reason == "unknown_device" for refusal in done.refused)
            if done.place is None and not still:  # else its commit knows it in a moment
                await conn.execute(SQL.settled, {"subscription": subscription, "address": address})
        return EVERY_S

    return work


def _letters(subscription: str, address: str) -> Selection:
    """Others have devices of that address, too: of this subscription only."""
    return Selection(device=address, reason="unknown_device", under=f"{subscription}/", transport=PUSHED)
