"""A leader that hangs with its connection open is noticed by the timers that nobody takes (app/serve/overdue.py)."""

from collections.abc import AsyncIterator

import pytest

from app.serve.overdue import look
from hub.alerts.fallback_watch import fall
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        await made.consumer("desk")
        yield made


async def lasting(alarms: Alarms) -> list[tuple[str, int]]:
    found = await alarms.run(
        "select target, level from alert where event_kind = 'timers_overdue' and cleared_at is null order by target"
    )
    return [(target, level) for target, level in found]


async def test_what_is_overdue_is_told_once_and_until_it_is_taken(alarms: Alarms) -> None:
    await alarms.raised(level=4)
    await alarms.run("update alert_fallback set due_at = now() - interval '2 minutes'")
    await look(alarms.pool)
    assert await lasting(alarms) == [], "without a fallback consumer it waits for one"
    await alarms.run(
        "insert into consumer (code, url, secret, filters, fallback) values ('duty', 'u', 's', '[]', true)"
    )
    await alarms.run("update alert_fallback set due_at = now() - interval '50 s'")
    await look(alarms.pool)
    assert await lasting(alarms) == [], "a leader may be on its way"
    await alarms.run("update alert_fallback set due_at = now() - interval '2 minutes'")
    for _ in range(2):
        await look(alarms.pool)
    assert await lasting(alarms) == [("timers_overdue:fallback", 4)]
    [(told,)] = await alarms.run(
        "select count(*) from outbox o join alert a on a.id = o.alert_id where a.event_kind = 'timers_overdue'"
    )
    assert told == 1
    async with alarms.pool.connection() as conn:
        await fall(conn)
    await look(alarms.pool)
    assert await lasting(alarms) == []


async def test_one_process_looks_at_a_time(alarms: Alarms) -> None:
    await alarms.raised(level=4)
    await alarms.run(
        "insert into consumer (code, url, secret, filters, fallback) values ('duty', 'u', 's', '[]', true)"
    )
    await alarms.run("update alert_fallback set due_at = now() - interval '2 minutes'")
    async with alarms.pool.connection() as conn, conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(hashtext('ganzhi.overdue'))")
        await look(alarms.pool)
        assert await lasting(alarms) == []
    await look(alarms.pool)
    assert len(await lasting(alarms)) == 1


ENDED = """
insert into drill (id, kind, name, consumers, begins_at, ends_at, made_by)
values (gen_random_uuid(), 'exercise', 'x', '{}', now() - interval '1 hour', now() - interval '50 s', 'a')"""
SILENCED = """
with s as (
    insert into silence (id, region, max_level, reason, from_at, to_at, made_by)
    values (gen_random_uuid(), '33', 3, 'works', now() - interval '1 hour', now() - interval '50 s', 'a') returning id
)
update outbox set state = 'silenced', silence_id = s.id from s"""
QUIET = "update outbox set state = 'quiet', quiet_until = now() - interval '50 s'"


@pytest.mark.parametrize(
    ("made", "later", "timer"),
    [
        (ENDED, "update drill set ends_at = now() - interval '2 minutes'", "drills"),
        (SILENCED, "update silence set to_at = now() - interval '2 minutes'", "silences"),
        (QUIET, "update outbox set quiet_until = now() - interval '2 minutes'", "silences"),
    ],
)
async def test_what_is_over_is_overdue_where_nobody_sees_to_it(
    alarms: Alarms, made: str, later: str, timer: str
) -> None:
    await alarms.raised(level=2)
    await alarms.run(made)
    await look(alarms.pool)
    assert await lasting(alarms) == [], "a leader may be on its way"
    await alarms.run(later)
    await look(alarms.pool)
    assert await lasting(alarms) == [(f"timers_overdue:{timer}", 4)]
