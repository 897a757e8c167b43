"""Outside case systems on a real database: signed posts, again, late and wrong; and what does not fit, for a person."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from api.context import Context
from api.push.signature import sign
from app.main import app
from hub.cases.apply import apply
from hub.cases.step import Step
from tests.support.served_api import api_context, client_of, served

SECRET = "whsec_b3V0c2lkZQ=="
MAPPING: dict[str, Any] = {
    "name": "City operations",
    "organisation": "ops",
    "responsible": "clean",
    "states": {
        "10": "accepted", "20": "dispatched", "30": "handling", "40": "verifying", "45": "failed", "50": "returned",
        "90": "closed", "99": "rejected",
    },
    "categories": {"SR-01": {"kind": "event", "code": "01"}, "SR-99": {"kind": "event", "code": "77"}},
    "secret": SECRET,
}  # fmt: skip
TABLES = """
insert into organisation (code, name) values ('ops', 'Operations'), ('clean', 'Cleaning'), ('parks', 'Parks');
insert into case_table (kind, version, name, imported_by) values ('categories', 1, 'Of the city', 'x');
insert into case_category (version, category_kind, code, name) values (1, 'event', '01', '市容环境');
"""
BEGAN = datetime.now(UTC) - timedelta(days=2)


def at(minutes: float) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


@dataclass
class Exchange:
    context: Context
    client: httpx.AsyncClient

    async def send(
        self, id_: str | None = None, system: str = "city-ops", secret: str = SECRET, **body: Any
    ) -> httpx.Response:
        """Post what a system tells, signed."""
        sent, moment, key = json.dumps(body).encode(), int(time.time()), id_ or str(uuid4())
        headers = {
            "content-type": "application/json", "webhook-id": key, "webhook-timestamp": str(moment),
            "webhook-signature": sign(secret, key, moment, sent),
        }  # fmt: skip
        return await self.client.post(f"/outside-systems/{system}/cases", content=sent, headers=headers)

    async def tell(self, id_: str | None = None, **body: Any) -> str:
        """The outcome of a post that is taken."""
        answer = await self.send(id_, **body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["outcome"])

    async def new(self, id_: str = "SZ-1", state: str = "10", **more: Any) -> None:
        body = {"id": id_, "state": state, "at": at(0), "title": "Rubbish", "region": "330106001002", **more}
        assert await self.tell(**body) == "applied"

    async def run(self, statement: str) -> list[Any]:
        async with self.context.hub_pool.connection() as conn:
            return await (await conn.execute(statement.encode())).fetchall()

    async def steps(self) -> list[str]:
        return [kind for (kind,) in await self.run("select kind from case_step order by cursor")]

    async def act(self, *kinds: str) -> None:
        """A person here takes steps, now."""
        [(case,)] = await self.run("select id from case_file")
        async with self.context.hub_pool.connection() as conn, conn.transaction():
            steps = [
                Step(uuid4(), case, kind, datetime.now(UTC), "ann", note="n", responsible="clean") for kind in kinds
            ]
            assert {each.outcome for each in await apply(conn, steps)} == {"applied"}

    async def conflicts(self, **asked: Any) -> list[dict[str, Any]]:
        answer = await self.client.get("/outside-conflicts", params=asked)
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
async def exchange(database: str) -> AsyncIterator[Exchange]:
    async with api_context(database) as context, client_of(context) as client:
        async with context.hub_pool.connection() as conn:
            await conn.execute(TABLES.encode())
        made = Exchange(context, client)
        assert (await client.put("/outside-systems/city-ops", json=MAPPING)).status_code == 201
        yield made


async def test_a_case_goes_on_as_the_system_tells_and_what_is_said_again_changes_nothing(exchange: Exchange) -> None:
    first = {
        "id": "SZ-1",
        "state": "10",
        "at": at(0),
        "title": "Rubbish",
        "region": "330106001002",
        "category": "SR-01",
    }
    assert await exchange.tell("m-1", **first) == "applied"
    assert await exchange.tell("m-1", **first) == "repeated", "the answer was lost"
    assert await exchange.tell("m-2", **first) == "repeated", "and sent anew"
    assert await exchange.tell(id="SZ-1", state="40", at=at(30)) == "applied", "what lies between is not said"
    assert await exchange.tell(id="SZ-1", state="20", at=at(10)) == "older", "it comes late"
    assert await exchange.tell("m-1", **first) == "repeated"
    many = [exchange.tell(id="SZ-1", state="40", at=at(30 + number)) for number in range(150)]
    assert set(await asyncio.gather(*many)) <= {"repeated", "unchanged", "older"}
    assert await exchange.tell(id="SZ-1", state="90", at=at(2000), note="done") == "applied"
    taken = ["reported", "accepted", "filed", "dispatched", "taken", "handled", "passed", "closed"]
    assert await exchange.steps() == taken
    [case] = await exchange.run(
        """select source, stage, organisation, responsible, category, category_version, stage_by, reported_at
           from case_file"""
    )
    assert case == ("outside", "closed", "ops", "clean", "01", 1, "outside:city-ops", datetime.fromisoformat(at(0)))
    assert await exchange.conflicts() == []


async def test_posts_at_the_same_moment_make_one_case_and_each_step_once(exchange: Exchange) -> None:
    body = {"id": "SZ-1", "state": "20", "at": at(5), "title": "Rubbish", "region": "330106001002"}
    outcomes = await asyncio.gather(*(exchange.tell(f"m-{number % 4}", **body) for number in range(40)))
    assert sorted(set(outcomes)) == ["applied", "repeated"]
    assert outcomes.count("applied") == 1
    assert await exchange.steps() == ["reported", "accepted", "filed", "dispatched"]


async def test_what_cannot_be_taken_is_answered_clearly_and_leaves_nothing(exchange: Exchange) -> None:
    body: dict[str, Any] = {"id": "SZ-1", "state": "10", "at": at(0)}
    wrongs: list[tuple[int, str, dict[str, Any]]] = [
        (404, "the system has told of no case SZ-1 yet: give title and region", {}),
        (404, "there is no case 20260101-000001", {"case": "20260101-000001"}),
        (422, "state 11 is not in the mapping", {"state": "11"}),
        (422, "is in the future", {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}),
        (422, "at", {"at": "yesterday"}),
        (422, "note", {"note": "x" * 3000}),
        (422, "lon and lat together", {"title": "T", "region": "330106001002", "lon": 120.0}),
        (422, "/colour", {"colour": "red"}),
    ]
    for status, words, wrong in wrongs:
        answer = await exchange.send(**{**body, **wrong})
        assert answer.status_code == status, answer.text
        assert words in answer.text, answer.text
    assert (await exchange.send(**body, note="x" * 1_000_000)).status_code == 413
    for refused in (
        await exchange.send(**body, secret="whsec_b3RoZXI="),
        await exchange.send(**body, system="nobody"),
        await exchange.client.post("/outside-systems/city-ops/cases", json=body),
    ):
        assert refused.status_code == 401
    await exchange.client.put("/outside-systems/city-ops", json={**MAPPING, "enabled": False})
    assert (await exchange.send(**body)).status_code == 401
    assert await exchange.run("select 1 from case_file union all select 1 from outside_case") == []


async def test_a_case_of_ours_is_named_once_and_only_by_whose_it_is(exchange: Exchange) -> None:
    await exchange.new()
    [(number,)] = await exchange.run("select number from case_file")
    other = {**MAPPING, "organisation": "parks"}
    assert (await exchange.client.put("/outside-systems/parks", json=other)).status_code == 201
    assert (await exchange.send(system="parks", id="P-1", state="20", at=at(9), case=number)).status_code == 404
    hotline = {**MAPPING, "organisation": None}
    assert (await exchange.client.put("/outside-systems/12345", json=hotline)).status_code == 201
    named = await exchange.send(system="12345", id="H-7", state="20", at=at(9), case=number)
    assert (named.json()["outcome"], named.json()["number"]) == ("applied", number), named.text
    again = await exchange.send(system="12345", id="H-8", state="20", at=at(9), case=number)
    assert (again.status_code, "H-7" in again.text) == (422, True)


async def test_a_case_that_has_left_its_organisation_is_moved_no_more(exchange: Exchange) -> None:
    await exchange.new()
    await exchange.run(
        """update case_file set organisation = 'parks', responsible = 'ops', number = 'N-1' returning 1"""
    )
    assert await exchange.tell(id="SZ-1", state="20", at=at(5)) == "applied", "ops handles it, and sends it to clean"
    assert await exchange.tell(id="SZ-1", state="30", at=at(6)) == "conflict"
    assert await exchange.tell(id="SZ-1", state="30", at=at(6)) == "repeated"
    assert (await exchange.steps())[-1] == "dispatched"
    [found] = await exchange.conflicts()
    assert "no matter of ops any more" in found["reason"]


async def test_a_clock_that_is_ahead_and_states_of_one_moment_change_nothing_twice(exchange: Exchange) -> None:
    await exchange.new(state="20")
    ahead = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    back = {"id": "SZ-1", "state": "50", "at": ahead, "note": "not ours"}
    assert await exchange.tell("m-1", **back) == "applied"
    await exchange.act("dispatched")
    assert await exchange.tell("m-2", **back) == "repeated", "under another id"
    assert (await exchange.steps()).count("returned") == 1
    assert await exchange.run("select max(at) <= now() from case_step") == [(True,)]
    later = (datetime.now(UTC) + timedelta(minutes=4.5)).isoformat()
    assert await exchange.tell(id="SZ-1", state="40", at=later) == "applied"
    assert await exchange.tell(id="SZ-1", state="30", at=later) == "older", "of the same second, out of order"
    assert await exchange.conflicts() == []


async def test_the_echo_of_a_step_back_that_was_taken_here_is_no_news(exchange: Exchange) -> None:
    await exchange.new(state="20")
    await exchange.act("returned", "dispatched", "taken", "handled", "failed", "handled")
    before = await exchange.steps()
    for kind, state in (("returned", "50"), ("failed", "45")):
        [(when,)] = await exchange.run(f"select at from case_step where kind = '{kind}'")
        assert await exchange.tell(id="SZ-1", state=state, at=when.isoformat()) == "older"
    assert (await exchange.steps(), await exchange.conflicts()) == (before, [])


async def test_a_word_that_is_told_for_one_thing_and_heard_as_another_is_refused(exchange: Exchange) -> None:
    for tells, pointer in (
        ({"states": {"handling": "90"}}, "/tells/states/handling"),
        ({"categories": {"part:01": "SR-01"}}, "/tells/categories/part:01"),
    ):
        put = {**MAPPING, "tells": tells}
        answer = await exchange.client.put("/outside-systems/city-ops", json=put, headers={"accept-language": "zh"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
        assert "在对方报送时表示" in answer.text
    finer = {"states": {"handling": "30", "merged": "80"}, "categories": {"event:0101": "SR-01", "part:01": "P"}}
    taken = await exchange.client.put("/outside-systems/city-ops", json={**MAPPING, "tells": finer})
    assert taken.status_code == 200, taken.text


async def test_what_is_noted_meanwhile_does_not_make_a_late_post_later(exchange: Exchange) -> None:
    await exchange.new(state="40")
    await exchange.act("commented")
    assert await exchange.tell(id="SZ-1", state="90", at=at(50)) == "applied"
    assert await exchange.run("select closed_at, updated_at > closed_at from case_file") == [
        (datetime.fromisoformat(at(50)), True)
    ]


async def test_a_conflict_that_the_system_has_gone_beyond_is_not_decided_for_it(exchange: Exchange) -> None:
    await exchange.new()
    await exchange.act("filed", "dispatched", "taken")
    assert await exchange.tell(id="SZ-1", state="90", at=at(5)) == "conflict"
    assert await exchange.tell(id="SZ-1", state="40", at=at(6)) == "conflict"
    newer, stale = await exchange.conflicts()
    for conflict, take, status in ((stale, "theirs", 409), (stale, "ours", 200), (newer, "theirs", 200)):
        answer = await exchange.client.post(
            f"/outside-conflicts/{conflict['id']}:resolve", json={"take": take, "note": "n"}
        )
        assert answer.status_code == status, answer.text
    assert await exchange.run("select stage from case_file") == [("verifying",)]


async def test_an_unknown_category_is_for_a_person_to_classify(exchange: Exchange) -> None:
    await exchange.new("SZ-1", category="SR-77")
    await exchange.new("SZ-2", category="SR-99", note="by telephone")
    rows = await exchange.run(
        """select c.category, s.note from case_file c join case_step s on s.case_id = c.id and s.seq = 1
           order by s.cursor"""
    )
    assert rows == [(None, "(their category: SR-77)"), (None, "by telephone (their category: SR-99)")]


async def test_what_does_not_fit_waits_for_a_person_and_is_never_resolved_in_silence(exchange: Exchange) -> None:
    await exchange.new()
    await exchange.act("filed", "dispatched", "taken")
    assert await exchange.tell(id="SZ-1", state="90", at=at(5)) == "conflict", "both have moved it"
    assert await exchange.tell(id="SZ-1", state="90", at=at(5)) == "repeated"
    for later in (6, 7, 8):
        assert await exchange.tell(id="SZ-1", state="90", at=at(later)) == "conflict"
    now = datetime.now(UTC).isoformat()
    answer = await exchange.send(id="SZ-1", state="20", at=now)
    assert (answer.json()["outcome"], answer.json()["stage"]) == ("conflict", "handling"), "it goes back"
    assert "no step leads from being handled to dispatched" in answer.json()["reason"]
    back, both = await exchange.conflicts()
    assert (both["state"], both["target"], both["times"], both["outside_id"]) == ("90", "closed", 4, "SZ-1")
    assert "after the moment that the system tells of" in both["reason"]
    assert "处置" in (await exchange.conflicts(lang="zh"))[1]["reason"]
    assert (await exchange.run("select stage, seq from case_file")) == [("handling", 5)], "nothing was moved"

    resolve = f"/outside-conflicts/{both['id']}:resolve"
    assert (await exchange.client.post(resolve, json={"take": "ours"})).status_code == 422, "nobody says why"
    decided = (await exchange.client.post(resolve, json={"take": "ours", "note": "they were told"})).json()
    assert (decided["resolved_as"], decided["resolution"], decided["stage_now"]) == (
        "ours",
        "they were told",
        "handling",
    )
    assert (await exchange.client.post(resolve, json={"take": "ours", "note": "again"})).status_code == 404
    theirs = await exchange.client.post(
        f"/outside-conflicts/{back['id']}:resolve", json={"take": "theirs", "note": "sent to the wrong ones"}
    )
    assert theirs.json()["stage_now"] == "dispatched", theirs.text
    assert (await exchange.steps())[-2:] == ["returned", "dispatched"]
    audited = await exchange.run("select subject from audit where action = 'outside_conflict.resolve' order by id")
    assert [subject for (subject,) in audited] == [both["id"], back["id"]]
    assert await exchange.conflicts() == []
    assert len(await exchange.conflicts(open=False)) == 2


async def test_a_step_that_is_refused_leaves_none_of_its_way(exchange: Exchange) -> None:
    body = {key: value for key, value in MAPPING.items() if key != "responsible"}
    await exchange.client.put("/outside-systems/city-ops", json=body)
    await exchange.new()
    assert await exchange.tell(id="SZ-1", state="30", at=at(9)) == "conflict", "who is to handle it is not said"
    assert await exchange.steps() == ["reported", "accepted"]
    [found] = await exchange.conflicts()
    assert "give responsible" in found["reason"]
    refused = await exchange.client.post(
        f"/outside-conflicts/{found['id']}:resolve", json={"take": "theirs", "note": "so be it"}
    )
    assert (refused.status_code, await exchange.steps()) == (409, ["reported", "accepted"])
    assert len(await exchange.conflicts()) == 1, "it is still open"


async def test_it_is_set_up_and_decided_from_the_command_line(exchange: Exchange, tmp_path: Any) -> None:
    async with served(exchange.context) as base:

        async def hub(*words: str, status: int = 0) -> str:
            env = {"HUB_URL": base, "COLUMNS": "200"}
            told = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)
            assert told.exit_code == status, told.output
            return told.stdout if status == 0 else told.stderr

        file = tmp_path / "hotline.json"
        file.write_text(json.dumps({key: value for key, value in MAPPING.items() if key != "secret"}), encoding="utf-8")
        assert "whsec_" in await hub("outside", "put", "12345", str(file))
        assert "whsec_" not in await hub("outside", "put", "12345", "--disable")
        assert "switched off" in await hub("outside", "list")
        assert "whsec_" not in await hub("outside", "show", "12345", "--json")
        assert "give a file" in await hub("outside", "put", "12345", status=1)
        assert "is deleted" in await hub("outside", "delete", "12345")
        assert "Nothing waits" in await hub("outside", "conflicts")
        await exchange.new()
        await exchange.act("filed")
        assert await exchange.tell(id="SZ-1", state="99", at=at(5)) == "conflict"
        assert "is filed, city-ops says 99" in await hub("outside", "conflicts")
        [found] = await exchange.conflicts()
        assert "Decided for ours" in await hub("outside", "resolve", found["id"], "ours", "--note", "no")
        assert "decided for ours" in await hub("outside", "conflicts", "--all", "--system", "city-ops")
        assert "no open conflict" in await hub("outside", "resolve", found["id"], "ours", "--note", "no", status=1)
        assert "switch it off instead" in await hub("outside", "delete", "city-ops", status=1)


async def test_why_a_post_is_not_taken_is_told_in_the_language_of_its_system(exchange: Exchange) -> None:
    exchange.client.headers["accept-language"] = "zh-CN"
    told = {"id": "SZ-1", "state": "10", "at": at(0)}
    wrong = await exchange.send(secret="whsec_d3Jvbmc=", **told)
    assert wrong.status_code == 401
    assert wrong.json()["detail"].startswith("签名不是该系统的签名：")
    assert wrong.json()["detail"].endswith("（没有相符的签名）")
    nobody = await exchange.send(system="none", **told)
    assert "相符" not in nobody.json()["detail"], "nor whether there is such a system"
    long = await exchange.send("x" * 201, **told)
    assert (long.status_code, long.json()["detail"]) == (422, "webhook-id 须为 1 至 200 个字符")
