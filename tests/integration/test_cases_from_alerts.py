"""Alerts become cases by a rule, each once, also after the leader has died."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4, uuid5

import pytest

from hub.cases.apply import apply
from hub.cases.from_alerts import follow_alerts, make_cases
from hub.cases.step import Report
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms

RULE = """insert into case_rule (code, min_level, region, event_kind, enabled)
          values (%(code)s, %(level)s, %(region)s, %(kind)s, %(enabled)s)"""


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


async def rule(alarms: Alarms, code: str, level: int = 1, **told: object) -> None:
    given = {"region": None, "kind": None, "enabled": True, **told}
    await alarms.run(RULE, code=code, level=level, **given)


async def follow(alarms: Alarms) -> None:
    async with alarms.pool.connection() as conn:
        while await make_cases(conn):
            pass


async def test_what_a_rule_wants_becomes_a_case_once(alarms: Alarms) -> None:
    before = await alarms.raised(level=4)
    await follow(alarms)
    await rule(alarms, "all", 3)
    await rule(alarms, "off", enabled=False)
    await rule(alarms, "elsewhere", region="330110")
    await rule(alarms, "gas", kind="gas_leak")
    wanted, low = await alarms.raised(level=3), await alarms.raised(level=2)
    await alarms.apply(before, "updated", level=4)
    await asyncio.gather(*[follow(alarms) for _ in range(3)])
    cases = await alarms.run("select alert_id, source, region, level, stage, reported_by from case_file")
    assert cases == [(wanted, "rule", "330106001002", 3, "reported", "rule:all")]
    await alarms.apply(low, "updated", level=4)
    await alarms.apply(wanted, "updated", level=4)
    await follow(alarms)
    assert await alarms.run("select count(*) from case_file") == [(2,)], "one that rises becomes one too"


async def test_what_was_found_false_before_the_leader_came_becomes_none_until_it_is_reopened(alarms: Alarms) -> None:
    await rule(alarms, "all")
    false, real = await alarms.raised(), await alarms.raised()
    await alarms.apply(false, "false_alarm")
    await follow(alarms)
    assert await alarms.run("select alert_id from case_file") == [(real,)]
    await alarms.apply(false, "reopened")
    await follow(alarms)
    assert await alarms.run("select count(*) from case_file") == [(2,)]


async def test_a_caller_cannot_take_the_place_of_a_case_that_a_rule_makes(alarms: Alarms) -> None:
    await rule(alarms, "all")
    alert = await alarms.raised()
    taken = Report(uuid4(), uuid5(alert, "case"), datetime.now(UTC), "ann", "mine", "entered", "330106001002", None)
    async with alarms.pool.connection() as conn, conn.transaction():
        await apply(conn, [taken])
    await follow(alarms)
    assert await alarms.run("select alert_id from case_file where source = 'rule'") == [(alert,)]


async def test_a_leader_that_dies_in_between_makes_none_twice(alarms: Alarms) -> None:
    await rule(alarms, "all")
    alerts = {await alarms.raised() for _ in range(3)}
    async with alarms.pool.connection() as conn, conn.transaction(force_rollback=True):
        assert await make_cases(conn) == 3
    assert await alarms.run("select count(*) from case_file") == [(0,)]
    await follow(alarms)
    await alarms.run("update case_rule_position set cursor = 0")  # as after a restore of an older copy
    await follow(alarms)
    assert {alert for (alert,) in await alarms.run("select alert_id from case_file")} == alerts
    assert await alarms.run("select count(*) from case_step") == [(3,)]


async def test_what_the_hub_says_of_itself_and_drills_become_none(alarms: Alarms) -> None:
    await rule(alarms, "all")
    drill = uuid4()
    alert = await alarms.raised()
    await alarms.run(
        """insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
           values (%(id)s, 'exercise', 'x', '{}', now(), now() + interval '1 hour', 'test')""",
        id=drill,
    )
    await alarms.run("update alert set drill_id = %(drill)s where id = %(alert)s", drill=drill, alert=alert)
    async with alarms.pool.connection() as conn:
        assert await follow_alerts(conn) > 0
    assert await alarms.run("select count(*) from case_file") == [(0,)]
