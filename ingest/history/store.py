"""Bulk storage of history: large sorted batches, each committed together with the file position.

Direct compress is no way: TimescaleDB 2.28 says "disabling direct compress because the destination table has unique
constraints" (a warning only) and copies plainly. Measured, 2 million rows of 10,000 series, batches of 200,000, on a
bare hypertable: with the primary key plain COPY 743,000 rows/s (750,000 with direct compress asked for: the same), and
584,000 with compress_chunk afterwards; in batches of 20,000 plain COPY makes 570,000. Without the key direct compress
makes 1,516,000 (1,182,000 when copied and compressed afterwards). The key is what makes an import repeatable, so it
stays, and the import compresses each chunk that it has passed: 30 times less disk for a fifth of the speed.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psycopg
from psycopg import errors as pg
from psycopg.rows import class_row

from hub.errors import Superseded
from hub.models import Columns, Micros, from_micros
from hub.store.binary_copy import copy_readings, stage_readings, unpack_keys
from hub.store.pool import Pool, sorted_errors
from hub.store.readings import SQL as READINGS
from hub.store.readings import among, stored_values
from hub.store.statements import statements

SQL = statements(__name__)


class Progress(NamedTuple):
    """Progress of an import across attempts."""

    position: int = 0
    line: int = 0
    readings: int = 0
    stored: int = 0
    bad: int = 0
    conflicting: int = 0
    """Readings with another value than the one that is stored, or stands before them in the file; that one stays."""
    finished_at: datetime | None = None


class History:
    """Stores the readings of one file. Optimistic like the writer: plain COPY until a duplicate occurs."""

    def __init__(self, pool: Pool, digest: bytes, file: Path) -> None:
        """`digest` identifies the import; the file name is informational."""
        self._pool, self._digest, self._file = pool, digest, file
        self._months: set[np.datetime64] = set()
        self._repeats = False

    async def begin(self, again: bool) -> Progress:
        """Position to resume from; `again` restarts."""
        values = {"digest": self._digest, "file": str(self._file), "again": again}
        with sorted_errors():
            async with self._pool.connection() as conn, conn.cursor(row_factory=class_row(Progress)) as cursor:
                await cursor.execute(SQL.begin, values)
                found = await cursor.fetchone()
        return found or Progress()

    async def store(self, readings: Columns, before: Progress, after: Progress) -> Progress:
        """Commit readings and the progress from `before` to `after`; returns that with what was stored, and what not.

        Raises StoreUnavailable when the outcome is unknown: `begin` tells how far it came.
        Raises Superseded when another process imports the same file; then nothing is stored.
        """
        with sorted_errors():
            async with self._pool.connection() as conn:
                await self._ensure_months(conn, readings)
                if not self._repeats:
                    try:
                        async with conn.transaction():
                            await copy_readings(conn, readings)
                            after = after._replace(stored=after.stored + len(readings))
                            return await self._step(conn, readings, before, after)
                    except pg.UniqueViolation:
                        self._repeats = True
                async with conn.transaction():
                    await stage_readings(conn, readings)
                    row = await (await conn.execute(READINGS.merge)).fetchone()
                    new = among(readings, unpack_keys(row[0] if row is not None else None))
                    differs, _ = await stored_values(conn, readings.where(~new))
                    stored, other = after.stored + int(new.sum()), after.conflicting + int(differs.sum())
                    after = after._replace(stored=stored, conflicting=other)
                    await self._step(conn, readings, before, after)
                self._repeats = not new.all()
                return after

    async def _step(
        self, conn: psycopg.AsyncConnection, readings: Columns, before: Progress, after: Progress
    ) -> Progress:
        values = {"digest": self._digest, "before": before.position, **after._asdict()}
        if (await conn.execute(SQL.step, values)).rowcount != 1:
            raise Superseded("the same file is being imported by another process")
        last = np.append(readings.series[1:] != readings.series[:-1], True)[: len(readings)]
        newest = {
            "series_id": readings.series[last].tolist(),
            "ts": [from_micros(ts) for ts in readings.ts[last].tolist()],
            "value": readings.value[last].tolist(),
            "quality": readings.quality[last].tolist(),
        }
        await conn.execute(SQL.latest, newest)
        return after

    async def finish(self) -> None:
        """Mark the import as finished."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.finish, {"digest": self._digest})

    async def compress(self, start: Micros, end: Micros) -> int:
        """Compress sufficiently old chunks in a time range one by one; returns their number.

        A chunk that is being compressed waits with what else would be written into it, some seconds.
        """
        with sorted_errors():
            async with self._pool.connection() as conn:
                times = (from_micros(start), from_micros(end))
                query = "select readings_to_compress(%s, %s)::text"
                chunks = await (await conn.execute(query, times)).fetchall()
                for chunk in chunks:
                    await conn.execute("select compress_readings(%s::regclass)", chunk)
        return len(chunks)

    async def _ensure_months(self, conn: psycopg.AsyncConnection, readings: Columns) -> None:
        months = set(np.unique(readings.ts.astype("datetime64[us]").astype("datetime64[M]")))
        for month in sorted(months - self._months):
            await conn.execute("select ensure_partition(%s)", (month.astype("datetime64[D]").item(),))
        self._months |= months
