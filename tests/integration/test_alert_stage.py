"""Memory and store cannot disagree about alerts: what the store refuses makes the rules read it again."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from app.serve.engine import Stages
from app.serve.stages import HubStages
from devices.registry.registry import Registry
from hub.alerts.stage import AlertChanges, Results
from hub.models import AlertChange, Batch, Delivery, Outcome, now_micros
from hub.settings import Database, Settings
from hub.store.pool import connect, open_pool
from hub.telemetry import Counters
from tests.support.alarms import Alarms
from tests.support.batches import RAW, change, count, fetch, grid, readings, register
from tests.support.origins import raw_of
from tests.support.process import eventually
from tests.support.writers import Committer

SEED = """
insert into profile (code, name, metrics) values ('gauge', 'River gauge', '{"level": {"name": "level"}}');
insert into device (code, name, profile_id) values ('gauge-1', 'River gauge 1', 1);
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('flood', 'Flood', 1, 'level', 'above', '{"yellow": 3, "red": 5}');
"""


class City:
    """A hub of one gauge, without a source."""

    def __init__(self, stages: Stages, alarms: Alarms) -> None:
        self._stages, self.alarms = stages, alarms
        self.sent = int(time.time() * 1000) - 60_000
        """Time of the last reading, in milliseconds."""

    async def measure(self, value: float) -> list[tuple[Any, ...]]:
        """Take a reading; returns the state and level of all alerts once it is settled."""
        self.sent += 1000
        payload = msgspec.json.encode({"ts": self.sent, "values": {"level": value}})
        settled = asyncio.Event()

        async def settle(outcome: Outcome) -> None:
            assert not outcome.refused
            settled.set()

        raw = raw_of("mqtt", "ganzhi/v1/gauge-1/telemetry", payload, now_micros())
        async with asyncio.timeout(30):
            await self._stages.sink.submit(Delivery([raw], settle))
            await settled.wait()
        return await self.alarms.run("select state, level from alert order by raised_at")


@asynccontextmanager
async def open_city(url: str) -> AsyncIterator[City]:
    settings = Settings(database=Database(url=url))
    async with open_pool(settings.database) as pool:
        alarms = Alarms(pool)
        for statement in SEED.split(";\n"):
            await alarms.run(statement)
        stages = Stages(settings, pool, Counters())
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(_opened(stages, group, started := asyncio.Event()), name="stages")
            await started.wait()
            yield City(stages, alarms)
            await stages.drain()
            ending.cancel()


async def _opened(stages: Stages, group: asyncio.TaskGroup, started: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as own, stages.opened(own):
        started.set()
        await asyncio.Event().wait()


async def test_an_alert_that_was_cleared_behind_the_back_of_the_rules_is_raised_again(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_city(database) as city:
        assert await city.measure(3.5) == [("open", 2)]
        [(alert, rule, target, device, series)] = await city.alarms.run(
            "select id, rule_id, target, device_id, series_id from alert"
        )
        behind = AlertChange(
            uuid4(), alert, "cleared", city.sent * 1000, rule, target, device, series, 2, "title", actor="somebody"
        )
        [result] = await city.alarms.commit([behind])
        assert result.outcome == "applied"
        # The rules believe that it is active and say that it is red now: refused, and decided again from the store.
        with caplog.at_level(logging.INFO):
            assert await city.measure(6.0) == [("cleared", 2), ("open", 4)]
        assert "from cleared to updated" in caplog.text
        assert await city.measure(6.1) == [("cleared", 2), ("open", 4)]
        assert await city.measure(1.0) == [("cleared", 2), ("cleared", 4)]


async def test_what_rises_just_after_a_desk_has_closed_its_alert_is_another_alert(database: str) -> None:
    """Nobody has told the rules yet; the store knows."""
    async with open_city(database) as city:
        assert await city.measure(3.5) == [("open", 2)]
        [(alert,)] = await city.alarms.run("select id from alert")
        assert await city.alarms.apply(alert, "false_alarm")
        assert await city.measure(4.0) == [("false_alarm", 2)]
        assert await city.measure(6.0) == [("false_alarm", 2), ("open", 4)]


async def test_the_results_of_a_batch_are_its_facts(store_url: str) -> None:
    register(store_url)
    async with open_pool(Database(url=store_url)) as pool:
        batch = Batch([RAW])
        batch.changes = [change("1", "a", "raised"), change("2", "b", "raised"), change("3", "a", "cleared")]
        await Committer(pool).commit(batch)
        assert [result.outcome for result in batch.of(Results)] == ["applied", "refused", "applied"]
        [refused] = batch.of(Results).refused
        assert refused.change is batch.changes[1]
        assert "active alert of this rule already" in refused.reason
        good = Batch([RAW])
        good.changes = [change("1", "a", "raised"), change("4", "b", "raised")]
        await Committer(pool).commit(good)
        assert [result.outcome for result in good.of(Results)] == ["repeated", "applied"]
        assert good.of(Results).refused == []
    assert count(store_url, "alert_change") == 3
    assert fetch(store_url, "select state from alert order by raised_at") == [("cleared",), ("open",)]


async def test_a_desk_does_not_wait_for_a_batch_that_copies_its_readings(store_url: str) -> None:
    register(store_url)
    async with open_pool(Database(url=store_url)) as pool:
        alarms = Alarms(pool)
        other = await alarms.raised("other")
        committer = Committer(pool)
        await committer.commit(readings(grid(range(1, 3), range(10))))  # the month has its partition
        batch = readings(grid(range(1, 3), range(10, 20)))
        batch.changes = [change("1", "a", "raised")]
        async with asyncio.timeout(60):
            async with await connect(store_url) as blocking, blocking.transaction():
                await blocking.execute("lock table reading in access exclusive mode")
                committing = asyncio.create_task(committer.commit(batch), name="commit")

                async def copies() -> bool:
                    return bool(await alarms.run("select pid from pg_stat_activity where wait_event_type = 'Lock'"))

                await eventually(copies, "the batch waits for the readings' table")
                assert await alarms.apply(other, "acknowledged")
                assert not committing.done()
            await committing
    kinds = fetch(store_url, "select kind from alert_change order by cursor")
    assert kinds == [("raised",), ("acknowledged",), ("raised",)]


def test_alert_changes_are_the_last_stage_of_a_hub() -> None:
    stages = HubStages(Settings(), Registry(), Counters(), lambda: True)
    assert isinstance(stages.ordered[-1], AlertChanges)
