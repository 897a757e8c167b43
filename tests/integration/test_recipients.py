"""Who gets what is written, by what the store says at that moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from api.push.channel import Accepted, Answer, Consumer, Delivery
from api.push.deliveries import Deliveries
from api.push.outbox import DeliveryWorker
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms
from tests.support.deliveries import FakeChannel
from tests.support.process import eventually

ORGANISATIONS = """
insert into organisation (code, name, parent) values ('city', 'City', null), ('county', 'County', 'city'),
    ('water', 'Water', null), ('stranger', 'Stranger', null);
update device set organisation = 'county'
"""
SHARE = """
insert into data_share (owner, consumer, purpose, kinds, state, asked_by)
values ('county', 'water', 'drill', '{alerts}', 'granted', 'test')
"""


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        await made.run(ORGANISATIONS)
        for owner in ("city", "county", "water", "stranger"):
            await made.consumer(owner)
            await made.run("update consumer set owner = code where code = %(code)s", code=owner)
        yield made


async def told(alarms: Alarms, alert: UUID) -> list[str]:
    rows = await alarms.run(
        """select c.code from outbox o join consumer c on c.id = o.consumer_id where o.alert_id = %(alert)s
           order by c.code""",
        alert=alert,
    )
    return [code for (code,) in rows]


async def test_a_consumer_gets_only_what_its_organisation_may_see(alarms: Alarms) -> None:
    assert await told(alarms, await alarms.raised()) == ["city", "county"]
    await alarms.run(SHARE)
    assert await told(alarms, await alarms.raised()) == ["city", "county", "water"]
    await alarms.run("update data_share set state = 'revoked'")
    assert await told(alarms, await alarms.raised()) == ["city", "county"], "revoked at once"
    await alarms.run("update organisation set region = '3301' where code = 'stranger'")
    assert await told(alarms, await alarms.raised()) == ["city", "county", "stranger"], "in its charge"
    await alarms.run("update organisation set parent = null where code = 'county'")
    assert await told(alarms, await alarms.raised()) == ["county", "stranger"]


async def test_what_an_organisation_may_see_no_more_is_not_delivered(alarms: Alarms) -> None:
    class Desk(FakeChannel):
        def __init__(self) -> None:
            self.got: list[str] = []

        async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
            self.got.append(consumer.code)
            return Accepted()

    await alarms.run(SHARE)
    alert = await alarms.raised()
    assert await told(alarms, alert) == ["city", "county", "water"]
    await alarms.run("update data_share set state = 'revoked'")
    desk = Desk()
    worker = DeliveryWorker(alarms.pool, {"webhook": desk})

    async def settled() -> bool:
        return not await alarms.run("select 1 from outbox where state = 'pending'")

    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(), name="deliveries")
        await eventually(settled, "all is settled")
        worker.stop()
    assert sorted(desk.got) == ["city", "county"]
    why = "select o.state, o.last_error from outbox o join consumer c on c.id = o.consumer_id where c.code = 'water'"
    assert await alarms.run(why) == [("given_up", "its organisation water may not see the alert")]


async def test_what_is_shared_up_to_a_level_is_delivered_up_to_it(alarms: Alarms) -> None:
    await alarms.run(SHARE)
    await alarms.run("update data_share set ceiling = 'L2'")
    await alarms.run("update device set lon = 120.5, lat = 30.5")
    await alarms.raised()
    claimed = await Deliveries(alarms.pool).claim(10, 10, {}, 60)
    places = {each.consumer.code: each.delivery.picture.get("lon") for each in claimed}
    assert places == {"city": 120.5, "county": 120.5, "water": None}


async def test_what_is_rolled_back_is_not_remembered(alarms: Alarms) -> None:
    async with alarms.pool.connection() as conn:
        async with conn.transaction(force_rollback=True):
            await conn.execute("update consumer set enabled = false")
        assert await told(alarms, await alarms.raised()) == ["city", "county"]


async def test_the_night_desk_hears_how_it_goes_on_only_if_it_was_told(alarms: Alarms) -> None:
    later = (datetime.now(UTC).hour + 6) % 24
    await alarms.consumer("desk", hours="00:00-24:00")
    alert = await alarms.raised()
    await alarms.run(
        "update consumer set filters = %(filters)s where code = 'desk'",
        filters=Jsonb([{"hours": f"{later:02}:00-{later:02}:30", "zone": "UTC"}]),
    )
    other = await alarms.raised()
    for each in (alert, other):
        await alarms.apply(each, "cleared")
    seen = [await told(alarms, each) for each in (alert, other)]
    assert [codes.count("desk") for codes in seen] == [2, 0]


async def test_what_is_accepted_counts_as_a_use_of_the_share_by_which_it_was_seen_once(alarms: Alarms) -> None:
    await alarms.run(SHARE)
    alert = await alarms.raised()
    deliveries = Deliveries(alarms.pool)
    uses = "select actor, uses from share_use"
    for change in ("acknowledged", None):
        claimed = await deliveries.claim(10, 10, {}, 60)
        assert sorted(each.consumer.code for each in claimed) == ["city", "county", "water"]
        for each in claimed * 2:
            await deliveries.delivered(each, "ok", 1)
        if change is not None:
            assert await alarms.run(uses) == [("consumer:water", 1)], "not of who sees it without a share"
            await alarms.apply(alert, change)
    assert await alarms.run(uses) == [("consumer:water", 2)]
