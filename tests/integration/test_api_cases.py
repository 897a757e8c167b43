"""Cases over the API: reporting, steps, decisions, lists, and the tables of categories and deadlines."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.database import execute
from api.routes import areas
from app.cli.case_tables import import_lines
from hub.access.caller import principal
from hub.access.grants import granted
from hub.access.roles import Role
from hub.cases.expiry import EXPIRE
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.doors import CallerDoor
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of, raise_alert, register

REPORT = {"title": "暴露垃圾", "region": "330106001002", "note": "seen at 7:40"}
ZH = {"accept-language": "zh"}


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as made:
        await made.put("/organisations/clean", json={"name": "环卫所"})
        yield made


async def post(client: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = await client.post(path, json=body, headers=ZH if body.pop("zh", False) else {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def reported(client: httpx.AsyncClient, **told: Any) -> str:
    return str((await post(client, "/cases", 201, **{**REPORT, **told}))["id"])


async def tables(client: httpx.AsyncClient) -> None:
    for kind in ("categories", "deadlines"):
        example = await client.get(f"/case-tables/{kind}:example")
        answer = await client.post(
            f"/case-tables/{kind}?name=example", content=example.content, headers={"content-type": "text/csv"}
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["version"] == 1


async def test_a_case_is_reported_and_goes_its_way(client: httpx.AsyncClient) -> None:
    await tables(client)
    case = await reported(client, category_kind="event", category="0101", level="red", lon=120.1, lat=30.2)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accepted", {}),
        ("filed", {}),
        ("dispatched", {"responsible": "clean"}),
        ("taken", {}),
    ]
    for to, told in steps:
        found = await post(client, f"/cases/{case}/steps", to=to, **told)
    assert (found["stage"], found["responsible"], found["category_name"]) == ("handling", "clean", "暴露垃圾")
    assert found["steps"] == [
        *("commented", "extension_asked", "handled", "merged", "returned", "suspension_asked", "supervised")
    ]
    clocks = {each["stage"]: each["deadline"] for each in found["clocks"]}
    assert clocks["handling"] == "due", "an hour of all time, for a red one"
    assert clocks["case"] == "no_calendar"
    assert found["warning"].startswith("a deadline is not known: import the calendar")
    for to in ("handled", "passed", "closed"):
        found = await post(client, f"/cases/{case}/steps", to=to)
    assert [each["kind"] for each in found["timeline"]][-3:] == ["handled", "passed", "closed"]
    assert (found["closed_how"], found["overdue"], found["steps"]) == ("handled", False, ["commented"])
    page = (await client.get(f"/cases/{case}/timeline?limit=3")).json()
    assert [each["kind"] for each in page["items"]] == ["closed", "passed", "handled"]
    rest = (await client.get(f"/cases/{case}/timeline?cursor={page['next']}")).json()
    assert rest["items"][0]["kind"] == "taken"


async def test_an_alert_becomes_one_case_and_a_report_sent_again_is_the_same(
    client: httpx.AsyncClient, database: str
) -> None:
    await register(client)
    async with open_pool(Database(url=database)) as pool:
        alert = str(await raise_alert(pool))
    id_ = str(uuid4())
    first = await post(client, "/cases", 201, alert=alert, id=id_)
    again = await post(client, "/cases", 201, alert=alert, id=id_)
    assert (first["id"], first["source"], again["seq"]) == (id_, "alert", 1)
    other = await client.post("/cases", json={"alert": alert}, headers=ZH)
    assert (other.status_code, id_ in other.json()["detail"]) == (409, True)
    await post(client, f"/cases/{id_}/steps", to="rejected", note="nothing there")
    second = await post(client, "/cases", 201, alert=alert)
    assert second["id"] != id_, "once it has ended, people may report it anew"
    assert [each["id"] for each in (await client.get(f"/cases?alert={alert}")).json()["items"]] == [second["id"], id_]
    assert (await client.post("/cases", json={"alert": str(uuid4())})).status_code == 404


async def test_a_step_that_cannot_be_is_refused_with_who_came_first(client: httpx.AsyncClient) -> None:
    case = await reported(client)
    step = str(uuid4())
    for _ in range(2):
        assert (await post(client, f"/cases/{case}/steps", to="accepted", id=step))["seq"] == 2
    second = (await post(client, f"/cases/{case}/steps", 409, to="accepted"))["detail"]
    assert "the case is at the stage accepted, where accept is not possible; possible from here: " in second
    assert re.search(r"it is accepted since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, by \w+", second), second
    zh = await client.post(f"/cases/{case}/steps", json={"to": "accepted"}, headers=ZH)
    assert "案件处于“受理”阶段，不能受理" in zh.json()["detail"]
    stale = await client.post(f"/cases/{case}/steps", json={"to": "filed"}, headers={"if-match": '"1"'})
    assert (stale.status_code, "it had 1 steps, and has 2" in stale.json()["detail"]) == (412, True)
    for body, status in (
        ({"to": "commented", "note": "x" * 1_000_000}, 422),
        ({"to": "commented"}, 409),
        ({"to": "gone"}, 422),
        ({"to": "merged", "into": str(uuid4())}, 409),
        ({"to": "dispatched", "responsible": "nobody"}, 422),
        ({"to": "extension_granted"}, 422),
    ):
        answer = await client.post(f"/cases/{case}/steps", json=body)
        assert answer.status_code == status, answer.text[:300]
        assert len(answer.text) < 2_000, "what was too long is not sent back"
    assert (await client.post(f"/cases/{uuid4()}/steps", json={"to": "accepted"})).status_code == 404
    assert (await client.get(f"/cases/{case}")).json()["seq"] == 2, "nothing was changed by any of it"


async def test_both_reporters_see_what_came_of_it(client: httpx.AsyncClient) -> None:
    first, second = await reported(client), await reported(client)
    assert (await post(client, f"/cases/{second}/steps", to="merged", into=first))["outcome"]["stage"] == "reported"
    refused = (await post(client, f"/cases/{first}/steps", 409, to="merged", into=second))["detail"]
    assert "two cases cannot refer to each other" in refused
    await post(client, f"/cases/{first}/steps", to="self_handled", note="swept")
    for case in (first, second):
        told = (await client.get(f"/cases/{case}")).json()
        outcome = told["outcome"] or told
        assert (outcome["stage"], outcome["closed_how"]) == ("closed", "self_handled")
    assert told["timeline"][-1]["detail"]["outcome"]["stage"] == "closed"


async def test_the_list_is_filtered_and_paged(client: httpx.AsyncClient) -> None:
    await tables(client)
    cases = [await reported(client, level=level) for level in ("red", "blue", "blue")]
    cases.append(await reported(client, category_kind="part", category="0103", region="330110001001"))
    await post(client, f"/cases/{cases[0]}/steps", to="rejected", note="no")
    await post(
        client, f"/cases/{cases[1]}/decisions", to="supervised", level="red", until="2199-01-01T00:00:00Z", note="x"
    )

    async def ids(query: str) -> list[str]:
        answer = await client.get(f"/cases?{query}")
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    newest = cases[::-1]
    assert await ids("") == newest
    assert await ids("open=true") == newest[:3]
    assert await ids("stage=rejected&stage=closed") == [cases[0]]
    assert await ids("level=blue") == [cases[2], cases[1]]
    assert await ids("region=330110") == [cases[3]]
    assert await ids("category_kind=part&category=01") == [cases[3]]
    assert await ids("supervised=true") == [cases[1]]
    assert await ids("overdue=true") == await ids("suspended=true") == await ids("responsible=clean") == []
    number = (await client.get(f"/cases/{cases[2]}")).json()["number"]
    assert await ids(f"number={number}&source=entered") == [cases[2]]
    page = (await client.get("/cases?limit=3")).json()
    assert await ids(f"cursor={page['next']}") == [cases[0]]


WRONG: list[tuple[str, str, int | tuple[int, ...], str]] = [
    ("categories", "kind,code,parent,name\nevent,0101,01,a\n", 2, "the category 01 above 0101 is not in the file"),
    ("categories", "kind,code,name\nevent,01,a\nevent,01,b\n", 3, "the code 01 is there twice"),
    ("categories", "kind,code,name\nthing,01,a\n", 2, "'thing' is neither part nor event"),
    ("categories", "kind,code,name\nevent,A1,a\n", 2, "'A1' is no code"),
    ("categories", "code,name\n01,a\n", 1, "the file needs a first line with the columns kind,code,name"),
    ("categories", "kind,code,name\n", 1, "the file has no line"),
    ("categories", "kind,code,name\nevent,01,a,b\n", 2, "the line has 4 cells, the header 3"),
    ("categories", "kind,code,name,Name,\nevent,01,a,b\n", 1, "the column name is there twice"),
    (
        "categories",
        "kind,code,parent,name\nevent,01,02,a\nevent,02,01,b\nevent,03,01,c\n",
        (2, 3),
        "the category 0",
    ),
    ("deadlines", "stage,limit,time\nhandling,2x,working\n", 2, "'2x' is no limit"),
    ("deadlines", "stage,limit,time\nhandling,9999d,working\n", 2, "'9999d' is too long"),
    ("deadlines", "stage,limit,time\nsleeping,2h,working\n", 2, "'sleeping' is no stage"),
    ("deadlines", "stage,limit,time\nhandling,2h,soon\n", 2, "'soon' is no way to count time"),
    ("deadlines", "kind,category,stage,limit,time\nevent,77,handling,2h,working\n", 2, "the newest table of"),
    ("deadlines", "level,stage,limit,time\npink,handling,2h,working\n", 2, "'pink' is no level"),
]
"""Tables of a kind, the lines of their faults, and what is said of these."""


async def test_a_file_that_is_wrong_is_refused_by_line(client: httpx.AsyncClient) -> None:
    for kind, content, line, problem in WRONG:
        answer = await client.post(
            f"/case-tables/{kind}?name=wrong", content=content.encode(), headers={"content-type": "text/csv"}
        )
        assert answer.status_code == 422, answer.text
        faults = answer.json()["errors"]
        assert tuple(fault["line"] for fault in faults) == (line if isinstance(line, tuple) else (line,)), faults
        assert all(fault["problem"].startswith(problem) for fault in faults), (problem, faults)
    assert (await client.get("/case-tables")).json() == []


async def imported(client: httpx.AsyncClient, kind: str, content: str, **asked: Any) -> Any:
    return await client.post(
        f"/case-tables/{kind}", params={"name": "t", **asked}, content=content.encode(),
        headers={"content-type": "text/csv"},
    )  # fmt: skip


async def test_what_came_into_force_since_the_dry_run_is_not_undone(client: httpx.AsyncClient) -> None:
    table = "kind,code,name\nevent,01,a\n"
    assert (await imported(client, "categories", table, in_force=0)).status_code == 201
    seen = (await imported(client, "categories", table + "event,02,b,\n", dry_run=True)).json()["in_force"]["version"]
    assert (await imported(client, "categories", table + "event,03,c\n", in_force=seen)).status_code == 201
    refused = await imported(client, "categories", table + "event,02,b\n", in_force=seen, lang="zh")
    assert (refused.status_code, "现行版本为第 2 版" in refused.text) == (409, True), refused.text
    again = await imported(client, "categories", table + "event,02,b\n", in_force=seen, dry_run=True)
    assert (again.json()["changes"]["removed"], again.json()["in_force"]["version"]) == (1, 2)
    assert (await imported(client, "categories", table, in_force=2)).status_code == 201


async def test_hours_and_zone_that_are_left_out_stay_and_a_change_of_them_is_told(client: httpx.AsyncClient) -> None:
    table = "stage,limit,time\ncase,2d,working\n"
    first = (await imported(client, "deadlines", table)).json()
    assert (first["hours"], first["zone"]) == ([[510, 720], [810, 1050]], "Asia/Shanghai")
    assert (await imported(client, "deadlines", table, zone="Asia/Urumqi", hours="09:00-16:00")).status_code == 201
    kept = (await imported(client, "deadlines", table)).json()
    assert (kept["hours"], kept["zone"], kept["changes"]["same"]) == ([[540, 960]], "Asia/Urumqi", 1)
    lines = list(import_lines((await imported(client, "deadlines", table, zone="Asia/Shanghai", dry_run=True)).json()))
    assert "time zone: Asia/Urumqi -> Asia/Shanghai" in lines
    assert lines[-1].endswith("--in-force 3")
    assert not any(each.startswith("working hours") for each in lines)


async def test_a_new_version_does_not_change_what_cases_name(client: httpx.AsyncClient) -> None:
    await tables(client)
    case = await reported(client, category_kind="event", category="0101")
    content = "kind,code,name\nevent,09,other\nevent,01,市容秩序\n".encode()
    asked: dict[str, Any] = {"content": content, "headers": {"content-type": "text/csv"}}
    dry = await client.post("/case-tables/categories?name=next&dry_run=true", **asked)
    assert (dry.status_code, dry.json()["version"], dry.json()["in_force"]["version"]) == (200, 2, 1)
    versions = [(each["kind"], each["version"]) for each in (await client.get("/case-tables")).json()]
    assert versions == [("categories", 1), ("deadlines", 1)]
    answer = await client.post("/case-tables/categories?name=next", **asked)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    changed = answer.json()["changes"]
    assert changed == dry.json()["changes"], "what it told is what it did"
    assert [changed[how] for how in ("added", "changed", "removed", "same")] == [1, 1, 12, 0]
    assert changed["shown"][-2:] == [
        {"change": "changed", "category_kind": "event", "category": "01", "level": None, "stage": None,
         "before": {"name": "市容环境", "parent": None, "seconds": None, "working": None},
         "after": {"name": "市容秩序", "parent": None, "seconds": None, "working": None}},
        {"change": "added", "category_kind": "event", "category": "09", "level": None, "stage": None, "before": None,
         "after": {"name": "other", "parent": None, "seconds": None, "working": None}},
    ]  # fmt: skip
    found = (await client.get(f"/cases/{case}")).json()
    assert (found["category_version"], found["category_name"]) == (1, "暴露垃圾")
    gone = await client.post("/cases", json={**REPORT, "category_kind": "event", "category": "0101"})
    assert (gone.status_code, "the newest table of categories has no event 0101" in gone.text) == (422, True)
    assert len((await client.get("/case-tables/categories?version=1&limit=1000")).json()["items"]) == 13
    refused = await client.post(
        "/case-tables/deadlines?name=a&hours=18:00-09:00", content=b"stage,limit,time\ncase,1d,working\n",
        headers={"content-type": "text/csv"},
    )  # fmt: skip
    assert (refused.status_code, "are no working hours" in refused.text) == (422, True)
    dry = await client.post(
        "/case-tables/deadlines?name=a&dry_run=true&hours=09:00-17:00", content=b"stage,limit,time\ncase,1d,working\n",
        headers={"content-type": "text/csv"},
    )  # fmt: skip
    told = dry.raise_for_status().json()
    assert (told["hours"], told["in_force"]["hours"]) == ([[540, 1020]], [[510, 720], [810, 1050]])
    [whole] = [each for each in told["changes"]["shown"] if each["after"] is not None]
    assert (whole["stage"], whole["after"]["seconds"], whole["after"]["working"]) == ("case", 28_800, True)


async def test_who_is_limited_to_an_area_sees_the_cases_that_are_in_it_now(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "PIECE", 1)
    door = CallerDoor()
    everybody = door.now

    def lake(west: float) -> dict[str, Any]:
        ring = [[west, 30], [west + 1, 30], [west + 1, 31], [west, 31], [west, 30]]
        return {"name": "湖区", "outline": {"type": "Polygon", "coordinates": [ring]}}

    async with api_context(database) as context, client_of(context, door) as client:
        await client.put("/organisations/clean", json={"name": "环卫所"})

        async def seen(organisation: str | None) -> list[str]:
            door.now = principal(
                uuid4(), "person", "li.wei", (granted(Role.OPERATOR, organisation=organisation, area="lake"),)
            )
            found = (await client.get("/cases")).raise_for_status().json()["items"]
            door.now = everybody
            return [each["id"] for each in found]

        async def tallied() -> int:
            async with context.hub_pool.connection() as conn:
                told = await conn.execute(
                    "select sum(reported) from case_tally where cell = 'area' and grain = 'month' and key = 'lake'"
                )
                return sum(n or 0 for (n,) in await told.fetchall())

        async def alerts() -> list[str]:
            door.now = principal(uuid4(), "person", "li.wei", (granted(Role.OPERATOR, area="lake"),))
            found = (await client.get("/alerts")).raise_for_status().json()["items"]
            door.now = everybody
            return [each["id"] for each in found]

        case, other = [await reported(client, lon=120.1, lat=30.2) for _ in range(2)]
        call = {"title": "smell of gas", "level": "orange", "region": "330106000000", "lon": 120.1, "lat": 30.2}
        alert = (await client.post("/alerts", json=call)).raise_for_status().json()["id"]
        assert await alerts() == []
        assert (await client.put("/areas/lake", json=lake(120))).status_code == 201
        assert await alerts() == [alert], "an alert without a device, too"
        assert await seen(None) == [other, case], "they were there before the area"
        assert await tallied() > 0
        assert await seen("clean") == []
        for to in ("accepted", "filed"):
            await post(client, f"/cases/{case}/steps", to=to)
        await post(client, f"/cases/{case}/steps", to="dispatched", responsible="clean")
        assert await seen("clean") == [case], "they handle it, in the area"
        assert (await client.delete("/areas/lake")).status_code == 204
        assert (await client.put("/areas/lake", json=lake(100))).status_code == 201
        assert await alerts() == []
        assert [await seen(None), await seen("clean")] == [[], []], "it is not in the new area of that name"
        assert await tallied() == 0
        assert (await client.put("/areas/lake", json=lake(119.5))).status_code == 200
        assert await seen("clean") == [case]


async def test_what_a_rule_wants_anew_it_wants_of_alerts_from_now_on(client: httpx.AsyncClient) -> None:
    async def put(**body: Any) -> str:
        answer = await client.put("/case-rules/fire", json=body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["made_at"])

    first = await put(min_level="red")
    assert await put(min_level="red") == first, "the same again"
    lower = await put(min_level="blue")
    assert first < lower < await put(min_level="blue", event_kind="fire", enabled=False) < await put(min_level="blue")


async def test_more_desks_than_connections_step_the_same_cases(database: str) -> None:
    """Whoever is refused waits for no second connection while it holds the lock that all others wait for."""
    desks, cases = 30, 3
    async with api_context(database) as context, client_of(context) as client:
        assert context.hub_pool.max_size * 2 < desks, "or nobody waits for a connection"
        made = [await reported(client) for _ in range(cases)]
        steps = [client.post(f"/cases/{made[n % cases]}/steps", json={"to": "accepted"}) for n in range(desks)]
        answers = await asyncio.gather(*steps)
        assert Counter(each.status_code for each in answers) == {200: cases, 409: desks - cases}
        refused = [each.json()["detail"] for each in answers if each.status_code == 409]
        assert all("local" in detail for detail in refused), "told who came first"
        stored = [(await client.get(f"/cases/{case}")).json()["timeline"] for case in made]
        assert [[step["kind"] for step in each] for each in stored] == [["reported", "accepted"]] * cases


async def test_refusals_are_told_in_chinese_to_whoever_asks_for_it(client: httpx.AsyncClient) -> None:
    case, png = await reported(client), {**ZH, "content-type": "image/png"}
    asked = [
        await client.get(f"/cases/{uuid4()}", headers=ZH),
        await client.put("/case-rules/fire", json={"case_category": "0101"}, headers=ZH),
        await client.post("/cases", json={"title": "x", "lon": 120}, headers=ZH),
        await client.post(f"/cases/{case}/attachments", content=b"x", headers={**ZH, "content-type": "text/html"}),
        await client.post(f"/cases/{case}/attachments", content=b"x", headers=png),
    ]
    assert [each.status_code for each in asked] == [404, 422, 422, 415, 422]
    told = [each.json()["detail"] for each in asked]
    for detail, words in zip(
        told,
        ["没有案件“", "请同时给出 case_category", "请同时给出 lon", "不接收内容类型“text/html”", "不是 PNG 文件"],
        strict=True,
    ):
        assert words in detail
    assert (await client.get("/rules/none")).json()["detail"] == "there is no rule 'none'"


async def test_a_redraw_in_pieces_and_the_end_of_what_it_places_wait_for_each_other(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "PIECE", 1)
    ring = [[120, 30], [121, 30], [121, 31], [120, 31], [120, 30]]
    lake = {"name": "湖区", "outline": {"type": "Polygon", "coordinates": [ring]}}
    async with api_context(database) as context, client_of(context) as client:
        for _ in range(2):
            await reported(client, lon=120.1, lat=30.2)
        old = "update case_file set ended_at = now() - interval '9 years', stage = 'rejected'"
        waits = """select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                   and query like '%make_interval%'"""
        async with context.hub_pool.connection() as conn:
            await conn.execute(old.encode())

        async def expire() -> int:
            async with await psycopg.AsyncConnection.connect(database) as conn:
                return (await conn.execute(EXPIRE.encode(), {"days": 1, "batch": 10})).rowcount

        async def waiting() -> bool:
            async with context.hub_pool.connection() as conn:
                return bool(await (await conn.execute(waits.encode())).fetchall())

        ends: list[asyncio.Task[int]] = []

        async def after_a_piece(conn: Any, statement: str, values: Any) -> None:
            await execute(conn, statement, values)
            if statement == areas.SQL.place_cases and not ends:
                ends.append(asyncio.create_task(expire()))
                await eventually(waiting, "the first piece is placed, and the end waits")

        monkeypatch.setattr(areas, "execute", after_a_piece)
        assert (await client.put("/areas/lake", json=lake)).status_code == 201
        assert await ends[0] == 2
