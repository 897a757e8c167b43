"""Kafka offsets stored in the database and committed with the data: exactly-once, across workers.

A reader claims its partitions, and a commit counts only under the newest claim, and if the committed offset is where
its reader began. So a worker that lost a partition without knowing it cannot commit, not even a batch without messages.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.errors import Superseded
from hub.models import Batch, Position
from hub.stage import Connection, Stage
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


class Claim(NamedTuple):
    """A reader's hold on a partition."""

    offset: int
    """Where it goes on."""
    epoch: int


Claims = dict[tuple[str, int], Claim]
"""By (topic, partition)."""


async def claim_positions(pool: Pool, first: Mapping[tuple[str, int], int]) -> Claims:
    """Claim partitions: from here on no earlier reader of theirs can commit. `first` is where unknown ones begin."""
    topics, partitions = [topic for topic, _ in first], [partition for _, partition in first]
    values = {"topics": topics, "partitions": partitions, "offsets": list(first.values())}
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.position_claim, values)).fetchall()
    return {(topic, partition): Claim(*claim) for topic, partition, *claim in rows}


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
