import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import openpyxl
import pytest

from api.context import Context
from simulator.fleet import build_fleet
from tests.support.served_api import AIR, api_context, client_of

CSV = {"Content-Type": "text/csv; charset=utf-8"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@asynccontextmanager
async def hub(url: str) -> AsyncIterator[tuple[Context, httpx.AsyncClient]]:
    async with api_context(url) as context, client_of(context) as client:
        (await client.put("/profiles/air", json=AIR)).raise_for_status()
        yield context, client


async def send(client: httpx.AsyncClient, *lines: str, **params: Any) -> httpx.Response:
    return await client.post("/devices:import", content="\n".join(lines).encode(), headers=CSV, params=params)


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    assert answer.is_success, answer.text
    body = answer.json()
    return body["created"], body["updated"], body["unchanged"], body["skipped"]


async def stored(context: Context) -> list[tuple[Any, ...]]:
    async with context.hub_pool.connection() as conn:
        query = """select d.code, d.name, p.code, d.revision::text
                   from device d left join device p on p.id = d.parent_id order by 1"""
        return await (await conn.execute(query)).fetchall()


async def test_same_file_twice_changes_nothing_and_keeps_revisions(database: str) -> None:
    lines = ["code,name,profile,parent,organisation,region,lon,lat,crs,tags"]
    lines += [
        f"air-{n:03},空气站 {n},air,{f'air-{n + 1:03}' if n < 199 else ''},env,330106000000,120.1,30.2,gcj02,n={n}"
        for n in range(200)
    ]
    async with hub(database) as (context, client):
        assert counts(await send(client, *lines)) == (200, 0, 0, 0)
        before = await stored(context)
        assert before[0][:3] == ("air-000", "空气站 0", "air-001")
        assert counts(await send(client, *lines)) == (0, 0, 200, 0)
        assert await stored(context) == before
        lines[1] = lines[1].replace("空气站 0", "renamed")
        assert counts(await send(client, *lines)) == (0, 1, 199, 0)
        after = await stored(context)
        assert after[0][1] == "renamed"
        assert after[0][3] != before[0][3]
        assert after[1:] == before[1:]
        async with context.hub_pool.connection() as conn:
            series = await (await conn.execute("select count(*) from series")).fetchone()
            notes = await (
                await conn.execute("select detail from audit where action = 'devices.import' order by id")
            ).fetchall()
        assert series == (200,)
        assert [note[0]["created"] for note in notes] == [200, 0]


async def test_the_audit_says_of_each_device_what_a_sheet_made_of_it(database: str) -> None:
    async with hub(database) as (context, client):
        await send(client, "code,name,profile,organisation,tags", "a,A,air,eco-a,floor=1", "b,B,air,,")
        await send(
            client, "code,name,profile,organisation,state", "a,Renamed,air,eco-z,suspended", "b,B,air,,", "c,C,air,,"
        )
        async with context.hub_pool.connection() as conn:
            told = await (
                await conn.execute(
                    "select action, subject, detail - 'note' from audit"
                    " where action <> 'devices.import' and detail ->> 'note' = 'from a sheet'"
                    " order by id"
                )
            ).fetchall()
        device = {"profile": "air", "zone": "Asia/Shanghai", "state": "active", "tags": {}}
        changes = {"name": ["A", "Renamed"], "organisation": ["eco-a", "eco-z"], "state": ["active", "suspended"]}
        assert told == [
            ("organisation.put", "eco-a", {"name": "eco-a"}),
            ("device.put", "a", {**device, "name": "A", "organisation": "eco-a", "tags": {"floor": "1"}}),
            ("device.put", "b", {**device, "name": "B"}),
            ("organisation.put", "eco-z", {"name": "eco-z"}),
            ("device.put", "a", {"changes": changes}),
            ("device.put", "c", {**device, "name": "C"}),
            ("device.step", "a", {"from": "active", "to": "suspended"}),
        ]


async def test_dry_run_tells_what_would_change_and_changes_nothing(database: str) -> None:
    async with hub(database) as (context, client):
        await send(client, "code,name,profile,tags", "a,A,air,floor=1", "b,B,air,")
        before = await stored(context)
        lines = ("code,name,profile,tags,parent", "a,A2,air,floor=2,c", "b,B,air,,", "c,C,air,,")
        answer = await send(client, *lines, dry_run=True)
        assert counts(answer) == (1, 1, 1, 0)
        assert answer.json()["changes"] == [
            {
                "line": 2,
                "code": "a",
                "action": "change",
                "changes": {"name": ["A", "A2"], "parent": [None, "c"], "tags": [{"floor": "1"}, {"floor": "2"}]},
            },
            {"line": 4, "code": "c", "action": "create", "changes": None},
        ]
        assert await stored(context) == before
        assert counts(await send(client, *lines)) == (1, 1, 1, 0)
        assert counts(await send(client, *lines, dry_run=True)) == (0, 0, 3, 0)


async def test_wrong_lines_store_nothing_and_are_told_all_at_once(database: str) -> None:
    async with hub(database) as (context, client):
        await send(client, "code,name,profile,state", "old,O,air,retired", "gate-17,G,air,active")
        before = await stored(context)
        answer = await send(
            client,
            "code,name,profile,parent,region,state",
            "a,A,air,,,",
            "b,B,airr,ghost,33,",
            "c,C,air,gate-71,,",
            "old,O,air,,,active",
            "d,D,air,e,,",
            "e,E,air,d,,",
        )
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        errors = {(error["line"], error["column"]): error["problem"] for error in answer.json()["errors"]}
        assert set(errors) == {
            (3, "profile"),
            (3, "parent"),
            (3, "region"),
            (4, "parent"),
            (5, "state"),
            (6, "parent"),
            (7, "parent"),
        }
        assert errors[3, "profile"] == "there is no profile 'airr'; did you mean air?"
        assert "did you mean gate-17?" in errors[4, "parent"]
        assert "final" in errors[5, "state"]
        assert "hang on itself" in errors[6, "parent"]
        assert await stored(context) == before


async def test_bad_lines_are_skipped_on_request_and_what_hangs_on_them(database: str) -> None:
    lines = (
        "code,name,profile,parent",
        "pole,P,nope,",
        "arm,A,air,pole",
        "lamp,L,air,arm",
        "there,T,nope,",
        "child,C,air,there",
        "free,F,air,",
    )
    async with hub(database) as (context, client):
        await send(client, "code,name,profile", "there,T,air")
        answer = await send(client, *lines, skip_bad=True)
        assert counts(answer) == (2, 0, 0, 4)
        told = {error["line"]: error["problem"] for error in answer.json()["errors"]}
        assert set(told) == {2, 3, 4, 5}
        assert "its parent 'arm', on line 3, is skipped" in told[4]
        assert [(row[0], row[2]) for row in await stored(context)] == [
            ("child", "there"),
            ("free", None),
            ("there", None),
        ]
        header = await send(client, "code,name,profile,colour", "x,X,air,red", skip_bad=True)
        assert header.status_code == 422, "a wrong header spoils every line"


async def test_column_left_out_stays_and_empty_cell_clears(database: str) -> None:
    async with hub(database) as (_, client):
        await send(client, "code,name,profile,organisation,region,state,tags", "a,A,air,env,330106000000,suspended,x=1")
        assert (await send(client, "code,name,profile,region,state", "a,A,air,,")).json()["updated"] == 1
        device = (await client.get("/devices/a")).json()
        assert device["organisation"] == "env"
        assert device["region"] is None
        assert device["state"] == "suspended"
        assert device["tags"] == {"x": "1"}


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


async def test_only_sheets_are_taken_and_credentials_are_not(database: str) -> None:
    async with hub(database) as (_, client):
        answer = await client.post(
            "/devices:import", content=b"code,name,profile\n", headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 415
        repeated = await send(client, "code,name,profile,credential", "a,A,air,", "a,B,air,", "b,B,air,s3cret")
        assert [(error["line"], error["column"]) for error in repeated.json()["errors"]] == [
            (3, "code"),
            (4, "credential"),
        ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_export_then_import_changes_nothing(database: str, form: str) -> None:
    lines = ["code,name,profile,parent,organisation,region,lon,lat,crs,zone,state,tags"]
    lines += [
        f"air-{n},{name},air,{f'air-{n + 1}' if n % 7 == 0 else ''},env,330106000000,120.{n},30.2,bd09,UTC,"
        f"{('pending', 'active', 'suspended', 'retired')[n % 4]},{tags}"
        for n in range(60)
        for name, tags in [
            [("=1+1", ""), ("@x", "a=1"), ("'q", '"{""n"": [1.5, null]}"'), ("空气站", '"{""=c"": ""x""}"')][n % 4]
        ]
    ]
    async with hub(database) as (context, client):
        assert counts(await send(client, *lines)) == (60, 0, 0, 0)
        before = await stored(context)
        sheet = await client.get("/devices:export", params={"format": form})
        kind = XLSX if form == "xlsx" else CSV
        again = await client.post("/devices:import", content=sheet.content, headers=kind)
        assert counts(again) == (0, 0, 60, 0)
        assert await stored(context) == before
        some = await client.get("/devices:export", params={"format": "csv", "state": "retired"})
        assert len(some.text.splitlines()) == 16


async def test_report_as_a_file_tells_everything(database: str) -> None:
    bad = [f"?{n},=x,air,1,2" for n in range(150)]
    async with hub(database) as (_, client):
        lines = ["code,name,profile,region,lon", *bad]
        problem = (await send(client, *lines)).json()
        assert "450 things" in problem["detail"]
        assert len(problem["errors"]) == 100
        answer = await send(client, *lines, report="csv")
        assert answer.status_code == 422
        told = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(told) == 451
        assert told[0] == ["line", "code", "column", "value", "grade", "what is wrong", "what would be right"]
        book = openpyxl.load_workbook(io.BytesIO((await send(client, *lines, report="xlsx")).content))
        assert book.worksheets[0].max_row == 451


async def test_stream_tells_progress_then_each_mistake_then_the_result(database: str) -> None:
    async with hub(database) as (context, client):
        lines = ["code,name,profile", *(f"a-{n},A,air" for n in range(5_000)), "b,B,airr"]
        headers = {**CSV, "Accept": "application/x-ndjson"}
        answer = await client.post("/devices:import", content="\n".join(lines), headers=headers)
        told = [json.loads(line) for line in answer.text.splitlines()]
        shares = [line["share"] for line in told if "doing" in line]
        assert shares == sorted(shares)
        assert len(shares) >= 4
        assert [line["mistake"]["line"] for line in told if "mistake" in line] == [5002]
        assert told[-1]["result"]["done"] is False
        assert await stored(context) == []
        answer = await client.post("/devices:import", content="\n".join(lines[:-1]), headers=headers)
        assert json.loads(answer.text.splitlines()[-1])["result"]["created"] == 5_000


async def test_codes_that_differ_by_case_only_are_told_and_taken(database: str) -> None:
    async with hub(database) as (_, client):
        head = "code,name,profile"
        await send(client, head, "Air-1,A,air", "b,B,air")
        doubtful = await send(client, head, "AIR-1,A,air", "b,B,air", "c,C,air")
        assert counts(doubtful) == (2, 0, 1, 0)
        [told] = doubtful.json()["warnings"]
        assert (told["line"], told["column"]) == (2, "code")
        assert "'Air-1' is registered: they differ by upper and lower case only" in told["problem"]
        assert (await send(client, head, "AIR-1,A,air")).json()["warnings"] == []
        twins = await send(client, head, "d,D,air", "E,E,air", "D,D,air", "e,E,air", "f,F,air")
        assert counts(twins) == (5, 0, 0, 0)
        assert [(told["line"], told["problem"][:40]) for told in twins.json()["warnings"]] == [
            (4, "'D' is new, and 'd' is in this sheet, to"),
            (5, "'e' is new, and 'E' is in this sheet, to"),
        ]
        body = {"name": "A", "profile": "air"}
        assert "only from the device" in (await client.put("/devices/air-1", json=body)).json()["warnings"][0]
        assert (await client.put("/devices/air-1", json=body)).json()["warnings"] == []
        assert (await client.put("/devices/other", json=body)).json()["warnings"] == []


async def test_the_example_of_the_template_changes_no_registered_device(database: str) -> None:
    async with hub(database) as (_, client):
        await client.put("/profiles/air-station", json={"name": "Air station", "metrics": {}})
        template = (await client.get("/devices:template", params={"format": "csv"})).content.decode("utf-8-sig")
        code = template.splitlines()[1].split(",")[0]
        assert code not in {thing.code for thing in build_fleet(200, 1)}, "none of the demo"
        mine = {"name": "mine", "profile": "air", "region": "330106001002"}
        await client.put(f"/devices/{code}", json=mine)
        refused = await client.post("/devices:import", content=template.encode(), headers=CSV)
        assert refused.status_code == 422
        assert "this is the example of the template" in refused.json()["errors"][0]["problem"]
        assert (await client.get(f"/devices/{code}")).json()["name"] == "mine"


async def test_the_template_is_a_good_sheet_and_what_is_doubtful_is_imported_with_a_warning(database: str) -> None:
    async with hub(database) as (_, client):
        await client.put("/profiles/air-station", json={"name": "Air station", "metrics": {}})
        for form, kind in (("csv", CSV), ("xlsx", XLSX)):
            made = await client.get("/devices:template", params={"format": form})
            answer = await client.post("/devices:import", content=made.content, headers=kind, params={"dry_run": True})
            assert counts(answer) == (1, 0, 0, 0)
            assert answer.json()["warnings"] == []
        lines = ["code,name,profile,organisation,region,lon,lat", "a,A,air,ecology,330106000000,120.1,30.2"]
        await send(client, *lines)
        doubtful = await send(client, *lines, "b,B,air,ecolgy,330106000000,102.1,30.2")
        assert counts(doubtful) == (1, 0, 1, 0)
        told = {warning["column"]: warning["problem"] for warning in doubtful.json()["warnings"]}
        assert set(told) == {"organisation", "lon"}
        assert "did you mean ecology?" in told["organisation"]


async def test_a_sheet_is_imported_by_plans_made_for_its_size(database: str) -> None:
    """Not by those that a connection has made while there were few devices, which read all of them each time."""
    async with hub(database) as (context, client):

        async def on_each_connection(*statements: str) -> None:
            async with AsyncExitStack() as stack:
                for _ in range(context.hub_pool.max_size):
                    conn = await stack.enter_async_context(context.hub_pool.connection())
                    for statement in statements:
                        await conn.execute(statement.encode())

        async def scanned() -> int:
            await on_each_connection("select pg_stat_force_next_flush()")
            async with context.hub_pool.connection() as conn:
                query = "select seq_tup_read from pg_stat_user_tables where relname = 'device'"
                (found,) = await (await conn.execute(query)).fetchone() or (0,)
            return int(found)

        await send(client, "code,name,profile", *(f"few-{n},few,air" for n in range(60)))
        await on_each_connection("create temp table imported_before () on commit drop", "analyze device")
        one = """insert into device (code, name, profile_id)
                 select gen_random_uuid()::text, '', id from profile where code = 'air'"""
        await on_each_connection(*[one] * 10)  # a plan is kept after five
        before = await scanned()
        assert counts(await send(client, "code,name,profile", *(f"new-{n},new,air" for n in range(1000))))[0] == 1000
        assert await scanned() - before < 50_000
