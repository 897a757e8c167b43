"""COMMIT: everything a batch holds, in one transaction that can be repeated without changing anything."""

import logging
from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import errors as pg
from psycopg.types.json import Jsonb

from devices.commands.replies import take_replies
from devices.health.statuses import write_presence
from hub.alerts.apply import apply
from hub.models import Batch, Columns, Event, from_micros
from hub.store.arrivals import Arrivals
from hub.store.letters import DEAD_LETTER_BYTES as DEAD_LETTER_BYTES
from hub.store.letters import Letters
from hub.store.packing import SQL as PACKING
from hub.store.packing import copy_readings, stage_readings
from hub.store.pool import Pool, sorted_errors
from hub.store.positions import take_positions
from hub.store.retried import settle_retried
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)


class Writer:
    """Commits batches. Optimistic: plain COPY while nothing is repeated, a staging table while something is.

    Measured on 2 cores: COPY 330,000 rows/s against 142,000 rows/s through the staging table.
    """

    def __init__(self, pool: Pool, letters: Letters | None = None) -> None:
        self._pool = pool
        self._letters = letters or Letters()
        self._arrivals = Arrivals()
        self._months: set[np.datetime64] = set()
        self._repeats = False

    async def commit(self, batch: Batch) -> int:
        """Store a batch; returns how many of its readings were new.

        Raises StoreUnavailable when the outcome is unknown or the store is away: commit the same batch again.
        Raises StoreRefused when its content can never be stored; then nothing of it is.
        Raises Superseded when another worker has moved on a partition that it was read from; nothing of it is stored.
        """
        with sorted_errors():
            async with self._pool.connection() as conn:
                await self._ensure_months(conn, batch.readings)
                try:
                    return await self._write(conn, batch)
                except pg.CheckViolation:  # retention dropped the month's partition in the meantime
                    self._months.clear()
                    await self._ensure_months(conn, batch.readings)
                    return await self._write(conn, batch)

    async def _write(self, conn: psycopg.AsyncConnection, batch: Batch) -> int:
        """The transaction, optimistic unless repeats are expected; returns how many readings were new."""
        if not self._repeats:
            try:
                async with conn.transaction():
                    await take_positions(conn, batch.positions)
                    await copy_readings(conn, batch.readings)
                    await self._write_rest(conn, batch)
                    return len(batch.readings)
            except pg.UniqueViolation:
                self._repeats = True
        async with conn.transaction():
            await take_positions(conn, batch.positions)
            await stage_readings(conn, batch.readings)
            new = (await conn.execute(PACKING.merge)).rowcount
            await self._write_rest(conn, batch)
        self._repeats = new < len(batch.readings)
        return new

    async def _ensure_months(self, conn: psycopg.AsyncConnection, readings: Columns) -> None:
        if not len(readings):
            return
        ends = np.array([readings.ts.min(), readings.ts.max()])
        months = set(_months(ends))
        if len(months) > 1:
            months = set(np.unique(_months(readings.ts)))
        for month in sorted(months - self._months):
            await conn.execute("select ensure_partition(%s)", (month.astype("datetime64[D]").item(),))
        self._months |= months

    async def _write_rest(self, conn: psycopg.AsyncConnection, batch: Batch) -> None:
        if batch.events:
            await _insert_events(conn, batch.events)
        if batch.statuses or batch.edges:
            await write_presence(conn, batch)
        if batch.replies:
            await take_replies(conn, batch)
        if batch.refused:
            await self._letters.save(conn, batch.refused)
        for source, arrivals in batch.arrivals.items():
            await self._arrivals.save(conn, source, arrivals)
        await settle_retried(conn, batch)
        await apply(conn, batch.changes)  # last: it takes a lock that all processes share, held until the commit


def _months(ts: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return ts.astype("datetime64[us]").astype("datetime64[M]")


async def _insert_events(conn: psycopg.AsyncConnection, events: Sequence[Event]) -> None:
    columns = {
        "id": [event.id for event in events],
        "device_id": [event.device_id for event in events],
        "ts": [from_micros(event.ts) for event in events],
        "received_at": [from_micros(event.received) for event in events],
        "kind": [event.kind for event in events],
        "state": [event.state for event in events],
        "level": [event.level for event in events],
        "attributes": [Jsonb(event.attributes) for event in events],
    }
    await conn.execute(SQL.event_insert, columns)
