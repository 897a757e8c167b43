"""The door: who passes, what a refused one is told, and that no route can forget to say who may call it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket

from hub.access.door import GuardedRouter, TheCaller, needs, public
from hub.access.limits import Limits
from hub.access.permissions import EVERYTHING, Permission
from hub.access.refusals import Refusals
from hub.settings import Settings
from tests.support.doors import AlwaysDoor

router = GuardedRouter()


@router.get("/both")
@needs(Permission.ALERTS_READ, Permission.READINGS_READ)
async def both(caller: TheCaller) -> str:
    return caller.name


@router.get("/open")
@public("a test")
async def opened() -> str:
    return "open"


@router.post("/both")
@needs(Permission.ALERTS_READ)
async def change() -> str:
    return "changed"


@router.post("/body")
@needs(Permission.ALERTS_READ)
async def body(given: dict[str, str]) -> str:
    return str(given)


@router.websocket("/socket")
@needs(Permission.ALERTS_READ)
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()
    made.state.door = AlwaysDoor()
    made.state.limits = Limits(Settings().limits)
    made.state.refusals = Refusals()
    made.include_router(router)
    return made


async def get(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        return await client.get(path)


async def first_message(app: FastAPI, path: str) -> Mapping[str, Any]:
    """What a websocket's client hears first."""
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await app(
        {"type": "websocket", "path": path, "headers": [], "query_string": b"", "subprotocols": []}, receive, send
    )
    return sent[0]


async def test_a_caller_needs_all_permissions_of_a_route(app: FastAPI) -> None:
    assert (await get(app, "/both")).json() == "somebody"
    app.state.door.permissions = EVERYTHING - {Permission.READINGS_READ}
    answer = await get(app, "/both")
    assert (answer.status_code, answer.json()) == (403, {"detail": "somebody lacks the permission readings:read"})
    app.state.door.permissions = frozenset()
    assert "alerts:read and readings:read" in (await get(app, "/both")).text
    assert (await get(app, "/open")).json() == "open"


async def test_a_websocket_is_closed_before_it_is_accepted(app: FastAPI) -> None:
    assert (await first_message(app, "/socket"))["type"] == "websocket.accept"
    app.state.door.permissions = frozenset()
    refused = await first_message(app, "/socket")
    assert (refused["type"], refused["code"]) == ("websocket.close", 1008)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a device, curl
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "https://proxied.example"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://hub:8420"}, 403),
        ({"origin": "http://hub:8420"}, 200),
        ({"origin": "https://hub:8420"}, 200),  # what ends TLS is before the hub
        ({"origin": "http://hub"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://desk.example:8443", "x-forwarded-host": "desk.example:8443"}, 200),
        ({"origin": "http://desk.example", "x-forwarded-host": "desk.example, inner.example"}, 200),
        ({"origin": "http://evil.example", "x-forwarded-host": "desk.example"}, 403),
        ({"origin": "null", "x-forwarded-host": "desk.example"}, 403),
        ({"origin": "http://hub:8420.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
    ],
)
async def test_a_page_of_another_origin_changes_nothing(app: FastAPI, headers: dict[str, str], status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub:8420") as client:
        assert (await client.post("/both", headers=headers)).status_code == status
        assert (await client.get("/both", headers=headers)).status_code == 200, "it may look, and cannot read"


async def test_who_is_refused_is_refused_before_the_body_is_read(app: FastAPI) -> None:
    app.state.door.permissions = frozenset()

    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        answer = await client.post("/body", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 403


async def test_an_app_without_a_door_lets_nobody_in(app: FastAPI) -> None:
    del app.state.door
    with pytest.raises(AttributeError, match="door"):
        await get(app, "/both")


def test_a_handler_that_states_nothing_is_no_route() -> None:
    async def forgetful() -> None: ...

    with pytest.raises(TypeError, match="forgetful states neither"):
        router.get("/forgotten")(forgetful)
    with pytest.raises(TypeError, match="forgetful states neither"):
        router.websocket("/forgotten")(forgetful)


def test_permissions_stand_in_the_description(app: FastAPI) -> None:
    operation = app.openapi()["paths"]["/both"]["get"]
    assert operation["security"] == [{"HTTPBearer": ["alerts:read", "readings:read"]}]
    assert "security" not in app.openapi()["paths"]["/open"]["get"]
