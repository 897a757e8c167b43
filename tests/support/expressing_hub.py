"""A hub whose rules have expressions, and that can be killed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.reordering.newest import NewestJudged
from analytics.rules.expressions.turn import WAIT
from analytics.rules.rulebook import RuleBook
from devices.registry.registry import Registry
from hub.models import Batch, Columns, now_micros
from hub.stage import run_steps
from hub.store.latest import Latest
from hub.store.pool import Pool
from tests.support.origins import raw_of
from tests.support.rule_city import NOW, S
from tests.support.writers import Committer


class Hub:
    """The newest readings and the rules of a process that can be killed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def start(self) -> None:
        self.registry, self.latest = Registry(), Latest()
        self.rules = RuleBook(self.registry, newest=NewestJudged(self.latest))
        self._writer = Committer(self._pool, deciding=[self.latest, self.rules])
        await self.registry.refresh(self._pool)
        async with self._pool.connection() as conn:
            await self.latest.restore(conn)
            await self.rules.restore(conn)

    async def take(self, device: str, *readings: tuple[int, str, float], quality: int = 0) -> None:
        """(seconds from NOW, metric, value), each in a message of its own, in one batch."""
        series = self.registry.devices[device].series
        rows = sorted(
            (series[metric], NOW + at * S, value, place) for place, (at, metric, value) in enumerate(readings)
        )
        ids, ts, values, order = zip(*rows, strict=True)
        flags = np.full(len(rows), quality, np.int16)
        columns = Columns(np.array(ts), np.array(ids, np.int32), np.array(values, np.float64), flags)
        raws = [raw_of("test", "here", b"", NOW + at * S) for at, *_ in readings]
        await self._commit(Batch(raws, columns, np.array(order, np.int32)))

    async def wait(self) -> None:
        """So long that nothing waits any more for other metrics of its device."""
        await self._commit(Batch([], now=now_micros() + WAIT + S))

    async def _commit(self, batch: Batch) -> None:
        for stage in (self.latest, self.rules):
            run_steps(stage, batch)
        await self._writer.commit(batch)
        for stage in (self.latest, self.rules):
            stage.adopt(batch)


async def told(pool: Pool) -> Sequence[tuple[Any, ...]]:
    async with pool.connection() as conn:
        return await (
            await conn.execute(
                """select a.target, c.kind, c.details -> 'why' -> 'metrics' from alert_change c
                   join alert a on a.id = c.alert_id order by c.cursor"""
            )
        ).fetchall()
