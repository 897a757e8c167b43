"""Attempts that are refused are in the audit: counted by who, from where and for what, so that a flood costs little."""

from typing import Any

from starlette.requests import HTTPConnection

from hub.access.refusals import KINDS, Refusals
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.served_api import api_context, client_of

TOLD = "select action, actor, subject, address, detail - 'since' from audit where action = 'access.refused' order by id"


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


def attempt(address: str) -> HTTPConnection:
    """A request with a login, from an address."""
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"authorization", b"x")]}
    return HTTPConnection({**scope, "client": (address, 1)})


async def told_of(database: str, refusals: Refusals) -> list[tuple[Any, ...]]:
    async with open_pool(Database(url=database)) as pool:
        await refusals.write(pool)
        async with pool.connection() as conn:
            return await (await conn.execute(TOLD)).fetchall()


async def test_a_flood_from_many_addresses_is_bounded_and_hides_nobody_who_is_known(database: str) -> None:
    refusals = Refusals()
    for number in range(2 * KINDS):
        refusals.count(attempt(f"10.0.{number // 256}.{number % 256}"), 401)
    refusals.count(attempt("10.9.9.9"), 403, "principal:1")
    told = await told_of(database, refusals)
    assert len(told) == KINDS + 2
    assert [(each[1], *each[2:]) for each in told[KINDS:]] == [
        ("nobody", "others", None, {"status": None, "requests": KINDS}),
        ("principal:1", "others", None, {"status": None, "requests": 1}),
    ]


async def test_the_addresses_of_one_machine_are_one(database: str) -> None:
    refusals = Refusals()
    for number in range(2 * KINDS):
        refusals.count(attempt(f"2001:db8:0:7::{number:x}"), 401)
    for address in ("2001:db8:0:8::1", "::ffff:10.0.0.7", "10.0.0.7", "a name"):
        refusals.count(attempt(address), 401)
    assert [(each[3], each[4]["requests"]) for each in await told_of(database, refusals)] == [
        ("2001:db8:0:7::/64", 2 * KINDS),
        ("2001:db8:0:8::/64", 1),
        ("10.0.0.7", 2),
        ("a name", 1),
    ]
