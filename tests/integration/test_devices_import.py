from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from api.context import Context
from tests.support.served_api import AIR, api_context, client_of

CSV = {"Content-Type": "text/csv; charset=utf-8"}


@asynccontextmanager
async def hub(url: str) -> AsyncIterator[tuple[Context, httpx.AsyncClient]]:
    async with api_context(url) as context, client_of(context) as client:
        (await client.put("/profiles/air", json=AIR)).raise_for_status()
        yield context, client


async def send(client: httpx.AsyncClient, *lines: str) -> httpx.Response:
    return await client.post("/devices:import", content="\n".join(lines).encode(), headers=CSV)


async def stored(context: Context) -> list[tuple[Any, ...]]:
    async with context.pool.connection() as conn:
        query = """select d.code, d.name, p.code, d.revision::text
                   from device d left join device p on p.id = d.parent_id order by 1"""
        return await (await conn.execute(query)).fetchall()


async def test_same_file_twice_changes_nothing_and_keeps_revisions(database: str) -> None:
    lines = ["code,name,profile,parent,organisation,region,lon,lat"]
    lines += [
        f"air-{n:03},空气站 {n},air,{f'air-{n + 1:03}' if n < 199 else ''},env,330106000000,120.1,30.2"
        for n in range(200)
    ]
    async with hub(database) as (context, client):
        assert (await send(client, *lines)).json() == {"created": 200, "updated": 0, "unchanged": 0}
        before = await stored(context)
        assert before[0][:3] == ("air-000", "空气站 0", "air-001")
        assert (await send(client, *lines)).json() == {"created": 0, "updated": 0, "unchanged": 200}
        assert await stored(context) == before
        lines[1] = lines[1].replace("空气站 0", "renamed")
        assert (await send(client, *lines)).json() == {"created": 0, "updated": 1, "unchanged": 199}
        after = await stored(context)
        assert after[0][1] == "renamed"
        assert after[0][3] != before[0][3]
        assert after[1:] == before[1:]
        async with context.pool.connection() as conn:
            series = await (await conn.execute("select count(*) from series")).fetchone()
            notes = await (
                await conn.execute("select detail from audit where action = 'devices.import' order by id")
            ).fetchall()
        assert series == (200,)
        assert [note[0]["created"] for note in notes] == [200, 0]


async def test_wrong_line_stores_nothing_and_says_what_would_be_right(database: str) -> None:
    async with hub(database) as (context, client):
        answer = await send(client, "code,name,profile,parent", "a,A,air,", "b,B,airr,", "c,C,air,ghost", "d,D,air,a")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        errors = {(error["line"], error["column"]): error["problem"] for error in answer.json()["errors"]}
        assert set(errors) == {(3, "profile"), (4, "parent")}
        assert errors[3, "profile"] == "there is no profile 'airr'; did you mean air?"
        assert "no device 'ghost'" in errors[4, "parent"]
        assert await stored(context) == []


async def test_column_left_out_stays_and_empty_cell_clears(database: str) -> None:
    async with hub(database) as (_, client):
        await send(client, "code,name,profile,organisation,region", "a,A,air,env,330106000000")
        assert (await send(client, "code,name,profile,region", "a,A,air,")).json()["updated"] == 1
        device = (await client.get("/devices/a")).json()
        assert device["organisation"] == "env"
        assert device["region"] is None


async def test_devices_that_would_hang_on_themselves_are_refused(database: str) -> None:
    async with hub(database) as (context, client):
        await send(client, "code,name,profile", "a,A,air", "b,B,air")
        await send(client, "code,name,profile,parent", "b,B,air,a")
        answer = await send(client, "code,name,profile,parent", "a,A,air,c", "c,C,air,b")
        assert answer.status_code == 422
        assert {error["line"] for error in answer.json()["errors"]} == {2, 3}
        assert [(row[0], row[2]) for row in await stored(context)] == [("a", None), ("b", "a")]
        one = await client.put("/devices/a", json={"name": "A", "profile": "air", "parent": "b"})
        assert one.status_code == 422
        assert one.json()["errors"][0]["pointer"] == "/parent"


async def test_only_csv_is_taken(database: str) -> None:
    async with hub(database) as (_, client):
        answer = await client.post(
            "/devices:import", content=b"code,name,profile\n", headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 415
        repeated = await send(client, "code,name,profile", "a,A,air", "a,B,air")
        assert repeated.json()["errors"] == [{"line": 3, "column": "code", "problem": "'a' is on line 2 already"}]
