"""A store with gauges and a camera, the rules that watch them, and a hub that can be killed."""

import time
from typing import Any
from uuid import UUID, uuid4, uuid5

import numpy as np

from analytics.rules.flaps import Limits
from analytics.rules.rulebook import RuleBook
from devices.registry.registry import Registry
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.endings import Ending, Endings
from hub.models import Batch, Columns, Event, Micros
from hub.stage import run_steps
from hub.store.latest import Latest
from hub.store.pool import Pool
from tests.support.origins import raw_of
from tests.support.writers import Committer

S = 1_000_000
NOW: Micros = int(time.time()) * S

SEED = """
insert into profile (code, name, metrics) values
    ('gauge', 'River gauge', '{"level": {"name": "水位"}}'), ('camera', 'Camera', '{}');
insert into device (code, name, profile_id)
    select 'gauge-' || n, 'River gauge ' || n, p.id from profile p, generate_series(1, 3) n where p.code = 'gauge';
insert into device (code, name, profile_id) select 'cam-1', 'Camera 1', id from profile where code = 'camera';
insert into rule (code, name, profile_id, metric, direction, thresholds, hysteresis)
    select 'flood', 'Flood', id, 'level', 'above', '{"yellow": 3, "red": 5}', 0.5 from profile where code = 'gauge';
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 3);
"""
NEW_DEVICE = """
insert into device (code, name, profile_id) select 'gauge-{}', 'New', id from profile where code = 'gauge'
"""
HELD = "update rule set hold_s = 10 where code = 'flood'"


class City:
    """A store with three gauges and a camera, and a hub that can be killed."""

    def __init__(self, pool: Pool, flapping: Limits | None = None) -> None:
        self.pool, self.flapping = pool, flapping
        self.registry = Registry()
        self.book = RuleBook(self.registry, flapping=self.flapping)
        self.writer = Committer(pool, deciding=[self.book])
        self.series: dict[int, int] = {}

    async def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    async def load(self) -> None:
        await self.registry.refresh(self.pool)
        async with self.pool.connection() as conn:
            await self.book.restore(conn)

    async def restart(self) -> None:
        """The process is gone; another one starts from the store."""
        self.registry = Registry()
        self.book = RuleBook(self.registry, flapping=self.flapping)
        self.writer = Committer(self.pool, deciding=[self.book])
        await self.load()

    async def refresh(self) -> None:
        """What changed in the store is known."""
        await self.book.refresh(self.pool)
        await self.registry.refresh(self.pool)

    def readings(self, *values: tuple[int, float], gauge: int = 1, quality: int = 0) -> Batch:
        """(seconds from NOW, value) of one gauge."""
        at = [NOW + second * S for second, _ in values]
        series = np.full(len(values), self.series[gauge], np.int32)
        flags = np.full(len(values), quality, np.int16)
        columns = Columns(np.array(at, np.int64), series, np.array([value for _, value in values]), flags)
        return Batch([raw_of("test", "here", b"", max(at))], columns)

    async def events(self, *states: tuple[int, str]) -> Batch:
        """(seconds from NOW, state) of smoke at the camera."""
        camera = (await self.run("select id from device where code = 'cam-1'"))[0][0]
        made = [
            Event(uuid5(UUID(int=0), f"{at} {state}"), camera, "cam-1", NOW + at * S, NOW + at * S, "smoke", state)
            for at, state in states
        ]
        return Batch([raw_of("test", "here", b"", event.received) for event in made], events=made)

    def decide(self, batch: Batch) -> None:
        run_steps(self.book, batch)

    async def commit(self, batch: Batch) -> None:
        self.decide(batch)
        await self.writer.commit(batch)

    async def take(self, *batches: Batch) -> None:
        for batch in batches:
            await self.commit(batch)
            self.book.adopt(batch)

    async def at(self, second: float) -> None:
        """So late it is, and nothing has come: what is due is decided, as often as the book asks for it."""
        now = NOW + round(second * S)
        for _ in range(10):
            due = self.book.due(now)
            if due is None or due > now:
                return
            await self.take(Batch([], now=now))
        raise AssertionError("it asks for ever")

    async def end(self, kind: str = "false_alarm", gauge: int = 1) -> Ending | None:
        """A desk ends the handling of the active alert of a gauge."""
        rows = await self.run(
            """select a.id, a.rule_id, a.device_id, a.series_id, a.peak_level, a.handling
               from alert a join device d on d.id = a.device_id
               where d.code = %s and a.cleared_at is null and a.handling = 'open'""",
            f"gauge-{gauge}",
        )
        if not rows:
            return None
        alert, rule, device, series, peak, _ = rows[0]
        async with self.pool.connection() as conn, conn.transaction():
            results = await apply(conn, [Step(uuid4(), alert, kind, "desk")])
        assert results[0].outcome == "applied", results
        return Ending(alert, rule, device, series, kind, peak, NOW)

    async def keep_latest(self, *batches: Batch) -> None:
        latest = Latest()
        for batch in batches:
            latest.adopt(batch)
        await latest.flush(self.pool)

    async def told(self) -> list[tuple[str, str, str]]:
        """(target, kind, level) of each change, in the order of their commit."""
        return await self.run(
            """select a.target, c.kind, c.picture ->> 'level' from alert_change c join alert a on a.id = c.alert_id
               order by c.cursor"""
        )


def telling(ending: Ending | None, batch: Batch | None = None) -> Batch:
    """A batch that tells of an ending."""
    batch = Batch([raw_of("test", "here", b"", NOW)]) if batch is None else batch
    if ending is not None:
        batch.of(Endings)[ending.alert_id] = ending
    return batch
