"""What one thing alone has found, though others could have, is lowered; danger never is."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from analytics.fusion.lone import Lone
from devices.registry.registry import Registry
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.integration.test_fusion_follow import SEED, City

WAITS = "update fusion_rule set enabled = true, within_s = 60 where code = 'object-alone'"


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        made = City(pool)
        made.url = database
        await made.seed()
        for statement in [*SEED.split(";"), WAITS]:
            await made.run(statement)
        yield made


async def looked(city: City) -> None:
    registry = Registry()
    await registry.refresh(city.pool)
    async with await connect(city.url) as conn:
        await Lone(registry).work(conn)
        await Lone(registry).work(conn)


async def old(city: City, device: str, kind: str, level: int = 3) -> UUID:
    """One that was raised two minutes ago."""
    alert = await city.happens(device, kind, level, ago_s=120)
    await city.run("update alert set raised_at = raised_at - interval '2 min' where id = %(id)s", id=alert)
    return alert


async def told(city: City, alert: UUID) -> list[tuple[str, int]]:
    found = await city.run(
        "select kind, array_position(array['blue', 'yellow', 'orange', 'red'], picture ->> 'level') "
        "from alert_change where alert_id = %(id)s order by seq",
        id=alert,
    )
    return [(kind, level) for kind, level in found]


async def test_what_others_near_could_have_found_and_did_not_is_lowered_once(city: City) -> None:
    alone, unseen = await old(city, "smoke-1", "object_left"), await old(city, "far-1", "object_left")
    fresh = await city.happens("cam-1", "fault")
    await looked(city)
    assert await told(city, alone) == [("raised", 3), ("updated", 1)]
    [(note,)] = await city.run("select note from alert_change where kind = 'updated'")
    assert note == "lowered to blue: none of the others of its kind within 100 m has found it in 1 min"
    assert await told(city, unseen) == [("raised", 3)], "nothing else is near that could have found it"
    assert await told(city, fresh) == [("raised", 2)]
    await city.happens("smoke-1", "object_left", 4, alert=alone, change="updated")
    assert await city.level(alone) == 4, "its own level has risen: that is news"
    await looked(city)
    assert await city.level(alone) == 4


async def test_what_something_else_has_found_too_stays_as_it_is(city: City) -> None:
    pair = [await old(city, device, "object_left") for device in ("smoke-1", "cam-1")]
    await looked(city)
    assert [await city.level(each) for each in pair] == [3, 3]


async def test_danger_is_not_lowered_whatever_a_rule_says(city: City) -> None:
    await city.run("alter table fusion_rule drop constraint fusion_never_lowers_danger")
    await city.run("update fusion_rule set kinds = '{fire,smoke}' where code = 'object-alone'")
    fire = await old(city, "smoke-1", "fire")
    await looked(city)
    assert await told(city, fire) == [("raised", 3)]


async def test_a_clock_that_is_ahead_makes_nothing_lone(city: City) -> None:
    pair = [await old(city, device, "object_left") for device in ("smoke-1", "cam-1")]
    await city.run("update alert set opened_at = opened_at + interval '10 min' where id = %(id)s", id=pair[0])
    await looked(city)
    assert [await city.level(each) for each in pair] == [3, 3]
