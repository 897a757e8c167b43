"""Hears what other sessions notify, on a connection of its own that comes back by itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import uniform

import psycopg
from psycopg import sql

from hub.store.pool import connect

log = logging.getLogger(__name__)

REGISTRY = "ganzhi_registry"
"""The channel on which changes of devices, profiles, rules and credentials are told."""


async def listen(url: str, channels: Sequence[str], heard: Callable[[str, str], None]) -> None:
    """For ever: call heard(channel, payload); and heard(channel, "") for each after every (re)connect."""
    wait, down = 0.2, False
    while True:
        try:
            async with await connect(url) as conn:
                for channel in channels:
                    await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                if down:
                    log.warning("listening to the database again")
                wait, down = 0.2, False
                for channel in channels:
                    heard(channel, "")
                async for note in conn.notifies():
                    heard(note.channel, note.payload)
        except (psycopg.Error, OSError) as error:
            if not down:
                log.error("cannot listen to the database: %s", error)
            down = True
        await asyncio.sleep(wait * uniform(0.5, 1.0))  # noqa: S311 jitter, not a secret
        wait = min(wait * 2, 5.0)
