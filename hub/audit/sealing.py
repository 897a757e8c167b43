"""Sealing: one leader appends the entries that were committed since to the hash chain, in the order of their ids.

An entry that commits late is sealed late, and never skipped, for each one waits in a queue that its own transaction
filled. Writers take no lock for it.
"""

import logging

import psycopg

from hub.audit.chain import Algorithm, link
from hub.store.leader import Work
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 1.0
"""How often entries are sealed; they are at most 5 s without a seal while a hub runs."""
BATCH = 5_000
"""Entries of one transaction: 50 ms of hashing with SM3."""


async def seal(conn: psycopg.AsyncConnection, algorithm: Algorithm, batch: int = BATCH) -> int:
    """Append up to `batch` entries to the chain; returns their number.

    In one transaction: a kill leaves the chain as it was, and of two leaders the slower one is refused.
    """
    async with conn.transaction():
        row = await (await conn.execute(SQL.head)).fetchone()
        after, previous = (int(row[0]), bytes(row[1])) if row else (0, bytes(32))
        ids, hashes = list[int](), list[bytes]()
        async with conn.cursor() as cursor, cursor.copy(SQL.links, [after, algorithm, batch]) as copy:
            async for line in copy:
                content = bytes(line).rstrip(b"\n")
                previous = link(algorithm, previous, content)
                ids.append(int(content.split(b"\t", 2)[1]))
                hashes.append(previous)
        if ids:
            await conn.execute(SQL.append, [after, ids, algorithm, hashes])
    return len(ids)


def sealer(algorithm: Algorithm) -> Work:
    """The leader's work: seal all that waits."""

    async def work(conn: psycopg.AsyncConnection) -> float:
        sealed = await seal(conn, algorithm)
        return 0.0 if sealed == BATCH else EVERY_S

    return work
