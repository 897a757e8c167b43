"""Commands over the API and the writer: checked, stored before they are sent, settled once, whoever is faster."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.command_waiters import CommandWaiters
from api.context import Context
from devices.commands.delivery import CommandDelivery
from devices.commands.downlink import BrokerDownlink
from devices.commands.timeouts import forget_commands, settle_overdue
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.errors import BrokerUnavailable
from hub.models import Batch
from hub.stage import run_steps
from hub.store.listen import listen
from tests.support.lamps import register_lamps
from tests.support.origins import raw_of
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of
from tests.support.writers import Committer

DIM = {"name": "set_brightness", "params": {"brightness": 40}}


@dataclass
class FakeLink:
    """A BrokerLink that remembers; `on_publish` may do more, or fail."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    on_publish: Callable[[], Any] | None = None
    connected: bool = True

    async def publish(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, json.loads(payload)))
        if self.on_publish is not None:
            await self.on_publish()

    def heard(self, *_filters: str) -> Any:
        raise AssertionError("commands do not listen")


@dataclass
class Place:
    """A hub's API and writer over one database."""

    context: Context
    client: httpx.AsyncClient
    link: FakeLink

    async def dim(self, code: str = "lamp-1", **more: Any) -> httpx.Response:
        body, headers = {**DIM, **more.pop("json", {})}, more.pop("headers", {})
        return await self.client.post(f"/devices/{code}/commands", json=body, headers=headers, params=more)

    async def reply(self, device: str, body: dict[str, Any], received: int | None = None) -> list[str]:
        """Commit a reply as the pipeline does; why it was refused."""
        registry = Registry()
        await registry.refresh(self.context.hub_pool)
        at = time.time_ns() // 1000 if received is None else received
        batch = Batch([raw_of("mqtt", f"ganzhi/v1/{device}/reply", json.dumps(body).encode(), at)])
        run_steps(Resolver(registry), batch)
        await Committer(self.context.hub_pool).commit(batch)
        return [f"{letter.reason}: {letter.detail}" for letter in batch.refused.values()]

    async def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.context.hub_pool.connection() as conn:
            cursor = await conn.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []


@pytest.fixture
async def place(database: str) -> AsyncIterator[Place]:
    register_lamps(database, "lamp-1", "lamp-2", "pole")
    register_lamps(database, "arm", parent="pole")
    link, outcomes = FakeLink(), CommandWaiters()
    async with api_context(database) as bare:
        context = replace(bare, outcomes=outcomes)
        delivery = CommandDelivery(bare.hub_pool, "test", [BrokerDownlink(link, "ganzhi/v1")])
        hear = {"ganzhi_command": outcomes.heard, "ganzhi_downlink": delivery.heard}
        async with asyncio.TaskGroup() as group, client_of(context) as client:
            tasks = [
                group.create_task(listen(database, list(hear), lambda channel, text: hear[channel](text))),
                group.create_task(delivery.run()),
            ]
            made = Place(context, client, link)

            async def ready() -> bool:
                return bool(await made.sql("select id from session_holder where broker"))

            await eventually(ready, "it can send")
            yield made
            for task in tasks:
                task.cancel()


async def test_it_is_sent_once_and_its_reply_settles_it(place: Place) -> None:
    stored: list[Any] = []

    async def look() -> None:
        stored.extend(await place.sql("select state, sent_at from command"))

    place.link.on_publish = look
    answer = await place.dim()
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert stored == [("pending", None)], "it is stored before anybody is told"
    assert (told["state"], told["actor"], told["reply"]) == ("sent", "api", None)
    topic, payload = place.link.sent.pop()
    assert topic == "ganzhi/v1/lamp-1/command"
    assert {**DIM, "id": told["id"]}.items() <= payload.items()
    assert payload["expires_at"] - payload["ts"] == 10_000
    assert abs(payload["ts"] / 1000 - time.time()) < 5
    assert await place.reply("lamp-1", {"id": told["id"], "result": {"brightness": 40}}) == []
    assert await place.reply("lamp-1", {"id": told["id"], "error": "another answer"}) == [], "it changes nothing"
    after = (await place.client.get(f"/commands/{told['id']}")).json()
    assert (after["state"], after["reply"], after["late"]) == ("replied", {"result": {"brightness": 40}}, False)
    assert after["error"] is None
    assert await place.sql("select actor, action, subject, detail->>'name' from audit") == [
        ("local", "command.send", "lamp-1", "set_brightness")
    ]


async def test_who_the_body_says_it_is_is_shown_and_only_noted(place: Place) -> None:
    answer = await place.client.post("/devices/lamp-1/commands", json=DIM | {"actor": "desk 2"})
    assert answer.json()["actor"] == "desk 2"
    assert await place.sql("select actor, detail->>'claimed' from audit") == [("local", "desk 2")]


async def test_who_waits_is_answered_when_the_reply_is_committed(place: Place) -> None:
    asked = asyncio.create_task(place.dim(wait_s=20))

    async def sent() -> list[Any]:
        return await place.sql("select id::text from command where state = 'sent'")

    [[id_]] = await eventually(sent, "it is sent")
    began = time.monotonic()
    await place.reply("lamp-1", {"id": id_, "error": "the lamp is broken"})
    answer = await asked
    assert time.monotonic() - began < 2
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["error"]) == ("failed", "the lamp is broken")
    waited = await place.dim(wait_s=0.2)
    assert (waited.status_code, waited.json()["state"]) == (202, "sent")


async def test_a_reply_faster_than_the_puback_counts(place: Place) -> None:
    async def at_once() -> None:
        await place.reply("lamp-1", {"id": place.link.sent[-1][1]["id"]})

    place.link.on_publish = at_once
    answer = await place.dim()
    assert (answer.status_code, answer.json()["state"]) == (200, "replied")
    assert answer.json()["sent_at"] is not None

    async def then_lost() -> None:
        await at_once()
        raise BrokerUnavailable("the connection ended")

    place.link.on_publish = then_lost
    assert (await place.dim()).json()["state"] == "replied"


async def test_a_child_is_told_through_its_gateway(place: Place) -> None:
    id_ = (await place.dim("arm")).json()["id"]
    assert place.link.sent[0][0] == "ganzhi/v1/pole/child/arm/command"
    [letter] = await place.reply("pole", {"id": id_})
    assert letter.startswith("not_its_command")
    assert "<prefix>/pole/child/arm/reply" in letter
    assert await place.reply("pole/child/arm", {"id": id_}) == []


async def test_a_reply_that_nobody_asked_for_is_a_dead_letter(place: Place) -> None:
    id_ = (await place.dim()).json()["id"]
    [letter] = await place.reply("lamp-2", {"id": id_, "result": 1})
    assert letter.startswith("not_its_command")
    assert "'lamp-1'" in letter
    [letter] = await place.reply("lamp-1", {"id": str(uuid4()), "result": 1})
    assert letter.startswith("unknown_command")
    [letter] = await place.reply("lamp-1", {"id": "7"})
    assert letter.startswith("reply_bad_id")
    kept = await place.sql("select reason, device, payload from dead_letter order by received_at")
    assert [row[:2] for row in kept] == [
        ("not_its_command", "lamp-2"), ("unknown_command", "lamp-1"), ("reply_bad_id", "lamp-1"),
    ]  # fmt: skip
    assert json.loads(kept[0][2])["id"] == id_
    assert await place.sql("select state, reply from command") == [("sent", None)]


async def test_no_reply_in_time_and_one_that_comes_later(place: Place) -> None:
    id_ = (await place.dim(json={"timeout_s": 1})).json()["id"]
    assert await settle_overdue(place.context.hub_pool) == 0
    await place.sql("update command set expires_at = created_at + interval '1 s', created_at = now()")

    async def overdue() -> bool:
        both = await asyncio.gather(*[settle_overdue(place.context.hub_pool) for _ in range(4)])
        return sum(both) == 1

    await eventually(overdue, "one of four settles it")
    found = (await place.client.get(f"/commands/{id_}")).json()
    assert (found["state"], found["late"]) == ("timed_out", False)
    assert found["error"].startswith("no reply within")
    assert await place.reply("lamp-1", {"id": id_, "result": 1}) == []
    late = (await place.client.get(f"/commands/{id_}")).json()
    assert (late["state"], late["late"], late["reply"]) == ("timed_out", True, {"result": 1})
    assert (late["settled_at"], late["error"]) == (found["settled_at"], found["error"])
    soon = (await place.dim(json={"timeout_s": 1})).json()
    later = time.time_ns() // 1000 + 2_000_000
    assert await place.reply("lamp-1", {"id": soon["id"]}, later) == []  # before the timeout is noticed
    late = (await place.client.get(f"/commands/{soon['id']}")).json()
    assert (late["state"], late["late"], late["error"]) == ("timed_out", True, "no reply within 1 s")


async def test_a_broker_that_is_away(place: Place) -> None:
    async def away() -> None:
        raise BrokerUnavailable("not connected to 127.0.0.1:1883")

    place.link.on_publish = away
    key = {"Idempotency-Key": "one"}
    answer = await place.dim(headers=key)
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "not sent later" in answer.json()["detail"]
    place.link.on_publish = None
    assert (await place.dim(headers=key)).status_code == 503, "the same key tells of the same attempt"
    assert len(place.link.sent) == 1
    items = (await place.client.get("/devices/lamp-1/commands")).json()["items"]
    assert [(item["state"], item["sent_at"]) for item in items] == [("failed", None)]
    assert "not connected" in items[0]["error"]

    async def silent() -> None:
        await asyncio.Event().wait()

    place.link.on_publish = silent
    answer = await place.dim(json={"timeout_s": 1})
    assert (answer.status_code, "not confirmed" in answer.text) == (503, True)


async def test_the_same_key_makes_one_command(place: Place) -> None:
    key = {"Idempotency-Key": "a-1"}
    answers = await asyncio.gather(*[place.dim(headers=key) for _ in range(8)])
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(place.link.sent) == 1
    other = await place.dim(json={"params": {"brightness": 41}}, headers=key)
    assert (other.status_code, "another command" in other.text) == (422, True)
    assert (await place.dim("lamp-2", headers=key)).status_code == 202, "another device, another command"
    assert (await place.dim()).json()["id"] != answers[0].json()["id"]


REFUSED: list[tuple[str, dict[str, Any], int, str | None, str]] = [
    ("lamp-1", {"params": {"brightness": 140}}, 422, "/params/brightness", "maximum of 100"),
    ("lamp-1", {"params": {}}, 422, "/params", "'brightness' is a required property"),
    ("lamp-1", {"params": {"brightness": 1, "colour": "red"}}, 422, "/params", "'colour' was unexpected"),
    ("lamp-1", {"params": [1]}, 422, "/params", "dictionary"),
    ("lamp-1", {"timeout_s": 0}, 422, "/timeout_s", "greater than or equal to 1"),
    ("lamp-1", {"name": "reboot", "params": {"text": "x" * 16_384}}, 422, "/params", "16,384 are sent"),
    ("lamp-1", {"name": "open_door"}, 403, None, "no command 'open_door'; it has: broken, foreign, reboot"),
    ("lamp-1", {"name": "broken", "params": {}}, 409, None, "cannot be used: 'lamp' is not valid"),
    ("lamp-1", {"name": "foreign", "params": {}}, 409, None, "cannot be used: Unresolvable"),
    ("ghost", {}, 404, None, "there is no device 'ghost'"),
    ("lamp-2", {}, 409, None, "'lamp-2' is suspended"),
]
"""A device and a command, and with what that is refused."""


async def test_what_may_not_be_sent_is_refused(place: Place) -> None:
    await place.sql("update device set state = 'suspended' where code = 'lamp-2'")
    for code, body, status, pointer, says in REFUSED:
        answer = await place.dim(code, json=body)
        assert answer.status_code == status, answer.text
        assert says in answer.text
        if pointer is not None:
            assert answer.json()["errors"][0]["pointer"] == pointer
    assert place.link.sent == []
    assert await place.sql("select count(*) from command") == [(0,)]


async def test_too_many_without_an_outcome(place: Place) -> None:
    await place.sql(
        """insert into command (id, device_id, name, params, actor, expires_at)
           select gen_random_uuid(), d.id, 'x', '{}', 'a', now() + interval '1 h'
           from device d, generate_series(1, 100) where d.code = 'lamp-1'"""
    )
    assert (await place.dim()).status_code == 429
    assert (await place.dim("lamp-2")).status_code == 202


async def test_history_pages_and_is_forgotten(place: Place) -> None:
    ids = [(await place.dim()).json()["id"] for _ in range(5)]
    await place.dim("lamp-2")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await place.client.get("/devices/lamp-1/commands", params={"limit": 2, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ids[::-1]
    await place.reply("lamp-1", {"id": ids[0]})
    done = (await place.client.get("/devices/lamp-1/commands", params={"state": "replied"})).json()["items"]
    assert [item["id"] for item in done] == ids[:1]
    assert (await place.client.get("/devices/ghost/commands")).status_code == 404
    assert (await place.client.get(f"/commands/{uuid4()}")).status_code == 404
    await place.sql("update command set created_at = now() - interval '40 days' where id = any(%s::uuid[])", ids[:2])
    assert await forget_commands(place.context.hub_pool, 30) == 1, "not what is still under way"


async def test_waiting_ends_when_the_process_stops(place: Place) -> None:
    id_ = (await place.dim()).json()["id"]
    waiting = asyncio.create_task(place.client.get(f"/commands/{id_}", params={"wait_s": 60}))
    await asyncio.wait({waiting}, timeout=0.2)
    assert not waiting.done()
    place.context.outcomes.close()
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status_code, answer.json()["state"]) == (200, "sent")
    again = await asyncio.wait_for(place.client.get(f"/commands/{id_}", params={"wait_s": 60}), 5)
    assert again.json()["state"] == "sent"
