"""The rule book on a real store: decided, committed, adopted; killed at each point; kept fresh."""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pytest

from analytics.rules.rulebook import RuleBook
from devices.registry.registry import Registry
from hub.models import Batch, Columns, Event, Micros
from hub.quality import Quality
from hub.settings import Database
from hub.stage import run_steps
from hub.store.latest import Latest
from hub.store.pool import Pool, open_pool
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

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.registry = Registry()
        self.book = RuleBook(self.registry)
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
        self.book = RuleBook(self.registry)
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


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


async def test_an_alert_is_raised_changes_its_level_and_clears(city: City) -> None:
    await city.take(city.readings((0, 1.0), (1, 3.0)), city.readings((2, 5.25), (3, 4.0), (4, 2.0), (5, 3.5)))
    level = "gauge-1/level"
    assert await city.told() == [
        (level, "raised", "yellow"),
        (level, "updated", "red"),
        (level, "updated", "yellow"),
        (level, "cleared", "yellow"),
        (level, "raised", "yellow"),
    ]
    first, second = await city.run("select title, state, peak_level, value, threshold from alert order by opened_at")
    assert first == ("River gauge 1: 水位 2 < 3 (cleared)", "cleared", 4, 2.0, 3.0)
    assert second == ("River gauge 1: 水位 3.5 ≥ 3 (yellow)", "open", 2, 3.5, 3.0)


async def test_a_refused_commit_leaves_the_state_and_its_halves_are_decided_anew(city: City) -> None:
    whole = city.readings((0, 1.0), (1, 6.0), (2, 1.0), (3, 6.0))
    city.decide(whole)
    await city.take(city.readings((0, 1.0), (1, 6.0)))
    refused = Batch([raw_of("test", "here", b"", NOW)])
    city.decide(city.readings((2, 1.0), (3, 6.0)))
    city.book.adopt(refused)
    await city.take(city.readings((2, 1.0), (3, 6.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "cleared", "raised"]


@pytest.mark.parametrize("latest_kept", [False, True])
async def test_a_kill_between_commit_and_acknowledgement_pages_nobody_twice(city: City, latest_kept: bool) -> None:
    def stream() -> list[Batch]:
        return [city.readings((0, 6.0), (1, 1.0), (2, 4.0)), city.readings((3, 1.0), (4, 1.5), (5, 1.0))]

    await city.take(*stream())
    before = await city.told()
    if latest_kept:
        await city.keep_latest(*stream())
    await city.restart()
    await city.take(*stream())
    await city.take(city.readings((2, 4.0), (5, 1.0)))
    assert await city.told() == before
    await city.take(city.readings((6, 3.0)))
    assert len(await city.told()) == len(before) + 1


async def test_the_same_cause_decided_twice_has_the_same_ids(city: City) -> None:
    first, second = city.readings((0, 6.0), (1, 1.0)), city.readings((0, 6.0), (1, 1.0))
    city.decide(first)
    city.decide(second)
    assert [change.id for change in first.changes] == [change.id for change in second.changes]
    await city.writer.commit(first)
    await city.writer.commit(second)
    assert len(await city.told()) == 2


async def test_an_open_alert_is_still_open_after_a_restart_and_clears(city: City) -> None:
    await city.take(city.readings((0, 6.0)))
    await city.restart()
    await city.take(city.readings((1, 6.0)), city.readings((2, 4.0)), city.readings((3, 1.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "updated", "cleared"]
    assert await city.run("select count(*) from alert") == [(1,)]


async def test_a_hold_goes_on_across_a_restart(city: City) -> None:
    await city.run(HELD)
    await city.restart()
    stored = [city.readings((0, 1.0), (1, 6.0), (6, 6.0)), city.readings((2, 6.0), (4, 1.0), (6, 4.0), gauge=2)]
    await city.take(*stored)
    await city.keep_latest(*stored)
    await city.restart()
    await city.take(city.readings((10, 6.0)), city.readings((14, 4.0), gauge=2))
    assert await city.told() == []
    await city.take(city.readings((11, 6.0)), city.readings((16, 4.0), gauge=2))
    assert await city.told() == [("gauge-1/level", "raised", "red"), ("gauge-2/level", "raised", "yellow")]


async def test_a_pending_escalation_goes_on_across_a_restart(city: City) -> None:
    await city.run(HELD)
    await city.restart()
    stored = city.readings((0, 4.0), (5, 6.0), (10, 6.0), (12, 6.0))
    await city.take(stored)
    await city.keep_latest(stored)
    await city.restart()
    await city.take(city.readings((14, 6.0)), city.readings((15, 6.0)))
    assert [(kind, level) for _, kind, level in await city.told()] == [("raised", "yellow"), ("updated", "red")]


async def test_events_raise_and_clear_and_a_redelivery_after_a_kill_does_neither(city: City) -> None:
    stream = [(0, "active"), (0, "inactive"), (1, "active"), (2, "active")]
    await city.take(await city.events(*stream))
    await city.restart()
    await city.take(await city.events(*stream[:2]), await city.events(*stream))
    await city.take(await city.events((3, "inactive")))
    await city.restart()
    await city.take(await city.events((3, "inactive")), await city.events((1, "active")))
    assert [(target, kind) for target, kind, _ in await city.told()] == [
        ("cam-1/smoke", kind) for kind in ("raised", "cleared", "raised", "cleared")
    ]
    assert await city.run("select distinct title from alert") == [("Camera 1: smoke (cleared)",)]


async def test_what_is_stored_but_never_pages(city: City) -> None:
    await city.take(city.readings((0, 1.0)))
    await city.take(city.readings((-5, 9.0)))
    await city.take(city.readings((1, 9.0), quality=Quality.OUT_OF_RANGE))
    history = city.readings((2, 9.0))
    history.raws[0] = history.raws[0]._replace(received=NOW + 903 * S)
    await city.take(history)
    assert await city.told() == []
    assert await city.run("select count(*) from reading") == [(4,)]


async def test_new_devices_and_new_rules_are_watched_after_a_refresh(city: City) -> None:
    await city.take(city.readings((0, 4.0)))
    await city.run(NEW_DEVICE.format(4))
    await city.run(
        """insert into rule (code, name, profile_id, metric, direction, thresholds)
           select 'dry', 'Dry', id, 'level', 'below', '{"blue": 1}' from profile where code = 'gauge'"""
    )
    city.series[4] = (await city.run("select max(id) from series"))[0][0]
    await city.take(city.readings((1, 6.0), gauge=4))
    await city.refresh()
    await city.take(city.readings((2, 6.0), gauge=4), city.readings((2, 0.5)), city.readings((3, 4.0)))
    assert await city.told() == [
        ("gauge-1/level", "raised", "yellow"),
        ("gauge-4/level", "raised", "red"),
        ("gauge-1/level", "cleared", "yellow"),
        ("gauge-1/level", "raised", "blue"),
        ("gauge-1/level", "raised", "yellow"),
        ("gauge-1/level", "cleared", "blue"),
    ]


async def test_a_refresh_between_deciding_and_committing_does_not_move_the_ground(city: City) -> None:
    batch = city.readings((0, 6.0), gauge=3)
    city.decide(batch)
    await city.run(NEW_DEVICE.format(0))
    await city.run("update rule set thresholds = '{\"red\": 5}' where code = 'flood'")
    await city.refresh()
    await city.writer.commit(batch)
    city.book.adopt(batch)
    await city.take(city.readings((1, 4.0), gauge=3))
    assert [(kind, level) for _, kind, level in await city.told()] == [("raised", "red"), ("cleared", "red")]


async def test_a_disabled_rule_says_nothing_and_takes_up_its_alerts_when_it_comes_back(city: City) -> None:
    await city.take(city.readings((0, 6.0)), await city.events((0, "active")))
    await city.run("update rule set enabled = false")
    await city.refresh()
    await city.take(city.readings((1, 1.0)), await city.events((1, "inactive")), city.readings((1, 9.0), gauge=2))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "raised"]
    await city.run("update rule set enabled = true")
    await city.refresh()
    await city.take(city.readings((2, 1.0)), await city.events((2, "inactive")))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "raised", "cleared", "cleared"]


async def test_a_device_that_changes_its_profile_is_no_longer_watched_by_the_old_one(city: City) -> None:
    await city.take(city.readings((0, 6.0)))
    camera = "select id from profile where code = 'camera'"
    await city.run(f"update device set profile_id = ({camera}) where code = 'gauge-1'")
    await city.refresh()
    await city.take(city.readings((1, 1.0)), city.readings((1, 6.0), gauge=2))
    assert await city.told() == [("gauge-1/level", "raised", "red"), ("gauge-2/level", "raised", "red")]


async def test_a_renamed_device_has_its_new_name_in_the_next_title(city: City) -> None:
    await city.run("update device set name = '三号水尺' where code = 'gauge-3'")
    await city.refresh()
    await city.take(city.readings((0, 6.0), gauge=3))
    assert await city.run("select title from alert") == [("三号水尺: 水位 6 ≥ 5 (red)",)]
