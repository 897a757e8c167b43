"""Consumers are told of changes of cases: what they chose, in order, each once, and never what they did themselves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema
import psycopg
import pytest

from api.push import leased
from api.push.case_deliveries import cases as told_of_cases
from api.push.leased import LeasedDeliveries
from api.push.signature import verify
from api.push.windows import FIRST
from app.check.routing import check_routing
from hub.cases.apply import apply
from hub.settings import Database, Settings
from tests.integration.test_outside_cases import BEGAN, MAPPING, Exchange, at
from tests.support.case_desk import TABLES, CaseDesk
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of
from tests.support.webhooks import LOCAL, PLAIN, Received, Receiver, open_webhook

PAGE = "http://127.0.0.1"
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass
class Office:
    """A hub with cases, and a receiver for each consumer, by path."""

    desk: CaseDesk
    client: httpx.AsyncClient
    receiver: Receiver
    exchange: Exchange
    schema: dict[str, Any] = field(default_factory=dict)

    async def consumer(self, code: str, cases: dict[str, Any] | None = None, **more: Any) -> None:
        body = {"url": "https://8.8.8.8/hook", "filters": [], "cases": cases or {}, "secret": SECRET, **more}
        (await self.client.put(f"/consumers/{code}", json=body)).raise_for_status()
        await self.desk.run("update consumer set url = %(url)s where code = %(code)s",
                            url=self.receiver.url(f"/{code}"), code=code)  # fmt: skip

    async def settled(self) -> None:
        async def all_out() -> bool:
            return not await self.desk.run("select 1 from case_delivery where state = 'pending' limit 1")

        await eventually(all_out, "all changes of cases are out")

    async def told(self, code: str) -> list[dict[str, Any]]:
        """The events that a consumer got, once all are out; each as its schema says, and signed."""
        await self.settled()
        events = []
        for got in self.receiver.received:
            if got.path == f"/{code}":
                event = json.loads(got.body)
                jsonschema.validate(event["data"], self.schema)
                id_, moment, signature = (got.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
                verify(SECRET, id_, moment, signature, got.body, float(moment))
                assert got.id == event["id"]
                events.append(event)
        return events

    async def kinds(self, code: str) -> list[str]:
        return [event["data"]["step"] for event in await self.told(code)]


@asynccontextmanager
async def sending(office: Office) -> AsyncIterator[None]:
    """Two processes that send."""
    told = told_of_cases(PAGE, PLAIN)
    async with open_webhook(LOCAL, PLAIN) as channel:
        works = [
            asyncio.create_task(LeasedDeliveries(office.desk.pool, {"webhook": channel}, told).run()) for _ in range(2)
        ]
        yield
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with api_context(database) as context, client_of(context) as client, Receiver() as receiver:
        made = Office(CaseDesk(context.hub_pool), client, receiver, Exchange(context, client))
        made.desk.now = BEGAN + timedelta(minutes=60)
        async with context.hub_pool.connection() as conn:
            await conn.execute(TABLES.encode())
            await conn.execute("insert into organisation (code, name) values ('ops', 'Operations')")
        made.schema = (await client.get("/schemas/case")).json()
        async with sending(made):
            yield made


async def test_each_consumer_is_told_what_it_chose_and_how_that_goes_on(office: Office) -> None:
    await office.consumer("all")
    await office.consumer("county", {"filters": [{"region": "330110"}]})
    await office.consumer("streets", {"filters": [{"category_kind": "event", "category": "01"}]})
    await office.consumer("cleaners", {"filters": [{"organisation": "clean"}], "steps": ["dispatched", "closed"]})
    await office.consumer("theirs", owner="parks")
    await office.consumer("off", enabled=False)
    await office.consumer("none", {"filters": []})
    desk = office.desk
    case = await desk.report(category_kind="event", category="0101", category_version=1)
    for kind in ("accepted", "filed"):
        await desk.do(case, kind)
    await desk.do(case, "classified", category_kind="part", category="02", category_version=None)
    for kind in ("dispatched", "taken", "handled", "passed", "closed"):
        await desk.do(case, kind)
    everything = ["reported", "accepted", "filed", "classified", "dispatched", "taken", "handled", "passed", "closed"]
    assert await office.kinds("all") == everything
    assert await office.kinds("streets") == everything, "it hears how what it was told of goes on"
    assert await office.kinds("cleaners") == ["dispatched", "closed"]
    assert [await office.kinds(code) for code in ("county", "theirs", "off", "none")] == [[], [], [], []]

    first, *_, last = await office.told("all")
    assert {name: last[name] for name in ("specversion", "id", "source", "type", "datacontenttype", "dataschema")} == {
        "specversion": "1.0", "id": f"{case}.9", "source": "ganzhi/330106001001", "type": "ganzhi.case.closed",
        "datacontenttype": "application/json", "dataschema": office.schema["$id"],
    }  # fmt: skip
    assert last["subject"] == last["data"]["number"] == first["data"]["number"]
    assert (first["data"]["category_name"], first["data"]["stage"]) == ("暴露垃圾", "reported"), "as it was then"
    assert (last["data"]["stage"], last["data"]["closed_how"], last["data"]["outside"]) == ("closed", "handled", None)


async def test_what_leaves_is_cut_to_the_ceiling_and_to_what_the_owner_sees(office: Office) -> None:
    await office.consumer("public", ceiling="L1")
    await office.consumer("cleaners", owner="clean")
    desk = office.desk
    office.receiver.answer = lambda got: 503 if got.path == "/cleaners" else 200
    case = await desk.report("what a person wrote", note="plain words")
    for kind in ("accepted", "filed", "dispatched"):
        await desk.do(case, kind, note="plain words")
    assert "person" not in str([got.body for got in office.receiver.received])

    async def tried() -> bool:
        return any(got.path == "/cleaners" for got in office.receiver.received)

    await eventually(tried, "it is told once the case is dispatched to it")
    await desk.do(case, "returned")
    await desk.do(case, "dispatched", responsible="parks")
    office.receiver.answer = lambda got: 200
    await desk.run("update case_delivery set next_at = now()")
    told = await office.told("public")
    assert [event["data"]["region"] for event in told] == ["330106001000"] * 6
    assert not {"title", "note", "detail", "lon", "responsible", "organisation"} & set().union(*(
        event["data"].keys() for event in told
    ))  # fmt: skip
    answered = (await office.client.get("/case-deliveries?consumer=cleaners&lang=zh")).json()["items"]
    assert [(each["kind"], each["state"]) for each in answered] == [
        ("returned", "given_up"),
        ("dispatched", "given_up"),
    ]
    assert "clean" in answered[0]["last_error"], "it sees the case no more, so what waited is not told either"


async def test_both_reporters_learn_what_came_of_merged_cases(office: Office) -> None:
    await office.consumer("north", {"filters": [{"region": "330106001001"}]})
    await office.consumer("south", {"filters": [{"region": "330106002002"}]})
    desk = office.desk
    case, again = await desk.report(), await desk.report(region="330106002002")
    await desk.do(again, "merged", into=case)
    await desk.do(case, "self_handled")
    assert await office.kinds("north") == ["reported", "joined", "self_handled"]
    concluded = (await office.told("south"))[-1]
    assert (await office.kinds("south"), concluded["type"]) == (
        ["reported", "merged", "concluded"], "ganzhi.case.concluded",
    )  # fmt: skip
    assert concluded["data"]["outcome"] == {"case": str(case), "stage": "closed", "closed_how": "self_handled"}
    assert concluded["data"]["merged_into"] == str(case)


async def test_what_is_not_committed_is_told_to_nobody(office: Office) -> None:
    await office.consumer("all")
    desk = office.desk
    case = await desk.report()
    async with desk.pool.connection() as conn, conn.transaction():
        await apply(conn, [desk.step(case, "accepted")])
        raise psycopg.Rollback
    step = desk.step(case, "accepted")
    assert [(await desk.take(step)).outcome for _ in range(3)] == ["applied", "repeated", "repeated"]
    assert (await desk.take(desk.step(case, "closed"))).outcome == "refused"
    assert await office.kinds("all") == ["reported", "accepted"]


async def test_a_receiver_that_was_away_gets_all_in_order_with_the_same_ids(office: Office, database: str) -> None:
    desk, receiver = office.desk, office.receiver
    await office.consumer("all")
    await receiver.stop()
    cases = [await desk.report(), await desk.report()]
    for kind in ("accepted", "filed", "dispatched"):
        for case in cases:
            await desk.do(case, kind)

    async def tried() -> bool:
        return bool(await desk.run("select 1 from case_delivery where attempts > 0 and last_error is not null"))

    await eventually(tried, "it is called, and is away")
    due = "select array_agg(distinct seq) from case_delivery where state = 'pending' and next_at is not null"
    assert await desk.run(due) == [([1],)], "what waits behind them is not read"
    seen: set[str] = set()

    def at_first(got: Received) -> int:
        known = got.id in seen
        seen.add(got.id)
        return 200 if known else 500

    receiver.answer = at_first
    await receiver.start()
    await desk.run("update case_delivery set made_at = made_at - interval '2 days' where seq = 2")
    for _ in range(9):
        await desk.run("update case_delivery set next_at = now() where state = 'pending' and next_at is not null")
    await office.settled()
    for case in cases:
        ids = list(dict.fromkeys(each for each in receiver.ids("/all") if each.startswith(str(case))))
        assert ids == [f"{case}.{seq}" for seq in (1, 2, 3, 4)], "in order"
        assert [receiver.ids("/all").count(each) for each in ids] == [2, 1, 2, 2], "2 was given up after a day"

    shown = (await office.client.get("/consumers/all")).json()
    assert (shown["cases_pending"], shown["cases_given_up"]) == (0, 2)
    [warned] = await check_routing(Settings(database=Database(url=database)))
    assert warned.what.startswith("consumer all: 2 changes of cases were given up, the newest of ")
    again = await office.client.post("/consumers/all/case-deliveries:again", json={"case": str(cases[0])})
    assert again.json() == {"deliveries": 1}
    await office.settled()
    assert receiver.ids("/all")[-1] == f"{cases[0]}.2"
    again = await office.client.post("/consumers/all/case-deliveries:again", json={"accepted": True, "since": at(-9e5)})
    assert again.json() == {"deliveries": 8}
    await office.settled()
    for case in cases:
        ids = [each for each in receiver.ids("/all")[-8:] if each.startswith(str(case))]
        assert ids == [f"{case}.{seq}" for seq in (1, 2, 3, 4)]
    assert (await office.client.post("/consumers/nobody/case-deliveries:again", json={})).status_code == 404


async def test_consumers_that_hang_do_not_delay_another_though_together_they_could_take_all_places(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leased, "EVERY_S", 0.05)
    monkeypatch.setattr(leased, "AT_ONCE", 4 * FIRST)
    office.receiver.answer = lambda got: None if "silent" in got.path else 200
    silent = [f"silent-{number}" for number in range(3)]
    for code in (*silent, "desk"):
        await office.consumer(code)
    for _ in range(40):
        await office.desk.report()

    async def all_out() -> bool:
        return await office.desk.run(
            """select count(*) from case_delivery d join consumer c on c.id = d.consumer_id
               where c.code = 'desk' and d.state = 'delivered'"""
        ) == [(40,)]

    await eventually(all_out, "all is out to the one that answers")
    assert max(office.receiver.most_open[f"/{code}"] for code in silent) <= 2 * FIRST, "of two processes"


async def test_a_system_is_told_its_cases_in_its_words_and_nothing_that_it_did_itself(office: Office) -> None:
    tells = {"states": {"handling": "30", "filed": "15", "merged": "80"}, "categories": {"event:01": "SR-01"}}
    mapping = {**MAPPING, "states": {**MAPPING["states"], "31": "handling"}, "tells": tells}
    put = await office.client.put("/outside-systems/city-ops", json=mapping)
    assert put.json()["untold"] == ["reported", "coordinating", "verified"]
    await office.consumer("city-ops", {"system": "city-ops"})
    await office.consumer("all")
    exchange, desk = office.exchange, office.desk
    await exchange.new("SZ-1", "10", category="SR-01")
    await exchange.new("SZ-2", "10")
    stranger = await desk.report()
    assert await office.kinds("city-ops") == [], "what it has reported and accepted it knows"
    assert (await office.kinds("all")).count("accepted") == 2

    ids = dict(await desk.run("select outside_id, case_id from outside_case"))
    one, two = ids["SZ-1"], ids["SZ-2"]
    await desk.do(one, "filed")
    await desk.do(one, "dispatched")
    assert await exchange.tell(id="SZ-1", state="30", at=at(70)) == "applied"
    desk.later(minutes=20)
    await desk.do(one, "returned", note="wrong office")
    await desk.do(two, "merged", into=one)
    await desk.do(one, "dispatched")
    assert await exchange.tell(id="SZ-1", state="90", at=at(90)) == "applied", "four steps of its own"
    told = sorted(await office.told("city-ops"), key=lambda each: each["data"]["outside"]["id"])  # in order per case
    assert [
        (each["data"]["step"], each["data"]["outside"]["id"], each["data"]["outside"]["state"]) for each in told
    ] == [
        ("filed", "SZ-1", "15"),
        ("dispatched", "SZ-1", "20"),
        ("returned", "SZ-1", "50"),
        ("joined", "SZ-1", "15"),
        ("dispatched", "SZ-1", "20"),
        ("merged", "SZ-2", "80"),
        ("concluded", "SZ-2", "90"),
    ], "what follows of its own step for another case is told, too"
    assert {each["data"]["outside"]["category"] for each in told if each["data"]["outside"]["id"] == "SZ-1"} == {
        "SR-01"
    }
    assert str(stranger) not in str(told)

    before = await desk.run("select count(*) from case_step")
    for event in told:  # a receiver that tells of each event what it has become by it
        state = event["data"]["outside"]["state"]
        if state in mapping["states"]:
            outcome = await exchange.tell(id=event["data"]["outside"]["id"], state=state, at=event["data"]["stage_at"])
            assert outcome in ("older", "unchanged", "repeated"), (event, outcome)
    assert await desk.run("select count(*) from case_step") == before, "no loop"


async def test_a_conflict_that_is_decided_for_theirs_is_told(office: Office) -> None:
    await office.client.put("/outside-systems/city-ops", json=MAPPING)
    await office.consumer("city-ops", {"system": "city-ops", "steps": ["filed", "rejected"]})
    exchange, desk = office.exchange, office.desk
    await exchange.new()
    [(case,)] = await desk.run("select id from case_file")
    await desk.do(case, "filed")
    assert await exchange.tell(id="SZ-1", state="99", at=at(70)) == "conflict"
    [conflict] = await exchange.conflicts()
    decision = {"take": "ours", "note": "n"}
    assert (await office.client.post(f"/outside-conflicts/{conflict['id']}:resolve", json=decision)).is_success
    assert await exchange.tell(id="SZ-1", state="30", at=at(80)) == "applied"
    assert await office.kinds("city-ops") == ["filed", "upheld"], "whatever it chose"
    upheld = (await office.told("city-ops"))[-1]["data"]
    assert (upheld["stage"], upheld["note"], upheld["outside"]["id"]) == ("filed", "n", "SZ-1")
    [(who,)] = await desk.run("select actor from case_step where kind = 'upheld'")
    assert who == "local"


def now_told() -> str:
    return datetime.now(UTC).isoformat()


async def test_an_echo_that_comes_after_the_case_went_on_is_no_news_of_the_system(office: Office) -> None:
    await office.client.put("/outside-systems/city-ops", json=MAPPING)
    await office.consumer("city-ops", {"system": "city-ops"})
    exchange, desk, receiver = office.exchange, office.desk, office.receiver
    await exchange.new()
    [(case,)] = await desk.run("select id from case_file")
    await desk.walk_on(case, "filed", "dispatched", "returned")
    assert await office.kinds("city-ops") == ["filed", "dispatched", "returned"]
    await receiver.stop()
    await desk.do(case, "dispatched")
    steps = await exchange.steps()
    assert await exchange.tell(id="SZ-1", state="50", at=now_told()) == "older", (
        "it does not know yet how the case went on"
    )
    assert (await exchange.steps(), await exchange.conflicts()) == (steps, [])
    await receiver.start()
    await desk.run("update case_delivery set next_at = now() where state = 'pending'")
    await office.settled()
    returned = {"id": "SZ-1", "state": "50", "note": "not ours"}
    assert await exchange.tell(**returned, at=now_told()) == "applied", "now it does, and returns it itself"


@pytest.mark.parametrize("own", ["returned again", "no way back", "another state"])
async def test_a_state_of_its_own_is_no_echo_though_something_is_on_its_way_to_it(office: Office, own: str) -> None:
    """The system moves a case or tells another state, and then what it also heard from us before."""
    await office.client.put("/outside-systems/city-ops", json=MAPPING)
    await office.consumer("city-ops", {"system": "city-ops"})
    exchange, desk = office.exchange, office.desk
    await exchange.new()
    [(case,)] = await desk.run("select id from case_file")
    last = {"returned again": "returned", "no way back": "dispatched", "another state": "taken"}[own]
    told = ["filed", "dispatched", *([] if last == "dispatched" else [last])]
    await desk.walk_on(case, *told)
    assert await office.kinds("city-ops") == told
    between, outcome = {"returned again": ("20", "applied"), "no way back": ("30", "applied")}.get(
        own, ("20", "conflict")
    )
    assert await exchange.tell(id="SZ-1", state=between, at=now_told()) == outcome
    waits = "state = 'pending', attempts = 0, next_at = now() + interval '1 hour'"
    await desk.run(f"update case_delivery set {waits} where kind = 'filed'")  # what follows waits behind it, untried
    await desk.do(case, "commented", note="somebody telephoned")
    if own == "returned again":
        assert await exchange.tell(id="SZ-1", state="50", note="not ours", at=now_told()) == "applied"
        assert (await exchange.steps())[-1] == "returned"
        return
    await desk.do(case, "handled")
    state = "20" if own == "no way back" else "30"
    assert await exchange.tell(id="SZ-1", state=state, note="x", at=now_told()) == "conflict"
    assert state in [each["state"] for each in await exchange.conflicts()]


async def test_what_waits_for_a_consumer_that_is_narrowed_is_dropped_with_a_note(office: Office) -> None:
    await office.consumer("all")
    await office.receiver.stop()
    [gone, stays] = [await office.desk.report(region=region) for region in ("330106001001", "330110001001")]
    await office.consumer("all", {"filters": [{"region": "330110"}]})
    await office.receiver.start()
    await office.desk.run("update case_delivery set next_at = now() where state = 'pending'")
    assert [event["data"]["case"] for event in await office.told("all")] == [str(stays)]
    found = (await office.client.get("/case-deliveries", params={"case": str(gone), "lang": "zh"})).json()["items"]
    assert [(each["state"], each["last_error"]) for each in found] == [
        ("given_up", "接收方此后已变更，不再接收该案件")
    ]  # fmt: skip


async def test_what_is_given_must_be_there_and_stays_while_it_is_named(office: Office) -> None:
    async def put(**body: Any) -> httpx.Response:
        return await office.client.put("/consumers/x", json={"url": "https://8.8.8.8/hook", **body})

    for cases, pointer, zh in (
        ({"system": "nobody"}, "/cases/system", "没有外部系统"),
        ({"filters": [{}, {"area": "nowhere"}]}, "/cases/filters/1/area", "没有区域"),
        ({"filters": [{"organisation": "nobody"}]}, "/cases/filters/0/organisation", "没有单位"),
    ):
        answer = await put(cases=cases)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
        told = await office.client.put(
            "/consumers/x", json={"url": "https://8.8.8.8/hook", "cases": cases}, headers={"accept-language": "zh"}
        )
        assert zh in told.text
    bad: list[dict[str, Any]] = [{"steps": ["opened"]}, {"steps": []}, {"filters": [{"region": "33x"}]}]
    for wrong in (*bad, {"filters": [{}] * 51}):
        assert (await put(cases=wrong)).status_code == 422, wrong
    assert "webhooks alone" in (await put(kind="kafka", url="", cases={})).text
    await office.client.put("/outside-systems/idle", json=MAPPING)
    await office.client.put("/areas/lake", json={"name": "Lake", "divisions": ["330106"]})
    stored = await put(cases={"system": "idle", "filters": [{"area": "lake"}]})
    assert stored.json()["cases"] == {
        "system": "idle", "steps": None,
        "filters": [{"area": "lake", **dict.fromkeys(("organisation", "region", "category_kind", "category"))}],
    }  # fmt: skip
    assert "consumer x" in (await office.client.delete("/outside-systems/idle")).text
    assert (await office.client.delete("/areas/lake")).status_code == 409
    case: UUID = await office.desk.report()
    assert await office.desk.run("select kind from case_delivery where case_id = %(id)s", id=case) == [("reported",)]
    assert (await office.client.delete("/consumers/x")).status_code == 200
    assert (await office.client.delete("/outside-systems/idle")).status_code == 200
    assert await office.desk.run("select 1 from case_delivery") == []


async def test_a_step_under_way_and_a_consumer_that_is_deleted_meanwhile(office: Office, database: str) -> None:
    """Neither waits for the other for ever, and the step is not lost."""
    await office.consumer("all")
    async with await psycopg.AsyncConnection.connect(database) as conn:
        step = office.desk.step(await office.desk.report(), "accepted", id=uuid4())
        async with conn.transaction():
            await apply(conn, [step])
            deleting = asyncio.create_task(office.client.delete("/consumers/all"))
            await asyncio.sleep(0)
    assert (await deleting).status_code == 200
    assert (await office.desk.take(step)).outcome == "repeated"
