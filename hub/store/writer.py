"""Commits a batch in one idempotent transaction."""

from collections.abc import Sequence
from uuid import uuid4

from psycopg import errors as pg

from hub.models import Batch
from hub.stage import Connection, Stage, run_steps
from hub.store.partitions import Partitions
from hub.store.pool import Pool, sorted_errors
from hub.store.readings import ReadingRepeated
from hub.store.statements import statements

SQL = statements(__name__)

ATTEMPTS = 3
"""One; one more after a repeat; one more after a partition that retention has dropped."""


class Writer:
    """Commits batches by calling each stage in order.

    Each transaction begins by taking the turn of its batch. A commit whose answer was lost is so recognised when it
    is tried again, and is then done.
    """

    def __init__(self, pool: Pool, stages: Sequence[Stage]) -> None:
        self._pool, self._stages = pool, stages
        self._partitions = Partitions()
        self._id, self._turn = uuid4(), 0
        self._batch: Batch | None = None

    async def commit(self, batch: Batch) -> None:
        """Commit a batch.

        Raises StoreUnavailable when the outcome is unknown or the store is away: commit the same batch again.
        Raises StoreRefused when its content can never be stored; then nothing of it is.
        Raises Superseded when another worker has moved on a partition that it was read from; nothing of it is stored.
        """
        if batch is not self._batch:
            self._batch, self._turn = batch, self._turn + 1
        with sorted_errors():
            async with self._pool.connection() as conn:
                for left in reversed(range(ATTEMPTS)):
                    await self._partitions.ensure(conn, batch.readings)
                    try:
                        async with conn.transaction():
                            await self._write(conn, batch)
                    except ReadingRepeated:  # the next attempt finds out which
                        if not left:
                            raise
                    except pg.CheckViolation:  # retention dropped the month's partition in the meantime
                        if not left:
                            raise
                        self._partitions.forget()
                    else:
                        return

    async def _write(self, conn: Connection, batch: Batch) -> None:
        taken = await conn.execute(SQL.take_turn, {"writer": self._id, "turn": self._turn})
        if not taken.rowcount:
            return  # it was committed by an attempt whose answer was lost
        again = batch.begin_attempt()
        given = batch.readings, batch.events
        for stage in self._stages:
            again = again or batch.readings is not given[0] or batch.events is not given[1]
            if again and not stage.ahead:
                run_steps(stage, batch)
            await stage.write(conn, batch)
