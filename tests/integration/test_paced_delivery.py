"""A storm for a robot on a real store: its limit is kept, each alert is named, and first reds come by themselves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from api.push.dingtalk import DingTalk, parse_dingtalk
from api.push.http_call import open_calls
from api.push.outbox import DeliveryWorker, Limits
from api.push.pace import Pace
from hub.models import AlertChange, now_micros
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import Alarms
from tests.support.process import eventually
from tests.support.robots import DingTalkServer
from tests.support.webhooks import LOCAL, PLAIN


class Quick(DingTalk):
    pace = Pace(burst=4, every_s=0.5, group=20)  # 8 in any 2 s


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database, pool_size=16)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


async def test_a_storm_keeps_the_limit_and_names_each_alert_once(alarms: Alarms) -> None:
    async with DingTalkServer() as server, open_calls(LOCAL) as calls, AsyncExitStack() as stack:
        server.per_minute, server.minute_s = 8, 2.0
        address = parse_dingtalk(server.address(1))
        await alarms.run(
            "insert into consumer (code, kind, url, query, secret) "
            "values ('robot', 'dingtalk', %(url)s, %(query)s, %(secret)s)",
            url=address.url,
            query=address.query,
            secret=server.secret,
        )
        now = now_micros()
        for number in range(60):
            level, title = 4 if number % 30 == 0 else 3, f"pole {number}."
            await alarms.commit(
                [AlertChange(uuid4(), uuid4(), "raised", now, 1, f"gauge-1/{number}", 1, None, level, title)]
            )
        for _ in range(2):  # two processes share the limit
            worker = DeliveryWorker(alarms.pool, {"dingtalk": Quick(calls, PLAIN)}, Limits(poll_s=0.05))
            task = asyncio.create_task(worker.run(), name="delivery_worker")
            stack.push_async_callback(_ended, task)

        async def all_sent() -> bool:
            return {state for state, _ in await alarms.outbox("robot")} == {"delivered"}

        await eventually(all_sent, "everything at the robot")
        assert len(server.received) == len(server.taken), "it never had too many"
        texts = [message["markdown"]["text"] for _, message in server.taken]
        assert len(texts) < 30
        for number in range(60):
            [named] = [text for text in texts if f"pole {number}." in text]
            if number % 30 == 0:
                assert " alerts: " not in named, "a first red comes by itself"
        assert any(" alerts: " in text for text in texts)
        attempts = [attempts for _, attempts in await alarms.outbox("robot")]
        assert set(attempts) == {1}, "what waited for the limit was not tried"
        assert json.loads(server.received[0].body)["msgtype"] == "markdown"


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
