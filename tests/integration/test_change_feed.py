"""The feed of changes while many write at once: nobody who reads it misses one, gets one twice, or waits."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from api.changes import ChangeFeed, Subscription
from hub.alerts.alert import Change, Step
from hub.alerts.apply import apply
from hub.models import AlertChange
from hub.settings import Database
from hub.store.pool import Pool, connect, open_pool
from tests.support.alarms import Alarms
from tests.support.process import eventually

WRITERS = 8
COMMITS = 12
EACH = 3


class _Rollback(Exception):
    """What ends a transaction without a commit."""


@asynccontextmanager
async def long_transaction(url: str) -> AsyncIterator[None]:
    """An import, or a forgotten session: it has written, it has a snapshot and an id, and it does not end."""
    async with await connect(url) as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read")
        await conn.execute("insert into audit (actor, action, subject) values ('test', 'import', '')")
        await conn.execute("update device set name = name")
        yield


async def write(pool: Pool, number: int, raised: list[UUID]) -> int:
    """Commits of some changes each, with work before them and a slow commit after; every fourth is rolled back."""
    picks, committed = random.Random(number), 0
    for commit in range(COMMITS):
        alerts = [uuid4() for _ in range(EACH)]
        changes: list[Change] = [
            AlertChange(uuid4(), alert, "raised", commit, 1, f"{alert}", 1, None, 3, "a title") for alert in alerts
        ]
        changes += [Step(uuid4(), alert, "acknowledged", "desk") for alert in alerts[1:]]
        try:
            async with pool.connection() as conn, conn.transaction():
                await conn.execute("insert into audit (actor, action, subject) values ('test', 'write', '')")
                await asyncio.sleep(picks.random() / 100)
                results = await apply(conn, changes)
                assert {result.outcome for result in results} == {"applied"}
                if picks.random() < 0.2:  # longer than others take from their cursors to their commit
                    await asyncio.sleep(0.15)
                if commit % 4 == 3:
                    raise _Rollback
        except _Rollback:
            continue
        raised += alerts
        committed += len(changes)
    return committed


async def read(subscription: Subscription, into: list[int]) -> None:
    """What a reader gets that is there all the time."""
    while True:
        if change := await subscription.next(1.0):
            into.append(change.cursor)


async def resume(feed: ChangeFeed, into: list[int]) -> None:
    """What a reader gets that comes back again and again with the last cursor it had."""
    while True:
        into += [change.cursor async for change in feed.missed(into[-1] if into else 0)]
        await asyncio.sleep(0.002)


async def test_no_reader_skips_or_repeats_a_change_and_none_waits_for_a_long_transaction(store_url: str) -> None:
    async with open_pool(Database(url=store_url, pool_size=WRITERS + 4)) as pool:
        alarms = Alarms(pool)
        await alarms.seed()
        feed = ChangeFeed(pool, queue_limit=10_000, poll_s=0.003)
        live: list[int] = []
        resumed: list[int] = []
        raised: list[UUID] = []
        async with long_transaction(store_url), asyncio.timeout(120):
            tasks = [
                asyncio.create_task(feed.run(), name="feed"),
                asyncio.create_task(read(feed.subscribe(), live), name="reader"),
            ]
            await feed.start(None)
            tasks.append(asyncio.create_task(resume(feed, resumed), name="resumed"))
            counts = await asyncio.gather(*(write(pool, number, raised) for number in range(WRITERS)))
            stored = [row[0] for row in await alarms.run("select cursor from alert_change order by cursor")]
            assert len(stored) == sum(counts) == WRITERS * COMMITS * 3 // 4 * (2 * EACH - 1)

            async def all_read() -> bool:
                return live[-1:] == resumed[-1:] == stored[-1:]

            await eventually(all_read, "the newest change is read while the long transaction is open", 30)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert live == stored
        assert resumed == stored
        orders = await alarms.run("select alert_id, array_agg(seq order by cursor) from alert_change group by 1")
        assert {alert for alert, _ in orders} == set(raised)
        assert all(seqs == list(range(1, len(seqs) + 1)) for _, seqs in orders)
