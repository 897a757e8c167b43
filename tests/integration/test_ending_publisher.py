"""Endings reach whoever decides: in order, at least once, and nothing is pending once they are committed."""

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from hub.alerts.alert import Change
from hub.alerts.apply import apply
from hub.alerts.endings import Ending, decode_ending
from hub.alerts.publisher import EndingPublisher, clear_retired
from hub.models import AlertChange, Delivery, Outcome
from hub.settings import Database, Settings
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms


class Sink:
    """Takes deliveries, and settles them while it is told to."""

    full = False

    def __init__(self) -> None:
        self.settles = True
        self.told: list[Ending] = []
        self.came = asyncio.Event()

    async def submit(self, delivery: Delivery) -> None:
        for raw in delivery.raws:
            ending = decode_ending(raw.payload)
            assert ending is not None
            assert raw.origin.device == "gauge-1"
            self.told.append(ending)
        self.came.set()
        if self.settles:
            await delivery.settle(Outcome())

    def ids(self) -> list[UUID]:
        return [ending.alert_id for ending in self.told]


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


def publisher(url: str, sink: Sink) -> EndingPublisher:
    return EndingPublisher(Settings(database=Database(url=url)), sink)


async def ended(alarms: Alarms, *kinds: str) -> UUID:
    alert = await alarms.raised(level=2)
    for kind in kinds:
        assert await alarms.apply(alert, kind)
    return alert


async def pending(alarms: Alarms) -> int:
    return int((await alarms.run("select count(*) from alert_ending"))[0][0])


async def test_what_a_desk_ends_while_the_condition_lasts_is_told_once_and_in_order(
    alarms: Alarms, database: str
) -> None:
    sink = Sink()
    first = await ended(alarms, "acknowledged", "closed")
    second = await ended(alarms, "false_alarm")
    await ended(alarms, "cleared", "closed")
    await ended(alarms, "acknowledged")
    async with await connect(database) as conn:
        mine = publisher(database, sink)
        await mine.work(conn)
        assert sink.ids() == [first, second]
        assert (sink.told[0].kind, sink.told[0].peak_level, sink.told[0].series_id) == ("closed", 2, None)
        assert await pending(alarms) == 0
        await mine.work(conn)
    assert sink.ids() == [first, second]


async def test_what_is_not_committed_is_told_again_by_whoever_leads_then(alarms: Alarms, database: str) -> None:
    sink = Sink()
    alert = await ended(alarms, "false_alarm")
    sink.settles = False
    async with await connect(database) as conn, asyncio.timeout(30):
        dying = asyncio.create_task(publisher(database, sink).work(conn), name="dying")
        await sink.came.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    assert await pending(alarms) == 1
    sink.settles = True
    async with await connect(database) as conn:
        await publisher(database, sink).work(conn)
    assert sink.ids() == [alert, alert]
    assert sink.told[0] == sink.told[1]
    assert await pending(alarms) == 0


async def test_an_ending_that_is_rolled_back_is_not_told(alarms: Alarms, database: str) -> None:
    sink = Sink()
    alert = await alarms.raised()
    assert not await alarms.apply(alert, "closed")
    async with await connect(database) as conn:
        await publisher(database, sink).work(conn)
    assert sink.told == []


async def test_the_alerts_of_a_retired_device_are_cleared_with_the_reason(alarms: Alarms, database: str) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    opened, closed, over = await alarms.raised(), await ended(alarms, "false_alarm"), await ended(alarms, "cleared")
    async with await connect(database) as conn:
        assert await clear_retired(conn) == 0
        await conn.execute("update device set state = 'retired'")
        assert await clear_retired(conn) == 2
        assert await clear_retired(conn) == 0
    states = await alarms.run("select id, state, cleared_at is not null from alert")
    assert set(states) == {(opened, "cleared", True), (closed, "false_alarm", True), (over, "cleared", True)}
    query = "select alert_id, kind, actor, note from alert_change where actor = 'hub'"
    assert sorted(await alarms.run(query)) == sorted(
        (alert, "cleared", "hub", "the device is retired") for alert in (opened, closed)
    )
    assert len(await alarms.outbox("desk")) == 3 + 2 + 2


async def test_two_that_clear_at_once_clear_each_alert_once(alarms: Alarms, database: str) -> None:
    for _ in range(5):
        await alarms.raised()
    await alarms.run("update device set state = 'retired'")
    async with await connect(database) as one, await connect(database) as other:
        await asyncio.gather(clear_retired(one), clear_retired(other))
    assert await alarms.run("select count(*) from alert_change where kind = 'cleared'") == [(5,)]


async def test_batches_desks_and_the_publisher_at_once_wait_for_each_other_and_for_nothing_else(
    alarms: Alarms, database: str
) -> None:
    measured, closed = [await alarms.raised() for _ in range(6)], [await alarms.raised() for _ in range(12)]
    await alarms.run("insert into device (code, name, profile_id) select 'gauge-2', 'Gauge 2', id from profile")
    retired: list[Change] = [
        AlertChange(uuid4(), uuid4(), "raised", 0, 1, f"gauge-2/{n}", 2, None, 3, "a title") for n in range(6)
    ]
    assert {result.outcome for result in await alarms.commit(retired)} == {"applied"}
    sink, picks = Sink(), random.Random(5)

    async def batches() -> None:
        for second in range(10):
            changes: list[Change] = [
                AlertChange(uuid4(), alert, "updated", second, 1, "t", 1, None, 2, "a title")
                for alert in picks.sample(measured, 4)
            ]
            async with alarms.pool.connection() as conn, conn.transaction():
                await conn.execute("update device set name = name where code = 'gauge-1'")
                assert {result.outcome for result in await apply(conn, changes)} == {"applied"}

    async def desk(mine: list[UUID]) -> None:
        for alert in mine:
            assert await alarms.apply(alert, "false_alarm")

    async def publish() -> None:
        async with await connect(database) as conn:
            mine = publisher(database, sink)
            while len(sink.told) < len(closed):
                await mine.work(conn)

    async def retire() -> None:
        await alarms.run("update device set state = 'retired' where code = 'gauge-2'")

    async with asyncio.timeout(60):
        await asyncio.gather(
            batches(), batches(), desk(closed[::2]), desk(closed[1::2]), publish(), publish(), retire()
        )
        async with await connect(database) as conn:
            await publisher(database, sink).work(conn)
    assert set(sink.ids()) == set(closed)
    assert await pending(alarms) == 0
    assert await alarms.run("select count(*) from alert where device_id = 2 and cleared_at is null") == [(0,)]
