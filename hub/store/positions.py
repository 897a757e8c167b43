"""Kafka offsets stored in the database and committed with the data: exactly-once, across workers.

A commit counts only if each partition's committed offset is where its reader began, and as many batches without
messages are committed as the reader knows of. So a worker that lost a partition without knowing it cannot commit: the
new reader has moved one of them, or will find it moved.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.errors import Superseded
from hub.models import Batch, Position
from hub.stage import Connection, Stage
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


class Stored(NamedTuple):
    """How far a partition is committed."""

    offset: int
    """The next one."""
    timers: int = 0
    """Batches without messages."""


async def load_positions(pool: Pool) -> dict[tuple[str, int], Stored]:
    """By (topic, partition). Missing partitions start from the beginning."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.positions)).fetchall()
    return {(topic, partition): Stored(*stored) for topic, partition, *stored in rows}


class Positions(Stage):
    """Advances the offsets together with the data read."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Advance the offsets; Superseded when one is not where the reader started."""
        for position in _joined(batch.positions):
            moved = await conn.execute(SQL.position_take, position._asdict())
            if moved.rowcount != 1:
                raise Superseded(f"{position.topic} {position.partition} is not at {position.start} any more")


def _joined(positions: Sequence[Position]) -> list[Position]:
    """Merge ranges per partition, sorted by partition, so that workers cannot deadlock."""
    joined: dict[tuple[str, int], Position] = {}
    for position in positions:
        before = joined.get(position[:2])
        if before is not None and before.end != position.start:
            raise ValueError(f"{position} does not follow {before}")
        joined[position[:2]] = position if before is None else before._replace(end=position.end)
    return [joined[key] for key in sorted(joined)]
