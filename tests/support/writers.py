"""A writer of tests: with every stage that writes, and nothing that reads or decides."""

from collections.abc import Sequence

from devices.commands.replies import Replies
from devices.health.edge_heartbeats import Edges
from devices.health.statuses import Statuses
from hub.alerts.stage import AlertChanges
from hub.models import Batch
from hub.stage import Stage
from hub.store.arrivals import Arrivals
from hub.store.dead_letter_stage import PER_MINUTE, DeadLetters
from hub.store.events import Events
from hub.store.latest import Latest
from hub.store.pool import Pool
from hub.store.positions import Positions
from hub.store.readings import Readings
from hub.store.replayed import ReplayedLetters
from hub.store.writer import Writer


def writing_stages(per_minute: int = PER_MINUTE, deciding: Sequence[Stage] = ()) -> list[Stage]:
    """The stages in the order of a hub; those that decide come after what they decide by."""
    head = [Positions(), Readings(), Events(), Latest(), *deciding, Statuses(), Edges(), Replies()]
    return [*head, DeadLetters(per_minute), Arrivals(), ReplayedLetters(), AlertChanges()]


class Committer:
    """Commits batches that a test has made."""

    def __init__(self, pool: Pool, per_minute: int = PER_MINUTE, deciding: Sequence[Stage] = ()) -> None:
        self._writer = Writer(pool, writing_stages(per_minute, deciding))

    async def commit(self, batch: Batch) -> int:
        """Commit; how many of the batch's readings were new."""
        await self._writer.commit(batch)
        return len(batch.readings)
