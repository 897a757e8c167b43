"""What a request is answered, before a sink that commits when the test wants."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api import problems
from hub.access.limits import Limits
from hub.access.refusals import Refusals
from hub.models import DeadLetter, Delivery, Outcome
from hub.settings import Http, Settings
from hub.words.sentence import Sentence
from ingest.http.source import HttpSource, router
from tests.support.doors import AlwaysDoor, nothing_outside
from tests.support.origins import ORIGINS
from tests.support.process import eventually

JSON = {"content-type": "application/json"}
WHY = Sentence("refusal.json.cut")
ALL: dict[str, Any] = {"repeated": 0, "conflicting": 0, "refused": []}
READING = b'{"ts": 1760000000000, "values": {"pm25": 35.2}}'


class Sink:
    """Takes deliveries; settles them at once, or when told to."""

    def __init__(self) -> None:
        self.full = False
        self.trouble: list[str] = []
        self.refuse: set[int] = set()
        self.taken: list[Delivery] = []
        self.at_once = True

    async def submit(self, delivery: Delivery) -> None:
        self.taken.append(delivery)
        if self.at_once:
            await self.settle(delivery)

    async def settle(self, delivery: Delivery, superseded: bool = False) -> None:
        refused = {
            index: DeadLetter(uuid4(), delivery.raws[index], "not_json", WHY, "air-1", 7)
            for index in self.refuse
            if index < len(delivery.raws)
        }
        await delivery.settle(Outcome(refused, superseded))


class World:
    """A source behind an app with the API's problem details."""

    def __init__(self, client_host: str = "10.0.0.7", **settings: Any) -> None:
        self.sink = Sink()
        self.source = HttpSource(
            Http(**settings), self.sink, ORIGINS.of_request, lambda: self.sink.trouble, nothing_outside
        )
        app = FastAPI()
        problems.install(app)
        app.state.door = AlwaysDoor()
        app.state.limits = Limits(Settings().limits)
        app.state.refusals = Refusals()
        app.state.http_source = self.source
        app.include_router(router, prefix="/api/v1")
        transport = httpx.ASGITransport(app, client=(client_host, 5))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1")

    async def post(self, path: str = "/devices/air-1/telemetry", body: bytes = READING, **headers: str) -> Any:
        return await self.client.post(path, content=body, headers=JSON | headers)

    async def taken(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.sink.taken) >= count

        await eventually(enough, f"{count} deliveries taken")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    async with made.client:
        yield made


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return dict(answer.json())


@pytest.mark.parametrize(
    ("path", "address"),
    [("telemetry", "telemetry"), ("events", "event"), ("senml", "senml")],
)
async def test_a_message_goes_as_it_came_under_the_address_of_its_device(world: World, path: str, address: str) -> None:
    answer = await world.post(f"/devices/air-1/{path}")
    assert (answer.status_code, answer.json()) == (202, ALL | {"accepted": 1})
    [raw] = world.sink.taken[0].raws
    assert (raw.origin.transport, raw.origin.device, raw.origin.form, raw.payload) == (
        "http",
        "air-1",
        address,
        READING,
    )
    assert (raw.token, raw.repeated) == (0, False)


async def test_times_of_arrival_are_unique_and_rise(world: World) -> None:
    body = json.dumps([{"device": "air-1", "pm25": number} for number in range(1000)]).encode()
    for _ in range(3):
        assert (await world.post("/telemetry:batch", body)).json()["accepted"] == 1000
    times = [raw.received for delivery in world.sink.taken for raw in delivery.raws]
    assert times == sorted(set(times))


async def test_no_answer_before_the_commit(world: World) -> None:
    world.sink.at_once = False
    waiting = asyncio.create_task(world.post())
    await world.taken(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    await world.sink.settle(world.sink.taken[0])
    assert (await waiting).status_code == 202


async def test_a_batch_tells_what_was_refused_by_index(world: World) -> None:
    world.sink.refuse = {1}
    answer = await world.post("/events:batch", b'[{"device": "a"}, {"device": "b"}, {"device": "c"}]')
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 2,
        "repeated": 0,
        "conflicting": 0,
        "refused": [{"index": 1, "device": "air-1", "reason": "not_json", "detail": str(WHY), "at": 7}],
    }
    assert [(raw.origin.device, raw.origin.form) for raw in world.sink.taken[0].raws] == [
        (code, "event") for code in "abc"
    ]


async def test_a_refused_line_has_its_number_and_its_place(world: World) -> None:
    world.sink.refuse = {1}
    body = b'{"device": "a"}\n\n{"device": "b"}\n'
    answer = await world.post("/telemetry:batch", body, **{"content-type": "application/x-ndjson"})
    assert [(each["index"], each["line"], each["at"]) for each in answer.json()["refused"]] == [(1, 3, 7)]


async def test_a_broken_batch_names_the_byte(world: World) -> None:
    told = problem(await world.post("/telemetry:batch", b'[{"pm25": 1} {"pm25": 2}]'), 400)
    assert told["at"] == 13
    assert problem(await world.post("/telemetry:batch", b'{"pm25": 1}'), 400)["at"] == ""


async def test_when_everything_is_refused_it_is_a_problem_with_the_reasons(world: World) -> None:
    world.sink.refuse = {0, 1}
    told = problem(
        await world.post("/telemetry:batch", b'{"device": "a"}\n{}', **{"content-type": "application/x-ndjson"}), 422
    )
    assert told["accepted"] == 0
    assert [one["index"] for one in told["refused"]] == [0, 1]
    assert WHY in problem(await world.post(), 422)["detail"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/devices/a/telemetry", READING, {"content-type": "text/plain"}, 415),
        ("/devices/a/telemetry", READING, {"content-type": ""}, 415),
        ("/devices/a/telemetry", READING, {"content-encoding": "br"}, 415),
        ("/devices/a/telemetry", READING, {"content-encoding": "gzip"}, 400),
        ("/devices/a/events", READING, {"content-type": "application/senml+json"}, 415),
        ("/telemetry:batch", b"{}", {}, 400),
        ("/telemetry:batch", b"[]", {}, 400),
        ("/telemetry:batch", b"", {"content-type": "application/x-ndjson"}, 400),
        ("/telemetry:batch", b"[" + b"{}," * 10_000 + b"{}]", {}, 413),
    ],
)
async def test_a_request_that_cannot_be_used_takes_nothing(
    world: World, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    problem(await world.post(path, body, **headers), status)
    assert not world.sink.taken


async def test_full_down_or_stopping_is_503_with_retry_after_and_takes_nothing(world: World) -> None:
    def full() -> None:
        world.sink.full = True

    def down() -> None:
        world.sink.full, world.sink.trouble = False, ["the store does not commit"]

    def stopping() -> None:
        world.sink.trouble = []
        world.source.stop()

    for change in (full, down, stopping):
        change()
        answer = await world.post()
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
    assert not world.sink.taken


async def test_what_was_taken_before_the_stop_is_answered_after_its_commit(world: World) -> None:
    world.sink.at_once = False
    waiting = asyncio.create_task(world.post())
    await world.taken(1)
    world.source.stop()
    problem(await world.post(), 503)
    await world.sink.settle(world.sink.taken[0])
    assert (await waiting).status_code == 202


async def test_when_a_commit_takes_long_further_requests_are_held_back_until_it_is_there() -> None:
    world = World(hold_back_s=0.05)
    world.sink.at_once = False
    waiting = asyncio.create_task(world.post())
    await world.taken(1)

    async def held_back() -> bool:
        world.sink.at_once = True
        return bool((await world.post()).status_code == 503)

    await eventually(held_back, "further requests are refused")
    await world.sink.settle(world.sink.taken[0])
    assert (await waiting).status_code == 202
    assert (await world.post()).status_code == 202


async def test_an_outcome_that_stays_unknown_is_told_so() -> None:
    world = World(answer_s=0.05)
    world.sink.at_once = False
    answer = await world.post()
    assert "may be committed later" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"]
    await world.sink.settle(world.sink.taken[0])  # too late for the answer, and no failure


async def test_what_another_process_took_over_was_not_taken(world: World) -> None:
    world.sink.at_once = False
    waiting = asyncio.create_task(world.post())
    await world.taken(1)
    await world.sink.settle(world.sink.taken[0], superseded=True)
    problem(await waiting, 503)


async def test_who_comes_too_often_is_told_to_wait() -> None:
    world = World(requests_per_s=5)
    answers = [await world.post() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert "5 requests a second" in problem(answers[-1], 429)["detail"]
    assert answers[-1].headers["retry-after"] == "1"


async def test_the_device_of_a_batch_is_cut_before_it_is_kept(world: World) -> None:
    body = json.dumps([{"device": "x" * 100_000}]).encode()
    await world.post("/telemetry:batch", body)
    assert len(world.sink.taken[0].raws[0].origin.address) < 120
