"""Senders that are known by now: found by their IMEI, or accepted. Their dead letters are put through the hub again."""

from collections.abc import Awaitable, Callable

import psycopg

from devices.addressing import PUSHED
from hub.store.replay import Replay, Selection
from hub.store.statements import statements

SQL = statements(__name__)

EVERY_S = 2.0
AT_ONCE = 500
"""Senders of one round; their letters go through the hub together, as many at once as a replay takes."""
LETTERS = 1_000
"""Letters that are replayed before the subscription is looked at again."""


def adopt(replay: Replay) -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader."""

    async def work(conn: psycopg.AsyncConnection) -> float:
        await conn.execute(SQL.link)
        known = await (await conn.execute(SQL.known, {"limit": AT_ONCE})).fetchall()
        settled = 0
        for subscription, addresses in known:
            # Others have devices of these addresses, too: of this subscription only.
            under = f"{subscription}/"
            letters = Selection(devices=addresses, reason="unknown_device", under=under, transport=PUSHED)
            found = sorted(set(addresses) - await _still_unknown(replay, letters))
            values = {"subscription": subscription, "addresses": found, "until": letters.until, "transport": PUSHED}
            settled += (await conn.execute(SQL.settled, values)).rowcount
        waiting = sum(len(addresses) for _, addresses in known)
        return 0 if settled and waiting == AT_ONCE else EVERY_S

    return work


async def _still_unknown(replay: Replay, letters: Selection) -> set[str | None]:
    """Put letters through the hub; the senders that it does not know even now: its commit will in a moment."""
    done = await replay.run(letters, LETTERS)
    unknown = {refusal.device for refusal in done.refused if refusal.reason == "unknown_device"}
    while done.place is not None:
        done = await replay.run(letters, LETTERS, done.place)
        unknown |= {refusal.device for refusal in done.refused if refusal.reason == "unknown_device"}
    return unknown
