"""Rotas over the API: planned with a warning for each hole, refused in words, shown as a timeline."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.calendar_file import read_calendar
from api.routes.rota_body import RotaBody
from hub.access.roles import Role
from tests.support.served_api import api_context, client_of
from tests.support.two_counties import HIDDEN, INSIDE, OUTSIDE, two_counties

SHIFTS = [{"name": "day", "begin": "08:00", "end": "20:00"}, {"name": "night", "begin": "20:00", "end": "08:00"}]
ROTA: dict[str, Any] = {
    "name": "City desk",
    "organisation": "desk",
    "shifts": SHIFTS,
    "from_date": "2026-01-02",
    "turns": ["wang", ["li", "chen"]],
    "leader": "Chen",
}
AWAY = {
    "from_at": "2026-06-01T00:00:00+08:00",
    "to_at": "2026-06-02T00:00:00+08:00",
    "instead_of": "wang",
    "person": "chen",
}


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with api_context(database) as context, client_of(context) as made:
        (await made.put("/organisations/desk", json={"name": "Desk"})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            await conn.execute("insert into principal (kind, name) values ('person', 'wang'), ('person', 'li')")
            await conn.execute("insert into principal (kind, name) values ('person', 'chen'), ('machine', 'robot')")
        yield made


async def test_a_rota_is_put_shown_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.put("/rotas/city", json={**ROTA, "substitutes": [AWAY]})
    assert (made.status_code, made.json()["holes"]) == (201, []), made.text
    shown = (await client.get("/rotas/city")).json()
    assert shown["turns"] == [["wang"], ["chen", "li"]]
    assert [(each["begin"], each["end"], each["days"]) for each in shown["shifts"]] == [
        ("08:00", "20:00", ["every"]), ("20:00", "08:00", ["every"]),
    ]  # fmt: skip
    body = {name: value for name, value in shown.items() if name not in ("code", "holes")}
    again = await client.put("/rotas/city", json=body)
    assert (again.status_code, again.json()) == (200, shown), "what is shown can be put"
    assert [each["code"] for each in (await client.get("/rotas")).json()["items"]] == ["city"]

    [duty] = (await client.get("/duty")).json()["items"]
    assert (duty["people"] in (["wang"], ["chen", "li"]), duty["leader"], duty["present"]) == (True, "chen", False)

    span = {"from": "2026-06-01T08:00:00+08:00", "to": "2026-06-02T08:00:00+08:00"}
    pieces = (await client.get("/rotas/city/duty", params=span)).json()["pieces"]
    people = [(piece["shift"], piece["people"], piece["from_at"]) for piece in pieces]
    assert people == [
        ("day", ["chen"], "2026-06-01T00:00:00Z"),
        ("night", ["chen"], "2026-06-01T12:00:00Z"),
        ("night", ["wang"], "2026-06-01T16:00:00Z"),
    ]  # fmt: skip
    for wrong in ({"from": span["to"], "to": span["from"]}, {"from": "2026-01-01T00:00Z", "to": "2028-01-01T00:00Z"}):
        refused = await client.get("/rotas/city/duty", params=wrong)
        assert (refused.status_code, "366 days at most" in refused.text) == (422, True), refused.text

    assert (await client.delete("/rotas/city")).status_code == 204
    assert (await client.get("/rotas/city")).status_code == 404
    assert (await client.get("/rotas/city/duty")).status_code == 404


async def test_a_rota_with_a_hole_is_taken_with_a_warning_that_names_it(client: httpx.AsyncClient) -> None:
    begin = datetime.now(UTC).date() + timedelta(days=30)
    days = {"shifts": [{**SHIFTS[0], "days": ["workday"]}, SHIFTS[1]], "zone": "UTC", "from_date": str(begin)}
    made = await client.put("/rotas/city", json={**ROTA, **days}, headers={"accept-language": "zh"})
    assert made.status_code == 201, made.text
    first, second, *more = made.json()["holes"]
    assert (first["reason"], first["to_at"]) == ("not_begun", f"{begin}T00:00:00Z")
    assert (second["reason"], second["to_at"]) == ("hole", f"{begin}T08:00:00Z")
    assert more[0]["reason"] == "no_calendar"
    assert more[0]["warning"].startswith(f"{begin} 08:00+00:00 至 {begin} 20:00+00:00 无人值班：该年日历尚未导入")
    [duty] = (await client.get("/duty")).json()["items"]
    assert (duty["people"], duty["reason"]) == ([], "not_begun")


def shift(begin: str, end: str, *days: str) -> dict[str, Any]:
    return {"name": f"{begin}-{end}", "begin": begin, "end": end, "days": list(days or ["every"])}


NO_ROTA: list[tuple[dict[str, Any], str, str, str]] = [
    ({"turns": ["wang"] * 10_000}, "/turns", "10000 turns are too many", "10000 个轮次过多"),
    ({"turns": [["wang"] * 21]}, "/turns/0", "21 people in one turn", "一轮 21 人过多"),
    ({"turns": ["wang", "robot"]}, "/turns/1/0", "no account 'robot' of a person", "没有名为“robot”的个人账号"),
    ({"leader": "nobody"}, "/leader", "hub accounts add nobody", "个人账号"),
    ({"shifts": [shift("08:00", "08:00")]}, "/shifts/0", "ends when it begins", "起止时刻相同"),
    ({"shifts": [shift("24:00", "08:00")]}, "/shifts/0", "ends when it begins", "起止时刻相同"),
    ({"shifts": [shift("8:00", "20:00")]}, "/shifts/0/begin", "'8:00' is no time", "不是时刻"),
    ({"shifts": [shift("08:00", "20:00"), shift("19:00", "08:00", "sun")]}, "/", "are on at one time", "时间重叠"),
    ({"shifts": [shift("20:00", "09:00"), shift("08:00", "20:00")]}, "/", "are on at one time", "时间重叠"),
    ({"substitutes": [AWAY, {**AWAY, "person": "li"}]}, "/", "would both stand in for wang", "错开时间"),
    ({"substitutes": [{**AWAY, "to_at": AWAY["from_at"]}]}, "/substitutes/0", "must end later", "须晚于"),
    ({"substitutes": [{**AWAY, "person": "Wang"}]}, "/substitutes/0", "for himself", "不能替自己的班"),
    ({"substitutes": [{**AWAY, "person": "x"}]}, "/substitutes/0/person", "no account 'x'", "个人账号"),
    ({"substitutes": [{**AWAY, "from_at": "0001-01-01T00:00:00+14:00"}]}, "/substitutes/0/from_at", "1970", "1970"),
    ({"zone": "Mars/Base"}, "/", "there is no time zone 'Mars/Base'", "没有时区"),
    ({"from_date": 0}, "/from_date", "'0' is no day", "不是日期"),
    ({"organisation": "none"}, "/organisation", "there is no organisation 'none'", "没有单位"),
]  # fmt: skip
"""What is different of a rota, what is pointed at, and what is said of it in English and Chinese."""


async def test_what_makes_no_rota_is_refused_in_both_languages(client: httpx.AsyncClient) -> None:
    for (given, pointer, *both), lang in product(NO_ROTA, ("en", "zh")):
        refused = await client.put("/rotas/city", json={**ROTA, **given}, headers={"accept-language": lang})
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer, refused.text
        assert both[lang == "zh"] in refused.json()["errors"][0]["problem"], refused.text
    assert (await client.get("/rotas/city")).status_code == 404


_GRANTED = """
insert into access_grant (principal_id, role, region, granted_by)
select id, 'viewer', %(region)s, 'test' from principal where name = %(name)s
"""


async def test_no_rota_is_put_outside_of_a_scope_and_no_code_of_there_is_taken_over(database: str) -> None:
    async with two_counties(database) as city:
        body = {**ROTA, "organisation": "eco-a", "turns": ["open"], "leader": None, "region": INSIDE}
        async with city.pool.connection() as conn:
            await conn.execute(_GRANTED, {"name": "open", "region": INSIDE})
            await conn.execute(_GRANTED, {"name": "Secret", "region": OUTSIDE})
        city.door.limited(Role.SYSTEM_ADMINISTRATOR, INSIDE)
        for stranger in ("Secret", "nobody"):
            put = await city.client.put("/api/v1/rotas/new", json={**body, "turns": [[stranger]]})
            assert (put.status_code, "turns" in put.text) == (422, True), "out of reach is as unknown"
        for code in ("new", "seen-1"):
            put = await city.client.put(f"/api/v1/rotas/{code}", json={**body, "region": OUTSIDE})
            assert put.status_code == 403, put.text
        hidden = await city.client.put(f"/api/v1/rotas/{HIDDEN}", json=body)
        assert (hidden.status_code, "give the rota another one" in hidden.text) == (409, True)
        assert (await city.client.delete(f"/api/v1/rotas/{HIDDEN}")).status_code == 404
        async with city.pool.connection() as conn:
            kept = await (await conn.execute("select code, region from rota order by code")).fetchall()
        assert kept == [(HIDDEN, OUTSIDE + "000000"), ("seen-1", INSIDE + "000000")]


def test_the_example_of_the_page_is_a_rota_and_its_calendar_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "DUTY.md").read_text(encoding="utf-8")
    rota, calendar = (page.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("json", "csv"))
    assert len(RotaBody.model_validate(json.loads(rota)).shifts) == 3
    assert len(read_calendar(calendar.encode(), 2026, "en")) == 3


async def test_rotas_put_at_once_are_one(client: httpx.AsyncClient) -> None:
    made = await asyncio.gather(*(client.put("/rotas/city", json=ROTA) for _ in range(8)))
    assert sorted(each.status_code for each in made) == [*[200] * 7, 201]


async def test_a_rota_that_a_chain_waits_for_is_not_deleted(client: httpx.AsyncClient) -> None:
    (await client.put("/rotas/city", json=ROTA)).raise_for_status()
    (await client.put("/consumers/desk", json={"url": "https://8.8.8.8/x"})).raise_for_status()
    chain = {"region": "330106", "steps": [{"wait_s": 60, "consumers": ["desk"], "rota": "city"}]}
    (await client.put("/chains/all", json=chain)).raise_for_status()
    kept = await client.delete("/rotas/city")
    assert (kept.status_code, kept.json()["detail"]) == (
        409,
        "'city' is named by the chain 'all': take it out there first (hub chains show all)",
    )
