"""Kafka offsets stored in the database and committed with the data: exactly-once, across workers.

A commit counts only if each partition's committed offset is where its reader began. So a worker that lost a
partition without knowing it cannot commit: the new reader has moved the offset, or will find it moved.
"""

from collections.abc import Sequence

from hub.errors import Superseded
from hub.models import Batch, Position
from hub.stage import Connection, Stage
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def load_positions(pool: Pool) -> dict[tuple[str, int], int]:
    """Next offset by (topic, partition). Missing partitions start from the beginning."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute("select topic, partition, next_offset from kafka_offset")).fetchall()
    return {(topic, partition): offset for topic, partition, offset in rows}


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
