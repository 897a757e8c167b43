"""Credentials over the API: shown once, rotated, revoked; tokens of devices; what EMQX asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from api.app import create_app
from api.context import Context
from devices.broker import BrokerLink
from devices.credentials.broker_access import access_tasks
from hub.models import Delivery, Outcome
from hub.settings import Api, Http, Mqtt
from ingest.http.source import HttpSource, router
from tests.support.doors import nothing_outside
from tests.support.dynsec import Plugin
from tests.support.origins import ORIGINS
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, client_of, register

TOKEN = "the token of the API"
API = {"Authorization": f"Bearer {TOKEN}"}
READING = b'{"pm25": 1}'


class Sink:
    """Takes everything, and counts it."""

    full = False

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def submit(self, delivery: Delivery) -> None:
        self.addresses += [raw.origin.address for raw in delivery.raws]
        await delivery.settle(Outcome({}))


class World:
    """A hub with a token, with devices air-0, its parent air-1, and air-2; `client` shows the API's token."""

    def __init__(self, context: Context, client: httpx.AsyncClient, sink: Sink) -> None:
        self.context, self.client, self.sink = context, client, sink

    async def issue(self, code: str, kind: str = "token", **more: str) -> dict[str, Any]:
        answer = await self.client.post(f"/devices/{code}/credentials", json={"kind": kind, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def send(self, code: str, token: str, path: str = "/devices/{}/telemetry") -> int:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return (await self.client.post(path.format(code), content=READING, headers=headers)).status_code

    async def put(self, code: str, **more: str) -> None:
        (await self.client.put(f"/devices/{code}", json={"name": code, "profile": "air", **more})).raise_for_status()

    async def asked(self, what: str, **body: str) -> str:
        answer = await self.client.post(f"/broker/{what}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["is_superuser"] is (body.get("username") == "hub" and answer.json()["result"] == "allow")
        return str(answer.json()["result"])


@asynccontextmanager
async def world_at(url: str, broker: BrokerLink | None = None, **mqtt: Any) -> AsyncIterator[World]:
    async with api_context(url) as context:
        settings = context.settings.model_copy(update={"api": Api(token=TOKEN), "mqtt": Mqtt(**mqtt)})  # type: ignore[arg-type]
        sink = Sink()
        source = HttpSource(Http(), sink, ORIGINS.of_request, list, nothing_outside)
        context = replace(context, settings=settings, broker=broker)
        app = create_app(context, [router])
        app.state.http_source = source
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        base = "http://hub" + PREFIX
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=API) as client:
            await register(client, 3)
            made = World(context, client, sink)
            await made.put("air-0", parent="air-1")
            yield made


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with world_at(database, access="http", username="hub", password="the hub's") as made:
        yield made


async def test_a_secret_is_answered_once_and_kept_nowhere(world: World, database: str) -> None:
    issued = await world.issue("air-1", "password")
    assert issued["username"] == "air-1"
    assert issued["example"] == {"pm25": 0}
    assert issued["topic"] == "ganzhi/v1/air-1/telemetry"
    listed = (await world.client.get("/devices/air-1/credentials")).text
    assert issued["secret"] not in listed
    async with await psycopg.AsyncConnection.connect(database) as conn:
        for table in ("credential", "audit"):
            rows = await (await conn.execute(f"select t::text from {table} t")).fetchall()
            assert rows
            assert not any(issued["secret"] in row[0] for row in rows), table


async def test_a_token_speaks_for_its_device_and_its_children_only(world: World) -> None:
    token = (await world.issue("air-1"))["secret"]
    assert await world.send("air-1", token) == 202
    assert await world.send("air-0", token) == 202
    assert await world.send("air-1", token, "/devices/{}/events") == 202
    assert await world.send("air-2", token) == 403
    assert await world.send("nobody", token) == 403
    assert await world.send("air-1", token[:-1]) == 401
    assert await world.send("air-1", "ganzhi_9_x") == 401
    assert await world.send("", token, "/telemetry:batch") == 403
    assert len(world.sink.addresses) == 3
    child = (await world.issue("air-0"))["secret"]
    assert await world.send("air-1", child) == 403, "a child does not speak for its parent"
    password = (await world.issue("air-1", "password"))["secret"]
    assert await world.send("air-1", password) == 401
    for path in ("/devices", "/devices/air-1", "/alerts", "/provisioning-keys"):
        answer = await world.client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, "a device's token opens nothing else"


async def test_rotated_revoked_and_suspended_count_at_once(world: World) -> None:
    first = await world.issue("air-1")
    rotated = (await world.client.post("/devices/air-1/credentials:rotate", json={})).json()
    assert rotated["id"] == first["id"]
    assert [await world.send("air-1", one["secret"]) for one in (first, rotated)] == [401, 202]
    await world.put("air-1", state="suspended")
    await world.context.directory.refresh(world.context.hub_pool)
    assert await world.send("air-1", rotated["secret"]) == 403
    await world.put("air-1", state="active")
    assert (await world.client.delete(f"/devices/air-1/credentials/{first['id']}")).status_code == 204
    assert await world.send("air-1", rotated["secret"]) == 401
    assert (await world.client.delete(f"/devices/air-1/credentials/{first['id']}")).status_code == 404


async def test_another_process_refuses_a_revoked_token_within_a_second(world: World, database: str) -> None:
    issued = await world.issue("air-1")
    async with world_at(database) as other:
        tasks = access_tasks(other.context.settings, other.context.hub_pool, other.context.directory, None)  # type: ignore[arg-type]
        running = [asyncio.create_task(work, name=name) for name, work in tasks]

        async def answers(status: int) -> bool:
            return await other.send("air-1", issued["secret"]) == status

        try:
            await eventually(lambda: answers(202), "it is let in")
            await world.client.delete("/devices/air-1/credentials")
            await eventually(lambda: answers(401), "it is refused", 1.0)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def test_which_credential_is_meant_is_asked_when_there_are_several(world: World) -> None:
    assert (await world.client.post("/devices/air-1/credentials:rotate", json={})).status_code == 404
    one, two = await world.issue("air-1"), await world.issue("air-1", "password")
    answer = await world.client.post("/devices/air-1/credentials:rotate", json={})
    assert answer.status_code == 409
    assert f"{two['id']} (password)" in answer.json()["detail"]
    answer = await world.client.post("/devices/air-1/credentials:rotate", json={"id": one["id"]})
    assert answer.json()["username"] == one["username"]
    for _ in range(8):
        await world.issue("air-1")
    assert (await world.client.post("/devices/air-1/credentials", json={"kind": "token"})).status_code == 409
    certificate = await world.issue("air-2", "x509", common_name="CN of air 2")
    assert certificate["secret"] is None
    for body in ({"kind": "x509", "common_name": "CN of air 2"}, {"kind": "x509", "common_name": "hub"}):
        assert (await world.client.post("/devices/air-0/credentials", json=body)).status_code == 409


async def test_what_emqx_asks_is_answered_as_it_reads_it(world: World) -> None:
    secret = (await world.issue("air-1", "password"))["secret"]
    token = await world.issue("air-1", "token")
    await world.issue("air-2", "x509", common_name="cam 2")
    for name, password in (("air-1", secret), ("air-1~2", token["secret"]), ("hub", "the hub's")):
        assert await world.asked("auth", username=name, password=password, clientid=name) == "allow"
        assert await world.asked("auth", username=name, password="wrong") == "deny"
        other = await world.asked("auth", username=name, password=password, clientid="ganzhi-hub")
        assert other == ("allow" if name == "hub" else "deny"), "a device has one client id, its own"
    assert await world.asked("auth", username="dashboard", password="x") == "ignore"
    assert await world.asked("auth", username="undefined", password="undefined") == "deny"
    assert await world.asked("auth", cert_common_name="cam 2") == "allow"
    assert await world.asked("auth", cert_common_name="cam 2", clientid="cam 3") == "deny"
    assert await world.asked("auth", username="cam 2", password="") == "deny"
    rights = {
        ("air-1", "publish", "ganzhi/v1/air-1/telemetry"): "allow",
        ("air-1", "publish", "ganzhi/v1/air-0/telemetry"): "allow",
        ("air-1", "publish", "ganzhi/v1/air-1/child/air-0/event"): "allow",
        ("air-1", "subscribe", "ganzhi/v1/air-1/command"): "allow",
        ("air-1", "publish", "ganzhi/v1/air-2/telemetry"): "deny",
        ("air-1", "subscribe", "ganzhi/v1/#"): "deny",
        ("hub", "subscribe", "ganzhi/v1/+/telemetry"): "allow",
        ("stranger", "publish", "x"): "deny",
        ("cam 2", "publish", "ganzhi/v1/air-2/event"): "allow",
    }
    for (name, action, topic), result in rights.items():
        answer = await world.client.post("/broker/acl", json={"username": name, "action": action, "topic": topic})
        assert answer.json()["result"] == result, (name, action, topic)
    await world.client.delete("/devices/air-1/credentials")
    assert await world.asked("acl", username="air-1", action="publish", topic="ganzhi/v1/air-1/telemetry") == "deny"
    assert (await world.client.post("/broker/auth", json=[])).status_code == 422


async def test_who_floods_is_denied_for_a_while_and_the_gateway_of_one_without_an_account(world: World) -> None:
    secret = (await world.issue("air-1", "password"))["secret"]
    topic = "ganzhi/v1/air-1/telemetry"

    async def answers(code: str | None, *, lasts: bool = False) -> tuple[str, str]:
        """What EMQX is told of air-1 while a device floods: when it connects, and when it publishes."""
        async with world.context.hub_pool.connection() as conn:
            await conn.execute("delete from device_flood")
            await conn.execute(
                "insert into device_flood (device_id, since, last_at, refused, disabled_at, disabled_until)"
                " select id, now() - interval '2 min', now(), 9000, now() - %s::interval, now() + interval '1 min'"
                " from device where code = %s",
                ("1 min" if lasts else "1 s", code),
            )
        await world.context.directory.refresh(world.context.hub_pool)
        connects = await world.asked("auth", username="air-1", password=secret)
        return connects, await world.asked("acl", username="air-1", action="publish", topic=topic)

    assert await answers(None) == ("allow", "allow")
    assert await answers("air-1") == ("deny", "deny")
    assert await answers("air-2") == ("allow", "allow")
    assert await answers("air-0") == ("deny", "deny"), "its child has no account: it speaks for it"
    await world.issue("air-0", "password")
    assert await answers("air-0") == ("allow", "allow"), "the child's own account is disabled"
    assert await answers("air-0", lasts=True) == ("deny", "deny"), "but the flood goes on"
    async with world.context.hub_pool.connection() as conn:
        await conn.execute("update device_flood set disabled_until = now() - interval '1 s'")
    await world.context.directory.refresh(world.context.hub_pool)
    assert await world.asked("auth", username="air-1", password=secret) == "allow", "its time is over"


async def test_a_broker_shows_its_secret_or_the_token(database: str) -> None:
    async with world_at(database, access="http", access_secret="of the broker") as world:
        await world.context.directory.refresh(world.context.hub_pool)
        for headers, status in (
            ({}, 200),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": "", "X-Ganzhi-Secret": "of the broker"}, 200),
            ({"Authorization": "", "X-Ganzhi-Secret": "wrong"}, 401),
            ({"Authorization": ""}, 401),
        ):
            answer = await world.client.post("/broker/auth", json={"username": "x"}, headers=headers)
            assert answer.status_code == status, headers


async def test_before_credentials_were_read_nobody_is_refused_for_good(database: str) -> None:
    async with world_at(database) as world:
        assert await world.send("air-1", "ganzhi_1_x") == 503
        assert (await world.client.post("/broker/auth", json={})).status_code == 503


async def test_dynsec_without_a_broker_stores_nothing(database: str) -> None:
    async with world_at(database, access="dynsec", username="hub") as world:
        assert (await world.client.post("/devices/air-1/credentials", json={"kind": "token"})).status_code == 503
        assert (await world.client.get("/devices/air-1/credentials")).json() == {"items": []}


async def test_the_broker_is_told_before_it_is_answered(database: str) -> None:
    plugin = Plugin()
    async with world_at(database, plugin, access="dynsec", username="hub") as world:
        await world.issue("air-1", "password")
        assert plugin.commands == ["createRole", "createClient"]
        await world.client.post("/devices/air-1/credentials:rotate", json={})
        assert plugin.commands[2:] == ["setClientPassword"]
        assert (await world.client.delete("/devices/air-1/credentials")).status_code == 204
        assert plugin.commands[3:] == ["deleteClient"]
        await world.put("new", state="pending")
        await world.issue("new", "password")
        await world.issue("new", "x509", common_name="its certificate has no account before it is active")
        assert plugin.commands[4:] == ["createRole", "createClient", "disableClient"]
        plugin.errors["createClient"] = "Internal error"
        answer = await world.client.post("/devices/air-1/credentials", json={"kind": "token"})
        assert (answer.status_code, "Internal error" in answer.text) == (409, True)
        assert (await world.client.get("/devices/air-1/credentials")).json() == {"items": []}


async def test_the_audit_names_who_called(world: World, database: str) -> None:
    sheet = "code,name,profile,state\nair-2,Air station 2,air,suspended"
    client, csv = world.client, {"Content-Type": "text/csv"}
    for answer in (
        await client.put("/devices/air-1", json={"name": "another", "profile": "air"}),
        await client.post("/devices:import", content=sheet, headers=csv),
        await client.post("/devices/air-1/credentials", json={"kind": "token"}),
        await client.delete("/devices/air-1/credentials"),
        await client.post("/devices/air-1/steps", json={"to": "suspended"}),
        await client.delete("/rules/pm25-high"),
    ):
        assert answer.is_success, answer.text
    async with await psycopg.AsyncConnection.connect(database) as conn:
        notes = await (await conn.execute("select distinct actor, action from audit")).fetchall()
    assert {actor for actor, _ in notes} == {"api token"}
    assert {action for _, action in notes} >= {"devices.import", "device.step", "credential.revoke", "rule.disable"}
    assert {step["actor"] for step in (await client.get("/devices/air-2/steps")).json()["items"]} == {"api token"}


async def test_without_a_token_of_the_api_all_is_open_on_this_machine(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        await register(client)
        assert (await client.post("/devices/air-0/credentials", json={"kind": "token"})).status_code == 201
