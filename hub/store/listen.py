"""LISTEN/NOTIFY subscriber on its own, self-reconnecting connection."""

import logging
from collections.abc import Callable, Sequence

import psycopg
from psycopg import sql

from hub.backoff import Backoff
from hub.store.pool import connect

log = logging.getLogger(__name__)

REGISTRY = "ganzhi_registry"
"""The channel on which changes of devices, profiles, rules and credentials are told."""


async def listen(
    url: str, channels: Sequence[str], heard: Callable[[str, str], None], lost: Callable[[], None] = lambda: None
) -> None:
    """Run forever: call heard(channel, payload), and heard(channel, "") for each channel after a (re)connect.

    Calls lost() when nothing is heard any more, until the next (re)connect.
    """
    backoff = Backoff(log, "listening to the database again")
    while True:
        try:
            async with await connect(url) as conn:
                for channel in channels:
                    await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                backoff.succeeded()
                for channel in channels:
                    heard(channel, "")
                async for note in conn.notifies():
                    heard(note.channel, note.payload)
        except (psycopg.Error, OSError) as error:
            backoff.failed("cannot listen to the database: %s", error)
        lost()
        await backoff.wait()
