"""Attempts that are refused are in the audit: counted by who, from where and for what, so that a flood costs little."""

from starlette.requests import HTTPConnection

from hub.access.refusals import KINDS, Refusals
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.served_api import api_context, client_of

TOLD = "select action, actor, subject, address, detail from audit where action = 'access.refused' order by id"


async def test_wrong_tokens_are_counted_into_one_entry(database: str) -> None:
    async with api_context(database, token="the right one") as context, client_of(context) as client:
        for _ in range(300):
            assert (await client.get("/devices/air-0", headers={"authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/devices/air-0")).status_code == 401, "who shows nothing has tried nothing"
        assert (await client.get("/devices", headers={"authorization": "Bearer the right one"})).status_code == 200
        await context.refusals.write(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            told = await (await conn.execute(TOLD)).fetchall()
        seen = {"status": 401, "requests": 300}
        assert told == [("access.refused", "nobody", "GET /devices/{code}", "127.0.0.1", seen)]
        assert (await client.get("/devices", headers={"authorization": "Bearer wrong"})).status_code == 401
        await context.refusals.write(context.hub_pool)
        await context.refusals.write(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            told = await (await conn.execute(TOLD)).fetchall()
        assert [each[4]["requests"] for each in told] == [300, 1]


async def test_a_permission_that_is_lacking_names_who_lacks_it(database: str) -> None:
    async with api_context(database, token="the right one") as context, client_of(context) as client:
        client.headers["authorization"] = "Bearer the right one"
        made = await client.post("/keys", json={"name": "pump-house", "role": "viewer"})
        assert made.status_code == 201, made.text
        answer = await client.get("/audit", headers={"authorization": f"Bearer {made.json()['key']}"})
        assert answer.status_code == 403
        await context.refusals.write(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            [told] = await (await conn.execute(TOLD)).fetchall()
        assert told[1].startswith("principal:")
        assert (told[2], told[4]) == ("GET /audit", {"status": 403, "requests": 1})


async def test_a_flood_from_many_addresses_is_bounded(database: str) -> None:
    refusals = Refusals()
    for number in range(2 * KINDS):
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"authorization", b"x")]}
        refusals.count(HTTPConnection({**scope, "client": (f"10.0.{number // 256}.{number % 256}", 1)}), 401)
    async with open_pool(Database(url=database)) as pool:
        await refusals.write(pool)
        async with pool.connection() as conn:
            told = await (await conn.execute(TOLD)).fetchall()
    assert len(told) == KINDS + 1
    assert told[-1][2:] == ("others", None, {"status": None, "requests": KINDS})
