"""Deletes files of pictures that no row names any more, or never did."""

import asyncio
import logging
from pathlib import Path

from hub.errors import HubError
from hub.store.picture_folder import PictureFolder
from hub.store.pictures import SQL
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)

EVERY_S = 3600.0


async def sweep(pool: Pool, folder: Path) -> int:
    """Delete them; returns their number. Raises StoreUnavailable, OSError."""
    kept, gone = PictureFolder(folder), 0
    for names in await asyncio.to_thread(lambda: list(kept.old())):
        events = [name.partition("/")[2][:36] for name in names]
        with sorted_errors():
            async with pool.connection() as conn:
                found = await (await conn.execute(SQL.known, {"events": events})).fetchall()
        unnamed = sorted(set(names) - {name for (name,) in found})
        await asyncio.to_thread(kept.remove, unnamed)
        gone += len(unnamed)
    return gone


async def keep_sweeping(pool: Pool, folder: Path) -> None:
    """Do so every hour, forever."""
    while True:
        try:
            if gone := await sweep(pool, folder):
                log.info("%d files of pictures that no event has are deleted", gone)
        except (HubError, OSError) as error:
            log.warning("files of pictures that no event has stay until the next hour: %s", error)
        await asyncio.sleep(EVERY_S)
