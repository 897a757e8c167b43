"""Delivery receipts on a real store: a gateway accepts, and calls back. Sent is not reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api.context import Context
from api.problems import install
from api.push.gateway import Gateway
from api.push.http_call import open_calls
from api.push.outbox import DeliveryWorker, Limits
from api.routes.receipts import BODY_LIMIT, Calls, router
from hub.alerts.fallback_watch import fall
from hub.limit_settings import Outgoing as Listed
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, change_alert, client_of, raise_alert, register, served
from tests.support.webhooks import LOCAL, PLAIN, Received, Receiver

QUICK = Limits(poll_s=0.05, waits_s=(0.05, 0.1, 0.2), holds_s=(0.05, 0.1, 0.2))
FIELDS = {"id": "/msgid", "status": "/status", "reached": ["DELIVRD", 0], "failed": ["UNDELIV"]}
TEMPLATE = {
    "body": '{"content": "{title}", "ref": "{id}"}',
    "success": {"pointer": "/code", "equals": 0},
    "receipt_id": "/data/id",
    "receipt": FIELDS,
}


class SmsGateway(Receiver):
    """Accepts each message under an id of its own, and knows which it has."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = lambda got: 200
        self.messages: list[tuple[str, str]] = []
        """The gateway's id and the hub's, in the order in which they came."""

    def body_for(self, got: Received, status: int, said: bytes) -> bytes:
        number = f"m-{len(self.messages) + 1}"
        self.messages.append((number, json.loads(got.body)["ref"]))
        return json.dumps({"code": 0, "data": {"id": number}}).encode()

    async def came(self, count: int) -> list[str]:
        """Once so many messages have come: what it calls them."""

        async def all_came() -> bool:
            return len(self.messages) >= count

        await eventually(all_came, f"{count} messages")
        return [number for number, _ in self.messages]


@dataclass
class City:
    context: Context
    client: httpx.AsyncClient
    gateway: SmsGateway
    outside: httpx.AsyncClient
    """As the gateway calls back: over HTTP, with no login."""
    secrets: dict[str, str]

    async def put(self, code: str, **settings: Any) -> dict[str, Any]:
        body = {"kind": "http", "url": self.gateway.url(), "settings": TEMPLATE | settings}
        answer = await self.client.put(f"/consumers/{code}", json=body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def bring(self, id_: str, status: object, code: str = "sms") -> None:
        answer = await self.call({"msgid": id_, "status": status}, code)
        assert (answer.status_code, answer.json()) == (202, {"receipts": 1})

    async def call(self, body: object, code: str = "sms", token: str | None = None) -> httpx.Response:
        shown = {"Authorization": f"Bearer {self.secrets[code] if token is None else token}"}
        return await self.outside.post(f"/receipts/{code}", json=body, headers=shown)

    async def deliveries(self, alert: UUID, code: str = "sms") -> list[dict[str, Any]]:
        found = (await self.client.get(f"/alerts/{alert}")).json()["deliveries"]
        return [each for each in found if each["consumer"] == code]

    async def receipts(self, alert: UUID, *wanted: str | None) -> list[dict[str, Any]]:
        """Once the receipts of its deliveries are these, in order."""

        async def are() -> bool:
            return [each["receipt"] for each in await self.deliveries(alert)] == list(wanted)

        await eventually(are, f"receipts {wanted}")
        return await self.deliveries(alert)


@asynccontextmanager
async def working(context: Context) -> AsyncIterator[None]:
    async with open_calls(LOCAL, timeout_s=5) as calls:
        worker = DeliveryWorker(context.hub_pool, {"http": Gateway(calls, PLAIN)}, QUICK)
        task = asyncio.create_task(worker.run(), name="delivery_worker")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with api_context(database) as plain, SmsGateway() as gateway:
        settings = plain.settings.model_copy(update={"outgoing": Listed(webhook=("127.0.0.0/8",))})
        context = replace(plain, settings=settings)
        async with (
            served(context) as url,
            client_of(context) as client,
            httpx.AsyncClient(base_url=url + PREFIX, timeout=20) as outside,
            working(context),
        ):
            await register(client)
            made = City(context, client, gateway, outside, {})
            made.secrets["sms"] = (await made.put("sms"))["receipt_secret"]
            yield made


async def test_accepted_waits_until_a_receipt_says_that_it_is_reached_and_that_is_no_acknowledgement(
    city: City,
) -> None:
    alert = await raise_alert(city.context.hub_pool)
    [number] = await city.gateway.came(1)
    [waits] = await city.receipts(alert, "waiting")
    assert (waits["state"], waits["message_id"], waits["reached_at"]) == ("delivered", number, None)
    await city.bring(number, "ENROUTE")
    await city.bring(number, "DELIVRD")
    [reached] = await city.receipts(alert, "reached")
    assert (reached["receipt_said"], reached["repeats"]) == ("DELIVRD", 0)
    await city.bring(number, 0)
    await city.bring(number, "UNDELIV")
    assert await city.deliveries(alert) == [reached], "said again, or said otherwise, it changes nothing"
    assert reached["reached_at"] is not None
    assert (await city.client.get(f"/alerts/{alert}")).json()["state"] == "open"
    assert (await city.client.get(f"/alerts/{alert}/deliveries")).json()["items"][0]["receipt"] == "reached"
    assert len(city.gateway.messages) == 1


async def test_what_failed_is_sent_again_three_times_at_most(city: City) -> None:
    alert = await raise_alert(city.context.hub_pool)
    for attempt in range(1, 4):
        number = (await city.gateway.came(attempt))[-1]
        await city.receipts(alert, "waiting")
        await city.bring(number, "UNDELIV")
        await city.bring(number, "UNDELIV")
        await _run(city, "update outbox set next_at = now() where state = 'pending'")
    number = (await city.gateway.came(4))[-1]
    await city.receipts(alert, "waiting")
    await city.bring(number, "UNDELIV")
    [failed] = await city.receipts(alert, "failed")
    assert (failed["state"], failed["repeats"], failed["attempts"]) == ("delivered", 3, 4)
    assert len({ref for _, ref in city.gateway.messages}) == 1, "the hub's id is the same in a repetition"
    await city.bring(number, "DELIVRD")
    await city.receipts(alert, "reached")


async def test_what_failed_is_not_told_after_what_came_later(city: City) -> None:
    alert = await raise_alert(city.context.hub_pool)
    [first] = await city.gateway.came(1)
    await change_alert(city.context.hub_pool, alert, "updated", 300.0)
    await city.gateway.came(2)
    await city.receipts(alert, "waiting", "waiting")
    await city.bring(first, "UNDELIV")
    [failed, _] = await city.receipts(alert, "failed", "waiting")
    assert (failed["state"], failed["repeats"]) == ("delivered", 0)
    other = await raise_alert(city.context.hub_pool)
    await city.gateway.came(3)
    await city.receipts(other, "waiting")
    assert [ref.rpartition(".")[0] for _, ref in city.gateway.messages] == [str(alert), str(alert), str(other)]


@pytest.mark.heavy
async def test_what_waits_behind_it_comes_after_it(city: City) -> None:
    """The later change is not due yet when the receipt fails: the earlier one goes first, again."""
    alert = await raise_alert(city.context.hub_pool)
    [first] = await city.gateway.came(1)
    await city.receipts(alert, "waiting")
    await _run(city, "update consumer set held_until = now() + interval '1 hour'")
    await change_alert(city.context.hub_pool, alert, "updated", 300.0)
    await city.bring(first, "UNDELIV")
    await _run(city, "update consumer set held_until = null")
    await city.gateway.came(3)
    assert [ref.rpartition(".")[2] for _, ref in city.gateway.messages] == ["1", "1", "2"]


async def test_a_red_that_a_gateway_has_only_taken_goes_to_the_fallback(city: City) -> None:
    await _run(
        city, "insert into consumer (code, url, secret, filters, fallback) values ('duty', 'u', 's', '[]', true)"
    )
    reached, only_taken = [await raise_alert(city.context.hub_pool, level=4) for _ in range(2)]
    await city.gateway.came(2)
    [found] = await city.receipts(reached, "waiting")
    await city.receipts(only_taken, "waiting")
    await city.bring(found["message_id"], "DELIVRD")
    await _run(city, "update alert_fallback set due_at = now()")
    async with city.context.hub_pool.connection() as conn:
        assert await fall(conn) == 1
    assert [len(await city.deliveries(each, "duty")) for each in (reached, only_taken)] == [0, 1]


async def test_without_a_receipt_in_time_it_is_unproven_and_a_late_one_counts(city: City) -> None:
    alert = await raise_alert(city.context.hub_pool)
    [number] = await city.gateway.came(1)
    await city.receipts(alert, "waiting")
    await _run(city, "update outbox set receipt_due = now()")
    await city.receipts(alert, "unproven")
    await city.bring(number, "DELIVRD")
    await city.receipts(alert, "reached")


@pytest.mark.heavy
async def test_a_gateway_that_calls_back_before_its_answer_is_heard(city: City) -> None:
    await city.bring("m-1", "DELIVRD")
    alert = await raise_alert(city.context.hub_pool)
    await city.receipts(alert, "reached")


async def test_nobody_else_can_say_that_a_message_is_reached(city: City) -> None:
    city.secrets["other"] = (await city.put("other"))["receipt_secret"]
    plain = {"kind": "http", "url": city.gateway.url(), "settings": {"success": {"contains": "0"}}, "enabled": False}
    assert (await city.client.put("/consumers/mute", json=plain)).json()["receipt_secret"] is None
    alert = await raise_alert(city.context.hub_pool)
    await city.gateway.came(2)
    [waits] = await city.receipts(alert, "waiting")
    receipt = {"msgid": waits["message_id"], "status": "DELIVRD"}
    refused = [
        await city.call(receipt, token="forged"),
        await city.call(receipt, token=city.secrets["other"]),
        await city.call(receipt, token=str(city.client.headers.get("authorization"))),
        await city.outside.post("/receipts/sms", json=receipt),
        await city.outside.post("/receipts/sms?token=é", json=receipt),
        await city.outside.post("/receipts/mute", json=receipt, params={"token": ""}),
        await city.outside.post("/receipts/nobody", json=receipt, params={"token": city.secrets["sms"]}),
    ]
    assert {(each.status_code, each.json()["detail"]) for each in refused} == {(401, refused[0].json()["detail"])}
    unknown, known = await city.call({"msgid": "m-99", "status": 0}, "other"), await city.call(receipt, "other")
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content) == (202, b'{"receipts":1}')
    assert [each["receipt"] for each in await city.deliveries(alert)] == ["waiting"]

    async def counted() -> bool:
        return city.context.counters.receipts_unknown == 2

    await eventually(counted, "what names no message is dropped and counted")


async def test_forms_lists_and_nonsense(city: City) -> None:
    alerts = [await raise_alert(city.context.hub_pool) for _ in range(3)]
    await city.gateway.came(3)
    numbers = [(await city.receipts(alert, "waiting"))[0]["message_id"] for alert in alerts]
    where = f"/receipts/sms?token={city.secrets['sms']}"
    answer = await city.outside.post(where, data={"msgid": numbers[0], "status": "0"})
    assert (answer.status_code, answer.json()) == (202, {"receipts": 1})
    several = [{"msgid": number, "status": "DELIVRD"} for number in numbers[1:]]
    mixed = json.dumps([*several, {}, {"msgid": [], "status": {}}, {"msgid": "\ud800", "status": 1.5}])
    answer = await city.outside.post(where, content=mixed)
    assert (answer.status_code, answer.json()) == (202, {"receipts": 5})
    for alert in alerts:
        await city.receipts(alert, "reached")
    for body in (b"", b"{bad", b"\xff\0", b"[" * 60_000, b"[1]", b"null", b"1e999", b'"x"'):
        answer = await city.outside.post(where, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, body[:9]
    assert (await city.outside.post(where, content=b"x" * (BODY_LIMIT + 1))).status_code == 413
    assert (await city.outside.post(where, content=b"x" * (1 << 20))).status_code == 413


@pytest.mark.heavy
async def test_too_many_calls_of_one_address_are_told_when_to_come_again(city: City) -> None:
    app = FastAPI()
    install(app)
    app.state.context = city.context
    app.state.receipts = Calls(0.01, room=2)
    app.include_router(router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", params={"token": "x"}) as client:
        answers = [await client.post("/receipts/sms") for _ in range(3)]
    assert [each.status_code for each in answers] == [401, 401, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 100


async def test_the_secret_is_told_once_and_ends_with_the_receipts(city: City) -> None:
    assert (await city.put("sms"))["receipt_secret"] is None
    shown = (await city.client.get("/consumers/sms")).text
    assert city.secrets["sms"] not in shown
    assert (await city.call([])).status_code == 202
    body = {"kind": "http", "url": city.gateway.url(), "settings": {"success": {"contains": "0"}}}
    assert (await city.client.put("/consumers/sms", json=body)).is_success
    assert (await city.call([])).status_code == 401
    fresh = (await city.put("sms"))["receipt_secret"]
    assert fresh not in (None, city.secrets["sms"])
    assert (await city.call([])).status_code == 401
    assert (await city.call([], token=fresh)).status_code == 202


async def _run(city: City, statement: str) -> None:
    async with city.context.hub_pool.connection() as conn:
        await conn.execute(statement.encode())
