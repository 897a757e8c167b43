"""alert_apply, the one way by which an alert changes."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


async def test_a_change_that_is_known_changes_nothing(alarms: Alarms) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    alert, change = uuid4(), uuid4()
    assert await alarms.apply(alert, "raised", change=change, level=2)
    assert not await alarms.apply(alert, "raised", change=change, level=2)
    update = uuid4()
    assert await alarms.apply(alert, "updated", change=update, level=4)
    assert not await alarms.apply(alert, "updated", change=update, level=4)
    assert await alarms.run("select seq, level, peak_level from alert") == [(2, 4, 4)]
    assert await alarms.run("select seq, kind from alert_change order by cursor") == [(1, "raised"), (2, "updated")]
    assert await alarms.outbox("desk") == [("pending", 0)] * 2


async def test_there_is_at_most_one_active_alert_for_a_rule_and_target(alarms: Alarms) -> None:
    first, second = uuid4(), uuid4()
    assert await alarms.apply(first, "raised", target="t", level=1)
    assert not await alarms.apply(second, "raised", target="t", level=1)
    assert await alarms.apply(uuid4(), "raised", target="other", level=1)
    assert await alarms.apply(first, "cleared", target="t")
    assert await alarms.apply(second, "raised", target="t", level=1)
    assert not await alarms.apply(first, "raised", target="t", level=1)
    assert await alarms.run("select count(*) from alert") == [(3,)]


async def test_raising_at_once_from_many_sessions_makes_one_alert(alarms: Alarms) -> None:
    done = await asyncio.gather(*[alarms.apply(uuid4(), "raised", target="t", level=1) for _ in range(8)])
    assert sorted(done) == [False] * 7 + [True]


async def test_changes_at_once_are_numbered_without_a_gap(alarms: Alarms) -> None:
    alert = await alarms.raised()
    assert all(await asyncio.gather(*[alarms.apply(alert, "updated", level=n % 4 + 1) for n in range(8)]))
    numbers = await alarms.run("select seq from alert_change order by cursor")
    assert [seq for (seq,) in numbers] == list(range(1, 10))


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["cleared"], "cleared"),
        (["acknowledged", "cleared"], "acknowledged"),
        (["acknowledged", "dispatched", "handled", "verified", "closed", "cleared"], "closed"),
        (["false_alarm", "cleared"], "false_alarm"),
        (["cleared", "closed"], "closed"),
    ],
)
async def test_clearing_ends_the_condition_and_not_the_case(alarms: Alarms, steps: list[str], state: str) -> None:
    alert = await alarms.raised()
    for step in steps:
        assert await alarms.apply(alert, step)
    assert await alarms.run("select state, cleared_at is not null, seq from alert") == [(state, True, len(steps) + 1)]


async def test_what_has_cleared_neither_changes_its_level_nor_clears_again(alarms: Alarms) -> None:
    alert = await alarms.raised()
    assert await alarms.apply(alert, "cleared")
    assert not await alarms.apply(alert, "updated", level=4)
    assert not await alarms.apply(alert, "cleared")
    assert not await alarms.apply(uuid4(), "cleared")
    assert await alarms.run("select level, seq from alert") == [(3, 2)]


async def test_consumers_get_what_reached_their_level_in_their_region(alarms: Alarms) -> None:
    for code, level, region in [("all", 1, None), ("red", 4, None), ("near", 1, "3301"), ("far", 1, "3302")]:
        await alarms.consumer(code, "http://127.0.0.1:1/", min_level=level, region=region)
    await alarms.consumer("off", "http://127.0.0.1:1/")
    await alarms.run("update consumer set enabled = false where code = 'off'")
    alert = await alarms.raised(level=2)
    await alarms.apply(alert, "updated", level=4)
    await alarms.apply(alert, "updated", level=1)
    await alarms.apply(alert, "cleared")
    counts = {code: len(await alarms.outbox(code)) for code in ("all", "red", "near", "far", "off")}
    assert counts == {"all": 4, "red": 3, "near": 4, "far": 0, "off": 0}


async def test_a_change_that_is_rolled_back_leaves_nothing(alarms: Alarms) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    async with alarms.pool.connection() as conn, conn.transaction(force_rollback=True):
        await conn.execute(
            """select alert_apply(gen_random_uuid(), gen_random_uuid(), 'raised', now(), null, null, r.id, 't',
                                  d.id, null, 'a title', 1) from rule r, device d"""
        )
        assert await (await conn.execute("select count(*) from outbox")).fetchone() == (1,)
    assert await alarms.outbox("desk") == []
    assert await alarms.run("select count(*) from alert") == [(0,)]


async def test_the_picture_tells_what_a_consumer_needs(alarms: Alarms) -> None:
    alert = await alarms.raised("gauge-1/smoke", level=2)
    await alarms.apply(alert, "updated", level=4)
    picture = (await alarms.run("select picture from alert_change order by cursor desc limit 1"))[0][0]
    expected = {
        "alert": str(alert),
        "seq": 2,
        "rule": "smoke",
        "device": "gauge-1",
        "device_name": "River gauge 1",
        "event_kind": "smoke",
        "region": "330106001002",
        "level": "red",
        "peak_level": "red",
        "state": "open",
        "title": "a title",
        "cleared_at": None,
    }
    assert picture | expected == picture
