"""Offsets of a log, committed together with what was read up to them: exactly once, whoever reads.

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
    """By (topic, partition): the offset to read next. A partition that is not there is read from its beginning."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute("select topic, partition, next_offset from kafka_offset")).fetchall()
    return {(topic, partition): offset for topic, partition, offset in rows}


class Positions(Stage):
    """Moves the offsets of a log on with what was read from it."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Move them; Superseded when one is not where its reader began."""
        for position in _joined(batch.positions):
            moved = await conn.execute(SQL.position_take, position._asdict())
            if moved.rowcount != 1:
                raise Superseded(f"{position.topic} {position.partition} is not at {position.start} any more")


def _joined(positions: Sequence[Position]) -> list[Position]:
    """One stretch a partition, in the order of partitions, so that two workers cannot lock each other out."""
    joined: dict[tuple[str, int], Position] = {}
    for position in positions:
        before = joined.get(position[:2])
        if before is not None and before.end != position.start:
            raise ValueError(f"{position} does not follow {before}")
        joined[position[:2]] = position if before is None else before._replace(end=position.end)
    return [joined[key] for key in sorted(joined)]
