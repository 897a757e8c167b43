"""Every route of the API states who may call it, and refuses everybody else: checked of each, from its description."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.responses import Response
from starlette.routing import Mount

from api.app import create_app
from api.monitor import create_monitor
from hub.access.door import Needed, Public, PublicApp
from hub.access.permissions import EVERYTHING, Permission
from hub.models import Delivery, Outcome
from hub.secrets.sealed import Secrets
from hub.settings import Api, Http
from hub.telemetry import Counters
from ingest.cameras.push import CameraPushes
from ingest.cameras.push import router as camera_router
from ingest.carriers.meter import Meter
from ingest.carriers.router import PushDoor
from ingest.carriers.router import router as push_router
from ingest.carriers.source import PushSource
from ingest.carriers.subscription import Subscriptions
from ingest.http.source import HttpSource
from ingest.http.source import router as ingest_router
from ingest.pictures.gate import Gate
from tests.support.described import description
from tests.support.doors import AlwaysDoor, nothing_outside
from tests.support.origins import ORIGINS
from tests.support.served_api import PREFIX, api_context, register

TOKEN = "the token of the API"
OPEN = {"/healthz", "/readyz", "/api/v1/devices:provision", "/api/v1/openapi.json", "/api/v1/session"}
OPEN |= {"/api/v1/receipts/{consumer}", "/api/v1/outside-systems/{system}/cases"}
OPEN |= {"/api/v1/outside-systems/{system}/attachments", "/api/v1/case-files/{file_id}", "/api/v1/schemas/case"}
OWN_SECRET = {"/api/v1/receipts/x", "/api/v1/outside-systems/x/cases", "/api/v1/outside-systems/x/attachments"}
"""Open, and refuses who does not show a secret that is no caller's."""
OPEN |= {"/api/v1/push/{subscription}", "/api/v1/push/{subscription}/{secret}"}
OWN_SECRET |= {"/api/v1/push/x", "/api/v1/push/x/x"}
OPEN |= {"/api/v1/cameras/isapi/{secret}"}
OWN_SECRET |= {"/api/v1/cameras/isapi/x"}
OPEN |= {"/", "/assets", "/assets/words.json"}
OPEN |= {"/api/v1/oidc/login", "/api/v1/oidc/callback", "/api/v1/oidc/logout"}


class Sink:
    """Takes everything."""

    full = False

    async def submit(self, delivery: Delivery) -> None:
        await delivery.settle(Outcome({}))


def stated(app: FastAPI) -> Iterator[tuple[str, Needed | Public | PublicApp | None]]:
    """The path of each route, mounted apps, included routers and websockets too, and what it states."""
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, str(context.path)
        if isinstance(route, APIRoute | APIWebSocketRoute):
            calls = [each.call for each in route.dependant.dependencies]
            yield path, next((call for call in calls if isinstance(call, Needed | Public)), None)
        elif isinstance(route, Mount) and isinstance(route.app, PublicApp):
            yield path, route.app
        elif isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from ((path + below, what) for below, what in stated(route.app))
        else:
            yield path, None


@dataclass
class Operation:
    """One operation of the description, with its path filled in."""

    method: str
    path: str
    needed: frozenset[Permission]
    responses: dict[str, Any]


def operations(app: FastAPI) -> Iterator[Operation]:
    for path, methods in description(app).document["paths"].items():
        for method, told in methods.items():
            roles = {role for each in told.get("security", ()) for roles in each.values() for role in roles}
            filled = re.sub(r"\{\w+\}", "x", path)
            yield Operation(method.upper(), filled, frozenset(Permission(role) for role in roles), told["responses"])


@asynccontextmanager
async def served(url: str) -> AsyncIterator[FastAPI]:
    async with api_context(url) as context:
        settings = context.settings.model_copy(update={"api": Api(token=TOKEN)})  # type: ignore[arg-type]
        source = HttpSource(Http(), Sink(), ORIGINS.of_request, list, nothing_outside)
        meter, known = Meter(context.hub_pool), Subscriptions(context.hub_pool, Secrets(settings.secrets))
        pushes = PushDoor(PushSource(Sink(), ORIGINS.of_push, list, meter), known)
        gate = Gate(settings.pictures).passed
        cameras = CameraPushes(Sink(), context.hub_pool, ORIGINS.of_camera, gate, list)
        routers = [ingest_router, push_router, camera_router]
        made = create_app(replace(context, settings=settings), routers)
        made.state.http_source, made.state.push_door, made.state.camera_pushes = source, pushes, cameras
        yield made


@pytest.fixture
async def app(database: str) -> AsyncIterator[FastAPI]:
    async with served(database) as made:
        yield made


async def status(
    app: FastAPI, method: str, path: str, token: str | None = None, sent: bytes = b"", kind: bytes = b""
) -> tuple[int, bytes]:
    """Of a request, and what is answered; of a stream of events nothing but its beginning is read.

    AssertionError where the app's description does not name the status, or the content type with it.
    """
    headers = [(b"host", b"hub"), *([(b"authorization", f"Bearer {token}".encode())] if token else [])]
    headers += [(b"content-type", kind), (b"content-length", b"%d" % len(sent))] if kind else []
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    messages, leave = iter([{"type": "http.request", "body": sent}]), asyncio.Event()
    status, body, answered = 0, b"", ""

    async def receive() -> dict[str, Any]:
        if (message := next(messages, None)) is not None:
            return message
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status, body, answered
        status, body = message.get("status", status), body + message.get("body", b"")
        answered = dict(message.get("headers", ())).get(b"content-type", answered.encode()).decode()
        if answered == "text/event-stream; charset=utf-8":
            leave.set()

    await app({**scope, "http_version": "1.1", "server": ("hub", 80), "client": ("10.0.0.7", 5)}, receive, send)
    description(app).judge(method, path, status, answered)
    return status, body


async def test_each_route_states_who_may_call_it(app: FastAPI) -> None:
    found = list(stated(app))
    assert [path for path, what in found if what is None] == []
    assert {path for path, what in found if not isinstance(what, Needed)} == OPEN
    assert all(what.reason for _, what in found if isinstance(what, Public | PublicApp))
    assert {path for path, _ in found} >= {f"{PREFIX}/devices/{{device}}/telemetry", f"{PREFIX}/live", "/metrics"}
    needed = [what.permissions for _, what in found if isinstance(what, Needed)]
    assert all(needed)
    assert frozenset().union(*needed) == EVERYTHING, "a permission that no route needs is none"


async def test_the_monitor_states_that_it_is_open() -> None:
    found = dict(stated(create_monitor(Counters(), list, None)))
    assert set(found) == {"/healthz", "/readyz", "/metrics"}
    assert all(isinstance(what, Public) for what in found.values())


def test_a_route_that_states_nothing_is_found_wherever_it_is() -> None:
    app, below, inner = FastAPI(openapi_url=None), FastAPI(openapi_url=None), APIRouter()

    async def answer(request: Request) -> Response:
        return Response()

    async def socket(websocket: WebSocket) -> None: ...

    inner.get("/included")(answer)
    inner.websocket("/socket")(socket)
    between = APIRouter(prefix="/v1")
    between.include_router(inner)
    app.include_router(between)
    below.post("/mounted")(answer)
    app.mount("/below", below)
    app.mount("/files", Response())
    app.add_route("/plain", answer)
    found = dict(stated(app))
    assert set(found) == {"/v1/included", "/v1/socket", "/below/mounted", "/files", "/plain"}
    assert set(found.values()) == {None}


async def test_without_a_token_each_route_is_401(app: FastAPI) -> None:
    for each in operations(app):
        code, _ = await status(app, each.method, each.path)
        assert (code == 401) == bool(each.needed or each.path in OWN_SECRET), (each.method, each.path, code)
        assert (await status(app, each.method, each.path, "wrong"))[0] == code, each.path


BROKEN = [
    (b"{bad", b"application/json"),
    (b"\xff\x00", b"application/json"),
    (b"[" * 100_000, b"application/json"),
    (b"{bad", b""),
    (b"a,b\n1", b"text/csv"),
    (b"PK\x03\x04", b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
]


async def test_who_asks_is_judged_before_what_is_sent(app: FastAPI) -> None:
    door = AlwaysDoor()
    for each in operations(app):
        if each.needed:
            for sent, kind in BROKEN:
                code, _ = await status(app, each.method, f"{each.path}", None, sent, kind)
                assert code == 401, (each.method, each.path, sent[:9])
    app.state.door, door.permissions = door, frozenset()
    for each in operations(app):
        if each.needed:
            code, _ = await status(app, each.method, each.path, None, *BROKEN[0])
            assert code == 403, (each.method, each.path)


async def test_head_is_wherever_get_is_and_has_no_body(app: FastAPI) -> None:
    door, heads = AlwaysDoor(), 0
    for each in operations(app):
        code, _ = await status(app, each.method, each.path)
        head, body = await status(app, "HEAD", each.path)
        if each.method == "GET":
            assert (head, body) == (code, b""), each.path
            heads += 1
    app.state.door, door.permissions = door, EVERYTHING
    for each in operations(app):
        if each.method == "GET":
            code, _ = await status(app, "GET", each.path)
            assert await status(app, "HEAD", each.path) == (code, b""), each.path
    assert heads > 40


async def test_without_a_permission_that_it_needs_each_route_is_403(app: FastAPI) -> None:
    door = app.state.door = AlwaysDoor()
    for each in operations(app):
        for permission in each.needed:
            door.permissions = EVERYTHING - {permission}
            code, body = await status(app, each.method, each.path)
            assert code == 403, (each.method, each.path, permission)
            assert permission.encode() in body
        door.permissions = each.needed
        code, _ = await status(app, each.method, each.path)
        assert code not in (401, 403) or each.path in OWN_SECRET, (
            each.method,
            each.path,
            "the description names all that is needed",
        )


def test_no_array_is_described_by_the_places_of_its_items(app: FastAPI) -> None:
    assert "prefixItems" not in json.dumps(app.openapi())  # tools that know JSON Schema before 2020-12 stop at it


async def test_the_description_names_what_a_refused_caller_gets(app: FastAPI) -> None:
    for each in operations(app):
        codes = {"401", "403", "503"} & set(each.responses)
        assert not each.needed or codes == {"401", "403", "503"}, each.path
    [healthz] = [each for each in operations(app) if each.path == "/healthz"]
    assert not {"401", "403"} & set(healthz.responses), "what is open to all refuses nobody"


async def test_a_device_passes_only_where_it_sends_for_itself(app: FastAPI) -> None:
    transport, base = httpx.ASGITransport(app), "http://hub" + PREFIX
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        await register(client, 2)
        token = (await client.post("/devices/air-1/credentials", json={"kind": "token"})).json()["secret"]
    for each in operations(app):
        if each.needed:
            code, _ = await status(app, each.method, each.path, token)
            assert code == 403, (each.method, each.path)
    assert (await status(app, "POST", f"{PREFIX}/devices/air-1/telemetry", token))[0] == 415
    assert (await status(app, "POST", f"{PREFIX}/devices/air-0/telemetry", token))[0] == 403
