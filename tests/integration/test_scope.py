"""Rules that are limited to organisations, regions, tags and devices follow these with the next batch."""

import random
from collections.abc import AsyncIterator

import pytest

from analytics.rules.ruleset import RuleSet
from analytics.rules.scope import FEW
from analytics.rules.slots import NEVER
from analytics.rules.stored import read_past
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.rule_city import SEED, City

ORGANISATIONS = "city", "water", "north", "roads"
REGIONS = "330106001000", "330106002000", "330109001000"
TAGS = '{"site": "tunnel", "rank": 7}', '{"site": "bridge"}', '{"rank": "7"}', "{}"
SCOPES = (
    "organisation = 'city'", "organisation = 'water'", "organisation = 'north'", "region = '3301'", "region = '330106'",
    "region = '330106002'", "tag = 'site'", "tag = 'site:tunnel'", "tag = 'rank:7'", "devices = '{1,3}'",
    "devices = '{2}'", "organisation = 'water', region = '330106', tag = 'site'",
    "region = '3301', devices = '{1,2,4}'", "tag = 'rank'",
)  # fmt: skip
FREE = "organisation = null, region = null, tag = null, devices = null"
PLACES = f"""
insert into organisation (code, name, parent) values
    ('city', 'City', null), ('water', 'Water', 'city'), ('north', 'North', 'water'), ('roads', 'Roads', null);
insert into device (code, name, profile_id)
    select 'gauge-' || n, 'River gauge ' || n, p.id
    from profile p, generate_series(4, {FEW + 6}) n where p.code = 'gauge';
insert into rule (code, name, profile_id, metric, direction, thresholds)
    select 'limited-' || n, 'Limited', id, 'level', 'above', '{{"yellow": 3}}'
    from profile, generate_series(1, {len(SCOPES)}) n where profile.code = 'gauge';
"""
WATCHED = """
select rule.id, s.id
from rule join device d on d.profile_id = rule.profile_id and d.state = 'active'
join series s on s.device_id = d.id and s.metric = rule.metric
where rule.enabled and in_rule_scope(organisations_below(rule.organisation), rule.region, rule.tag, rule.devices,
                                     d.id, d.organisation, d.region, d.tags)
"""


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


def watched(rules: RuleSet) -> set[tuple[int, int]]:
    slots = rules.slots
    return {(slots.rule(slot).id, int(slots.series[slot])) for slot in (slots.row >= 0).nonzero()[0].tolist()}


async def test_rules_watch_what_the_store_says_whatever_moves(city: City) -> None:
    chance = random.Random(7)
    await city.run(PLACES)
    for number, scope in enumerate(SCOPES, 1):
        await city.run(f"update rule set {scope} where code = 'limited-{number}'")
    devices = FEW + 6
    seen = set()
    for step in range(40):
        at = f"gauge-{chance.randint(1, devices)}"
        kind = chance.choice(["place", "tags", "both", "all", "above", "rule", "state"])
        place = f"organisation = '{chance.choice(ORGANISATIONS)}', region = '{chance.choice(REGIONS)}'"
        if kind in ("place", "both"):
            await city.run(f"update device set {place} where code = '{at}'")
        if kind in ("tags", "both"):
            await city.run(f"update device set tags = '{chance.choice(TAGS)}' where code = '{at}'")
        if kind == "all":
            await city.run(f"update device set {place} where id %% 2 = {step % 2}".replace("%%", "%"))
        if kind == "above":
            above = chance.choice(["null", "'city'", "'roads'"])
            await city.run(f"update organisation set parent = {above} where code = 'water'")
        if kind == "rule":
            scope = FREE if chance.random() < 0.2 else chance.choice(SCOPES)
            await city.run(f"update rule set {FREE} where code = 'limited-{step % 14 + 1}'")
            await city.run(f"update rule set {scope} where code = 'limited-{step % 14 + 1}'")
        if kind == "state":
            await city.run(f"update device set state = '{chance.choice(['active', 'suspended'])}' where code = '{at}'")
        await (city.book.refresh(city.pool) if step % 2 else city.registry.refresh(city.pool))
        city.decide(city.readings((step, 1.0)))  # between the two looks
        await city.refresh()
        city.decide(city.readings((step, 1.0)))
        expected = set(await city.run(WATCHED))
        assert watched(city.book._set) == expected, (step, kind)
        seen.add(frozenset(expected))
        if step % 13 == 12:
            await city.restart()
            city.decide(city.readings((step, 1.0)))
            assert watched(city.book._set) == expected, "a restart watches the same"
    assert len(seen) > 10


async def test_a_device_that_leaves_the_scope_keeps_its_alert_which_ends_when_it_is_back(city: City) -> None:
    await city.run("update device set region = '330106001000', tags = '{\"site\": \"tunnel\"}'")
    await city.run("update rule set region = '330106', tag = 'site:tunnel' where code = 'flood'")
    await city.refresh()
    await city.take(city.readings((0, 4.0)))
    await city.run("update device set tags = '{}' where code = 'gauge-1'")
    await city.refresh()
    await city.take(city.readings((1, 1.0)), city.readings((1, 4.0), gauge=2))
    level = ("gauge-1/level", "raised", "yellow"), ("gauge-2/level", "raised", "yellow")
    assert await city.told() == [*level]
    await city.restart()
    await city.run("update device set tags = '{\"site\": \"tunnel\"}' where code = 'gauge-1'")
    await city.refresh()
    await city.take(city.readings((2, 1.0)))
    assert await city.told() == [*level, ("gauge-1/level", "cleared", "yellow")]


async def test_an_event_rule_hears_the_devices_of_its_scope_only(city: City) -> None:
    camera = "update device set {} where code = 'cam-1'"
    await city.run("insert into organisation (code, name) values ('roads', 'Roads')")
    await city.run("update rule set organisation = 'roads' where code = 'smoke'")
    await city.refresh()
    await city.take(await city.events((0, "active")))
    assert await city.told() == []
    await city.run(camera.format("organisation = 'roads'"))
    await city.refresh()
    await city.take(await city.events((1, "active")))
    assert await city.told() == [("cam-1/smoke", "raised", "orange")]
    await city.run(camera.format("organisation = null"))
    await city.refresh()
    await city.take(await city.events((2, "inactive")))
    assert len(await city.told()) == 1


async def test_a_hold_is_read_again_of_devices_in_the_scope_only(city: City) -> None:
    await city.run("update device set region = '330106001000' where code = 'gauge-1'")
    await city.run("update rule set hold_s = 10, region = '330106' where code = 'flood'")
    await city.refresh()
    some = city.readings((0, 4.0)), city.readings((0, 4.0), gauge=2)
    await city.take(*some)
    await city.keep_latest(*some)
    await city.restart()
    slots = city.book._set.slots
    pending = {int(slots.series[slot]) for slot in slots.pending()}
    assert pending == {city.series[1]}
    async with city.pool.connection() as conn:
        past = await read_past(conn, NEVER)
    assert set(past.recent.series.tolist()) == {city.series[1]}, "nothing else is read"
