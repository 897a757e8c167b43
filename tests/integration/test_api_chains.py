"""Escalation chains over the API and from the command line: kept, refused, tried out, and who may acknowledge."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from app.main import app
from hub.access.caller import principal
from hub.access.grants import granted
from hub.access.roles import Role
from hub.alerts.escalation_watch import escalate
from tests.support.alarms import Alarms
from tests.support.doors import CallerDoor
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of, served

URL = {"url": "https://desk.example.org/a", "filters": []}
STEPS = [
    {"wait_s": 120, "consumers": ["village"], "rota": "night"},
    {"wait_s": 300, "consumers": ["town"]},
    {"wait_s": 600, "consumers": ["county", "city"]},
]
ANN, BEN = UUID(int=1), UUID(int=2)
ROTA = """
insert into organisation (code, name) values ('lake', 'Lake');
insert into principal (id, kind, name) values (%(ann)s, 'person', 'ann'), (%(ben)s, 'person', 'ben');
insert into rota (code, name, organisation, zone, shifts, unit, from_date)
values ('night', 'Night', 'lake', 'Asia/Shanghai', '[{"name": "n", "begin": 0, "end": 1440, "days": ["every"]}]',
        'day', '2026-01-01');
insert into access_grant (principal_id, role, region, granted_by) values (%(ann)s, 'operator', '3301', 'x');
insert into rota_member values ('night', 0, %(ann)s);
insert into desk_presence (principal_id, clicked_until, streamed_until)
values (%(ann)s, now() + interval '1 h', now() + interval '1 h')"""


@dataclass
class Desk:
    """A county with desks that subscribe to nothing, and a rota by which ann is always on duty and at her desk."""

    alarms: Alarms
    client: httpx.AsyncClient
    door: CallerDoor
    base: str

    async def refused(self, body: dict[str, Any], lang: str = "en", code: str = "lake") -> tuple[int, str]:
        answer = await self.client.put(f"/chains/{code}", json=body, headers={"accept-language": lang})
        return answer.status_code, answer.json()["detail"]

    async def put(self, code: str = "lake", **body: Any) -> httpx.Response:
        return (await self.client.put(f"/chains/{code}", json={"steps": STEPS, **body})).raise_for_status()

    async def hub(self, *words: str, status: int = 0) -> str:
        env = {"HUB_URL": self.base, "COLUMNS": "200"}
        told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
        assert told.exit_code == status, told.output
        return told.stdout if status == 0 else told.stderr


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    door = CallerDoor()
    async with (
        api_context(database) as context,
        client_of(context, door) as client,
        served(context) as base,
    ):
        alarms = Alarms(context.hub_pool)
        await alarms.seed()
        for statement in ROTA.split(";\n"):
            values = {"ann": ANN, "ben": BEN} if "%(" in statement else {}
            await alarms.run(statement, **values)
        for code in ("village", "town", "county", "city"):
            (await client.put(f"/consumers/{code}", json=URL)).raise_for_status()
        yield Desk(alarms, client, door, base)


async def test_a_chain_is_kept_and_listed(desk: Desk) -> None:
    made = await desk.put(region="330106000000", event_kind="smoke", min_level="orange", repeats=2)
    assert made.status_code == 201
    assert made.json() == {
        "code": "lake", "min_level": "orange", "region": "330106", "area": None, "organisation": None, "category": None,
        "event_kind": "smoke", "steps": [STEPS[0], *({**step, "rota": None} for step in STEPS[1:])], "repeats": 2,
        "verify_within_s": {"red": 300, "orange": 900, "yellow": 1800, "blue": 3600}, "running": 0,
    }  # fmt: skip
    again = await desk.put(verify_within_s={"red": 60})
    assert (again.status_code, again.json()["verify_within_s"]["red"], again.json()["region"]) == (200, 60, None)
    await desk.put("west", region="33")
    assert [each["code"] for each in (await desk.client.get("/chains")).json()["items"]] == ["lake", "west"]
    assert (await desk.client.get("/chains/east")).status_code == 404
    for path in ("/consumers/town", "/rotas/night"):
        kept = await desk.client.delete(path)
        assert (kept.status_code, "take it out there first" in kept.text) == (409, True)
    alert = await desk.alarms.raised(level=4)
    assert (await desk.client.get("/chains/west")).json()["running"] == 1
    assert (await desk.client.delete("/chains/west")).json()["running"] == 1
    assert (await desk.client.get(f"/alerts/{alert}")).json()["escalation"] is None


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"steps": []}, "a chain has 1 to 20 steps, not 0", "须有 1 至 20 步"),
    ({"steps": [STEPS[1]] * 21}, "a chain has 1 to 20 steps, not 21", "当前为 21 步"),
    ({"steps": [{**STEPS[1], "wait_s": 0}]}, "0 s is no wait", "不能为 0 秒"),
    ({"steps": [{**STEPS[1], "wait_s": 604_801}]}, "give 1 to 604800 seconds", "1 至 604800 秒"),
    ({"steps": [{**STEPS[1], "consumers": []}]}, "name a consumer", "至少要有一个接收方"),
    ({"steps": [{**STEPS[1], "consumers": ["town", "town"]}]}, "'town' is named twice", "出现了两次"),
    ({"steps": [{**STEPS[1], "consumers": ["nobody"]}]}, "there is no consumer 'nobody'", "没有接收方 nobody"),
    ({"steps": [{**STEPS[1], "consumers": ["ganzhi.path"]}]}, "there is no consumer 'ganzhi.path'", "没有接收方"),
    ({"steps": [{**STEPS[1], "rota": "day"}]}, "there is no rota 'day'", "没有值班表 day"),
    ({"area": "pond"}, "there is no area 'pond'", "没有区域 pond"),
    ({"organisation": "eco"}, "there is no organisation 'eco'", "没有机构 eco"),
    ({"verify_within_s": {"red": 0}}, "0 s is no wait", "不能为 0 秒"),
]


async def test_what_is_refused_says_why_in_both_languages(desk: Desk) -> None:
    await desk.alarms.run(
        "insert into consumer (code, kind, url, secret, filters) values ('ganzhi.path', 'probe', '', '', '[]')"
    )
    for body, english, chinese in REFUSED:
        status, told = await desk.refused({"steps": STEPS, **body})
        assert (status, english in told) == (422, True), told
        assert chinese in (await desk.refused({"steps": STEPS, **body}, "zh"))[1]
    await desk.put("west", region="3301")
    for lang, told in (("en", "'west' is for exactly these alerts already"), ("zh", "west 已用于完全相同的告警")):
        status, detail = await desk.refused({"steps": STEPS, "region": "330100000000"}, lang)
        assert (status, told in detail) == (409, True), detail


async def test_a_timeline_tells_who_is_told_when_and_what_is_skipped(desk: Desk) -> None:
    await desk.put(region="3301", repeats=1)
    await desk.put("all")
    (await desk.client.put("/consumers/log", json={"url": URL["url"]})).raise_for_status()
    body = {"place": {"level": "red", "region": "330106001002"}}

    async def tried(**more: Any) -> dict[str, Any]:
        return dict((await desk.client.post("/chains:try", json=body | more)).raise_for_status().json())

    found = await tried()
    assert (found["chain"], found["others"], found["verify_within_s"]) == ("lake", ["all"], 300)
    told = [(each["after_s"], each["step"], each["consumers"], each["on_duty"]) for each in found["items"]]
    assert told == [
        (0, 0, ["log"], []), (120, 1, ["village"], ["ann"]), (420, 2, ["town"], []), (1020, 3, ["county", "city"], []),
        (1620, 4, ["county", "city"], []),
    ]  # fmt: skip
    await desk.alarms.run("delete from desk_presence")
    away = (await tried())["items"]
    assert away[1]["skipped"] == "nobody on duty by rota night is at a desk"
    assert [each["after_s"] for each in away[:3]] == [0, 120, 120]
    later = (await tried(at="2027-01-01T00:00:00Z"))["items"]
    assert later[1]["skipped"] is None, "at another time those on duty are assumed to be there"
    past = (await tried(at="2025-01-01T00:00:00Z"))["items"]
    assert past[1]["skipped"] == "nobody is on duty by rota night: it has not begun"
    body = {"place": {"level": "blue", "region": "440000000000"}}
    await desk.client.delete("/chains/all")
    assert (await tried())["chain"] is None


async def test_only_who_is_on_duty_stops_a_step_whatever_he_may_see(desk: Desk) -> None:
    """A desk of a division does not see rotas, which belong to organisations; they count all the same."""
    await desk.put()
    ben, ann = (
        principal(id_, "person", name, (granted(Role.OPERATOR, region="3301"),))
        for id_, name in ((BEN, "ben"), (ANN, "ann"))
    )
    alert = await desk.alarms.raised(level=4)

    async def state() -> dict[str, Any]:
        return dict((await desk.client.get(f"/alerts/{alert}")).raise_for_status().json()["escalation"])

    whole, desk.door.now = desk.door.now, ben
    seen = await state()
    assert (seen["chain"], seen["step"], seen["state"], seen["next_to"]) == ("lake", 0, "waiting", [])
    await desk.client.post(f"/alerts/{alert}/steps", json={"to": "acknowledged"})
    assert (await state())["state"] == "waiting", "ben is not on duty"
    desk.door.now = ann
    (await desk.client.put(f"/alerts/{alert}/assignee", json={"name": "ann"})).raise_for_status()
    assert (await state())["state"] == "acknowledged"
    await desk.alarms.run("update escalation set due_at = now()")
    async with desk.alarms.pool.connection() as conn:
        await escalate(conn)
    listed = (await desk.client.get("/alerts")).json()["items"][0]["escalation"]
    assert (listed["step"], listed["state"], listed["next_to"]) == (1, "waiting", []), "he may not see consumers"
    changes = (await desk.client.get(f"/alerts/{alert}?lang=zh")).json()["changes"]
    assert changes[-1]["kind"] == "escalated"
    assert changes[-1]["note"] == "已执行升级链的一步"
    history = (await desk.client.get(f"/alerts/{alert}/changes")).json()["items"]
    assert "village" not in str(history)
    desk.door.now = whole
    assert (await state())["next_to"] == ["town"]
    changes = (await desk.client.get(f"/alerts/{alert}?lang=zh")).json()["changes"]
    assert changes[-1]["note"].startswith("升级链 lake 第 1 步")
    desk.door.now = ann
    (await desk.client.post(f"/alerts/{alert}/steps", json={"to": "dispatched"})).raise_for_status()
    assert await state() == {"chain": "lake", "step": 1, "state": "stopped", "next_at": None, "next_to": []}


async def test_a_step_whose_people_are_not_at_a_desk_is_followed_by_the_next_at_once(desk: Desk) -> None:
    await desk.put()
    alert = await desk.alarms.raised(level=4)
    await desk.alarms.run("update escalation set due_at = now()")
    await desk.alarms.run("delete from desk_presence")
    async with desk.alarms.pool.connection() as conn:
        assert await escalate(conn) == 1
    found = (await desk.client.get(f"/alerts/{alert}")).json()
    assert (found["escalation"]["step"], found["escalation"]["next_to"]) == (2, ["county", "city"])
    assert [each["note"].partition("; ")[2] for each in found["changes"][1:]] == [
        "nobody on duty has acknowledged it; the next step follows at once: nobody on duty by rota night is at a desk",
        "nobody on duty by rota night is at a desk",
    ]
    shown = await desk.hub("alerts", "show", str(alert))
    assert "lake, step 2, waiting; next at" in shown
    acknowledged = await desk.hub("alerts", "ack", str(alert))
    assert "Only a person on duty stops the escalation chain: lake, step 2" in acknowledged


async def test_a_chain_that_is_deleted_meanwhile_fails_no_alert(desk: Desk) -> None:
    async def waiting(count: int) -> None:
        async def waits() -> bool:
            locked = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            return len(await desk.alarms.run(locked)) == count

        await eventually(waits, f"{count} wait")

    await desk.put()
    await desk.alarms.raised(level=4)
    async with desk.alarms.pool.connection() as holding, holding.transaction():
        await holding.execute("select 1 from escalation for update")
        deleting = asyncio.create_task(desk.client.delete("/chains/lake"), name="deleting")
        await waiting(1)
        raising = asyncio.create_task(desk.alarms.raised(level=4), name="raising")
        await waiting(2)
    (await deleting).raise_for_status()
    found = (await desk.client.get(f"/alerts/{await raising}")).json()
    assert found["escalation"] is None


async def test_the_command_line(desk: Desk) -> None:
    put = "chains", "put", "lake", "120:village@night", "300:town", "600:county,city"
    shown = await desk.hub(*put, "--region", "330106", "--repeats", "2", "--verify-within", "red=60")
    assert "after 120 s: village; acknowledged by rota night" in shown
    assert "red 60, orange 900" in shown
    kept = json.loads(await desk.hub("chains", "show", "lake", "--json"))
    assert (kept["steps"][2], kept["repeats"]) == ({"wait_s": 600, "consumers": ["county", "city"], "rota": None}, 2)
    assert "min_level blue, region 330106" in await desk.hub("chains", "list")
    tried = await desk.hub("chains", "try", "--region", "330106001002", "--lang", "en")
    assert "+120 s  step 1   village; on duty by night: ann" in tried
    assert "no step; write it as SECONDS:CONSUMER,CONSUMER@ROTA" in await desk.hub(
        "chains", "put", "x", "soon:village", status=1
    )
    assert "0 s is no wait" in await desk.hub("chains", "put", "x", "0:village", status=1)
    assert "write it as red=300" in await desk.hub(*put, "--verify-within", "red", status=1)
    assert "lake is deleted; 0 alerts were in it" in await desk.hub("chains", "delete", "lake")
    assert "No chain takes it" in await desk.hub("chains", "try", "--region", "330106001002")
    assert "There is no chain yet" in await desk.hub("chains", "list")
