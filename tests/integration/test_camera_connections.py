"""Connections to cameras over the API: logins apart and sealed, addresses guarded, checks that say what to do."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.context import Context
from devices.cameras.discovery import discover
from hub.limit_settings import Outgoing as Listed
from hub.secrets.sealed import Secrets as Vault
from hub.settings import Secrets
from hub.words.sentence import Sentence, written
from ingest.cameras.connections import Wanted, note_figures
from simulator.cameras.http_login import HttpLogin
from simulator.cameras.isapi import IsapiCamera
from simulator.cameras.onvif import OnvifCamera
from tests.support.served_api import AIR, api_context, client_of

PATH = "/devices/gate-1/cameras/isapi"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PASSWORD = "p:w/ä@1"


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        settings = made.settings.model_copy(
            update={
                "outgoing": Listed(camera=("127.0.0.0/8", "10.20.0.0/16:80")),
                "secrets": Secrets(key=KEY),  # type: ignore[arg-type]
            }
        )
        yield replace(made, settings=settings)


@pytest.fixture
async def local(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(context) as client:
        await client.put("/profiles/air", json=AIR)
        await client.put("/devices/gate-1", json={"name": "Gate", "profile": "air"})
        yield client


async def stored(context: Context) -> list[Any]:
    async with context.hub_pool.connection() as conn:
        return await (await conn.execute("select url, login, secret_hash from camera_connection")).fetchall()


async def test_figures_tell_why_a_network_is_not_asked_in_the_language_of_who_asks(
    context: Context, local: httpx.AsyncClient
) -> None:
    path = "/devices/gate-1/cameras/rtsp"
    assert (await local.put(path, json={"url": "rtsp://10.20.1.9:80/"})).status_code == 201
    slow = Sentence("video.network.slow", file="fire.onnx", seconds="1")
    figures = {"cpu": 0.1, "network_fault": str(slow), "network_fault_words": written(slow)}
    await note_figures(context.hub_pool, {"gate-1": figures})
    for lang, told in (("en", str(slow)), ("zh", slow.told("zh"))):
        found = (await local.get(path, params={"lang": lang})).json()["figures"]
        assert found == {"cpu": 0.1, "network_fault": told}


async def test_a_password_in_a_query_is_in_no_answer_and_no_audit(context: Context, local: httpx.AsyncClient) -> None:
    path = "/devices/gate-1/cameras/rtsp"
    put = await local.put(path, json={"url": "rtsp://10.20.1.9:80/1?user=a&password=s3cret"})
    assert put.status_code == 201, put.text
    checked = await local.post("/camera-connections:check", json={"kind": "rtsp", "url": "rtsp://10.9.9.9/?pwd=s3cret"})
    async with context.hub_pool.connection() as conn:
        told = await (await conn.execute("select detail::text from audit where action like 'camera.%'")).fetchall()
        row = await (await conn.execute("select c::text from camera_connection c")).fetchall()
    assert len(told) == 2
    for text in (put.text, checked.text, (await local.get(path)).text, str(told), str(row)):
        assert "s3cret" not in text
    assert await called(context) == "rtsp://10.20.1.9:80/1?user=a&password=s3cret", "as it was given"
    shown = put.json()["url"]
    assert (await local.put(path, json={"url": shown, "patrolled": True})).status_code == 200
    assert await called(context) == "rtsp://10.20.1.9:80/1?user=a&password=s3cret", "what is shown stands for it"
    for other in ("rtsp://10.20.1.10:80/1?user=a&password=***", "rtsp://10.20.1.9:80/2?password=***"):
        refused = await local.put(path, json={"url": other})
        assert refused.status_code == 422, "no other server, and no other path"


async def called(context: Context) -> str:
    """The one URL that is patrolled or looked at, as it is called."""
    pool = context.hub_pool
    async with pool.connection() as conn:
        statement = "select d.code, c.kind, c.url, c.login from camera_connection c join device d on d.id = c.device_id"
        ((device, kind, url, login),) = await (await conn.execute(statement)).fetchall()
    wanted = Wanted(device, kind, url, login, datetime.now(UTC), (), device)
    return wanted.opened(Vault(context.settings.secrets))[0].shown


async def test_a_password_in_a_url_is_sealed_and_shown_nowhere(context: Context, local: httpx.AsyncClient) -> None:
    put = await local.put(PATH, json={"url": "http://admin:p%3Aw@10.20.1.9/"})
    assert put.status_code == 201, put.text
    assert (put.status_code, put.json()["url"], put.json()["username"]) == (201, "http://10.20.1.9", "admin"), put.text
    ((url, login, secret),) = await stored(context)
    assert (url, secret) == ("http://10.20.1.9", None)
    assert login.startswith("sealed 1 ")
    async with context.hub_pool.connection() as conn:
        told = await (await conn.execute("select detail::text from audit where action = 'camera.put'")).fetchall()
    for text in (put.text, (await local.get(PATH)).text, (await local.get("/camera-connections")).text, str(told)):
        assert "p:w" not in text
        assert "p%3Aw" not in text
    # Switched off, the login stays; for another server it has to be given again.
    assert (await local.put(PATH, json={"url": "http://10.20.1.9", "enabled": False})).json()["username"] == "admin"
    other = await local.put(PATH, json={"url": "http://10.20.1.10"})
    assert (other.status_code, "10.20.1.9" in other.text) == (422, True), other.text
    assert (await local.delete(PATH)).status_code == 204
    assert await stored(context) == []


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("isapi", {"url": "http://10.30.1.9"}, 'camera = ["127.0.0.0/8", "10.20.0.0/16:80", "10.30.1.9:80"]'),
        ("isapi", {"url": "http://169.254.169.254"}, "told their keys"),
        ("isapi", {"url": "ftp://10.20.1.9"}, "http://, https://"),
        ("isapi", {"url": "http://a:secretword@"}, "http://10.1.2.3"),
        ("isapi", {"url": "http://a:b@10.20.1.9", "username": "c"}, "not both"),
        ("isapi", {"url": "http://10.20.1.9", "password": "secretword"}, "username"),
        ("onvif", {}, "isapi"),
        ("rtsp", {"url": "file:///etc/passwd"}, "rtsp://"),
    ],
)
async def test_what_cannot_be_called_is_refused(
    local: httpx.AsyncClient, kind: str, body: dict[str, Any], says: str
) -> None:
    answer = await local.put(f"/devices/gate-1/cameras/{kind}", json=body)
    assert answer.status_code == 422, answer.text
    assert says.replace('"', '\\"') in answer.text
    assert "secretword" not in answer.text


async def test_who_pushes_gets_a_secret_that_is_stored_as_a_hash(context: Context, local: httpx.AsyncClient) -> None:
    first, second = [(await local.put(PATH, json={})).json() for _ in range(2)]
    assert first["pushes"]
    assert first["secret"] != second["secret"]
    ((url, login, hashed),) = await stored(context)
    assert (url, login, len(hashed)) == (None, None, 64)
    assert (await local.get(PATH)).json()["secret"] is None


async def test_a_check_tells_the_step_that_fails(local: httpx.AsyncClient) -> None:
    async def check(kind: str, url: str, **login: Any) -> list[tuple[str, bool]]:
        answer = await local.post("/camera-connections:check", json={"kind": kind, "url": url, **login})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["ok"] == all(each["ok"] for each in told["steps"])
        return [(each["step"], each["ok"]) for each in told["steps"]]

    right: dict[str, Any] = {"username": "admin", "password": PASSWORD}
    for algorithm in ("MD5", "SHA-256"):
        async with IsapiCamera(HttpLogin("admin", PASSWORD, algorithm)) as camera:
            whole = [("login", True), ("path", True), ("answer", True)]
            assert await check("isapi", camera.url, **right) == whole
            assert await check("isapi", camera.url, username="admin", password="wrong") == [("login", False)]
            assert await check("isapi", camera.url) == [("login", False)]
            assert await check("onvif", camera.url, **right) == [("path", False)]
            await local.put(PATH, json={"url": camera.url, **right})
            assert await check("isapi", camera.url, device="gate-1") == whole
    assert await check("isapi", camera.url, **right) == [("connect", False)], "it is gone"
    for http in (None, HttpLogin("admin", PASSWORD)):
        async with OnvifCamera("admin", PASSWORD, http=http) as other:
            whole = [("clock", True), ("login", True), ("path", True), ("answer", True)]
            assert await check("onvif", other.url, **right) == whole
            assert other.subscriptions == 0, "its own subscription is ended"
            wrong = await check("onvif", other.url, username="admin", password="wrong")
            assert wrong == [("clock", True), ("login", False)]
    assert await check("isapi", "http://10.99.1.9", **right) == [("guard", False)]
    assert await check("isapi", "http://no-such-camera.invalid", **right) == [("name", False)]


def test_nothing_is_discovered_by_itself() -> None:
    """WS-Discovery is asked for by a person, through one route."""
    callers = [
        str(path)
        for folder in ("api", "app", "devices", "hub", "ingest")
        for path in Path(folder).rglob("*.py")
        if "cameras.discovery import" in path.read_text()
    ]
    assert callers == ["api/routes/cameras.py"]
    assert discover.__module__ == "devices.cameras.discovery"
