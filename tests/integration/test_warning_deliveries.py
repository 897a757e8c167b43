"""Official warnings reach the consumers that want them: once each, in order, as what they are."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from api.push.dingtalk import DingTalk, parse_dingtalk
from api.push.http_call import open_calls
from api.push.leased import LeasedDeliveries
from api.push.pace import Pace
from api.push.warning_deliveries import WARNINGS
from hub.settings import Database
from hub.store.pool import connect, open_pool
from hub.warnings.telling import tell_consumers
from tests.support.process import eventually
from tests.support.robots import DingTalkServer
from tests.support.served_api import api_context, client_of
from tests.support.warning_samples import CANCELLED, CITY, UPDATED, cap, national, nmc
from tests.support.webhooks import LOCAL, PLAIN, Receiver, open_webhook

NOW = datetime.now(UTC).replace(microsecond=0)


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat(" ")


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as opened:
        yield opened


@pytest.fixture
async def desk(database: str, client: httpx.AsyncClient) -> AsyncIterator[Receiver]:
    """A consumer of the city that wants warnings from yellow on, and one that wants none."""
    receiver = Receiver()
    await receiver.start()
    async with connect_of(database) as conn:
        for code, warnings in (("desk", True), ("mute", False)):
            body = {"url": "https://8.8.8.8/hook", "warnings": warnings, "min_level": "yellow", "region": "3301"}
            (await client.put(f"/consumers/{code}", json={**body, "lang": "zh"})).raise_for_status()
        await conn.execute("update consumer set url = %s", (receiver.url(),))
    async with open_pool(Database(url=database)) as pool, open_webhook(LOCAL, PLAIN) as channel:
        works = [asyncio.create_task(LeasedDeliveries(pool, {"webhook": channel}, WARNINGS).run()) for _ in range(2)]
        yield receiver
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
    await receiver.stop()


@contextlib.asynccontextmanager
async def connect_of(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await connect(url) as conn:
        yield conn


async def say(client: httpx.AsyncClient, database: str, text: str, query: str = "") -> None:
    (await client.post(f"/warnings{query}", content=text.encode())).raise_for_status()
    async with connect_of(database) as conn:
        for _ in range(2):
            await tell_consumers(conn)


async def settled(database: str) -> None:
    async def all_out() -> bool:
        async with connect_of(database) as conn:
            row = await (await conn.execute("select from warning_delivery where state = 'pending' limit 1")).fetchone()
            return row is None

    await eventually(all_out, "all warnings are out")


def events(desk: Receiver) -> list[tuple[str, str, str]]:
    told: list[dict[str, Any]] = [json.loads(got.body) for got in desk.received]
    return [(each["type"], each["data"]["identifier"], each["data"]["title"]) for each in told]


async def test_a_chain_is_told_once_in_order(database: str, client: httpx.AsyncClient, desk: Receiver) -> None:
    first = national(sent=at(-3))
    for text in (first, first, cap(sent=at(-3).replace(" ", "T"))):
        await say(client, database, text)
        await settled(database)
    second = national(UPDATED, "Update", at(-2), CITY, "Red")
    await say(client, database, second)
    await say(client, database, national(CANCELLED, "Cancel", at(-1), f"{CITY} {UPDATED}"))
    await settled(database)
    found = events(desk)
    assert found[0] == ("ganzhi.warning.issued", CITY, "【预警·发布】示例市气象局发布暴雨橙色预警")
    assert [each[:2] for each in found[-2:]] == [
        ("ganzhi.warning.updated", UPDATED),
        ("ganzhi.warning.cancelled", UPDATED),
    ]
    assert len(found) == 4, "the second source adds an end and English: an update"
    assert len(set(desk.ids())) == 4
    assert all("告警" not in title for *_, title in found)


async def test_who_is_not_told(database: str, client: httpx.AsyncClient, desk: Receiver) -> None:
    await say(client, database, national("elsewhere", sent=at(-1), geocode="440100000000", office=""))
    await say(client, database, national("low", sent=at(-1), severity="Blue"))
    await say(client, database, national("drill", sent=at(-1), status="Exercise"))
    await say(client, database, national("old", sent=at(-30)))
    await say(client, database, national(CANCELLED, "Cancel", at(-1), CITY))
    await say(client, database, national(sent=at(-2)))
    await settled(database)
    assert events(desk) == [], "what is elsewhere, below the level, an exercise, or over when it comes"
    await say(client, database, national("mauve", sent=at(-1), severity="Mauve", headline="提示"))
    await settled(database)
    assert [each[1] for each in events(desk)] == ["mauve"], "without a level it is told"


async def test_what_ends_by_itself_is_told(database: str, client: httpx.AsyncClient, desk: Receiver) -> None:
    issued = (NOW + timedelta(hours=7)).strftime("%Y/%m/%d %H:%M")
    await say(client, database, nmc(CITY, UPDATED).replace("2026/07/09 07:44", issued), "?source=nmc")
    async with connect_of(database) as conn:
        await conn.execute("update warning set ends_at = now() where identifier = %s", (CITY,))
        await tell_consumers(conn)
    await say(client, database, nmc(), "?source=nmc")
    await settled(database)
    assert sorted(each[:2] for each in events(desk)) == [
        ("ganzhi.warning.expired", CITY),
        ("ganzhi.warning.expired", UPDATED),
        ("ganzhi.warning.issued", CITY),
        ("ganzhi.warning.issued", UPDATED),
    ]


async def test_a_failing_desk_gets_it_later_with_the_same_id(
    database: str, client: httpx.AsyncClient, desk: Receiver
) -> None:
    desk.answer = lambda got: 500 if len(desk.received) < 3 else 200
    await say(client, database, national(sent=at(-3)))
    await settled(database)
    assert len(desk.received) == 3
    assert len(set(desk.ids())) == 1


async def test_a_robot_gets_warnings_within_half_of_its_pace(database: str, client: httpx.AsyncClient) -> None:
    async with DingTalkServer() as server, open_calls(LOCAL) as calls:
        address = parse_dingtalk(server.address(1))
        body = {"kind": "dingtalk", "url": f"https://oapi.dingtalk.com/robot/send?{address.query}", "warnings": True}
        (await client.put("/consumers/robot", json=body)).raise_for_status()
        async with connect_of(database) as conn:
            await conn.execute("update consumer set url = %s, secret = %s", (address.url, server.secret))
            for number in range(8):
                await say(client, database, national(f"x-{number}", sent=at(-1), office="33010041600000"))
            async with open_pool(Database(url=database)) as pool:
                work = asyncio.create_task(LeasedDeliveries(pool, {"dingtalk": Slow(calls, PLAIN)}, WARNINGS).run())
                await eventually(lambda: none_tried(conn), "half of its pace is used, the others wait")
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        assert len(server.taken) == 5
        [text] = {message["markdown"]["text"].partition("\n")[0] for _, message in server.taken}
        assert text == '### <font color="#DC6803">【预警·发布】示例市气象局发布暴雨橙色预警</font>'
        assert "官方预警发布" in server.taken[0][1]["markdown"]["text"]


class Slow(DingTalk):
    pace = Pace(burst=10, every_s=600.0, group=20)


async def none_tried(conn: psycopg.AsyncConnection) -> bool:
    query = "select count(*), sum(attempts) from warning_delivery where state = 'pending' and next_at > now()"
    return await (await conn.execute(query.encode())).fetchone() == (3, 0)


async def test_what_follows_the_log_of_alerts_gets_no_warnings(client: httpx.AsyncClient) -> None:
    answer = await client.put("/consumers/bus", json={"kind": "kafka", "warnings": True})
    assert answer.status_code == 422
    assert "make a webhook for them" in answer.text
