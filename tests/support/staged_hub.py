"""The stages of a hub that hears everything, on a real store: one of them may be replaced, and all may be killed."""

from collections.abc import Callable, Sequence

from analytics.rules.reception import Everything
from app.serve.stages import HubStages
from devices.registry.registry import Registry
from hub.models import Batch
from hub.settings import Settings
from hub.stage import Stage, run_steps
from hub.store.pool import Pool
from hub.store.writer import Writer
from hub.telemetry import Counters

Broken = Callable[[Sequence[Stage]], Sequence[Stage]]


class StagedHub:
    """The stages of a hub, with one of them replaced where a test wants to see it fail."""

    def __init__(self, pool: Pool, broken: Broken = lambda stages: stages, settings: Settings | None = None) -> None:
        self.pool, self.registry = pool, Registry()
        self.made = HubStages(settings or Settings(), self.registry, Counters(), lambda: True)
        self.made.rules.reception = Everything()
        self.stages = broken(self.made.ordered)
        self.writer = Writer(pool, self.stages)

    async def restore(self, *stages: Stage) -> "StagedHub":
        """Read the store: all of it as at a start, or of some stages."""
        await self.registry.refresh(self.pool)
        async with self.pool.connection() as conn:
            for stage in stages or self.stages:
                await stage.restore(conn)
        return self

    def read(self, batch: Batch) -> Batch:
        """Run the steps of all stages."""
        for stage in self.stages:
            run_steps(stage, batch)
        return batch

    async def take(self, batch: Batch) -> None:
        """Commit a batch that was read, and adopt it; newest readings are not flushed, as if killed within a second."""
        await self.writer.commit(batch)
        for stage in self.stages:
            stage.adopt(batch)
