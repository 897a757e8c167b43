"""Keys of machines, certificates, and who on this machine needs neither; what was taken away counts at once."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.context import Context
from api.http.server import configured
from api.login.accounts import set_certificate
from hub.access.logins import Logins
from hub.access.roles import Role
from hub.access_settings import Access
from hub.errors import ConfigError
from hub.settings import Api
from tests.support.accounts import COMMAND_LINE, machine, person
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, client_of, register, served

REGION = "330110005000"


@pytest.fixture
async def context(database: str) -> AsyncIterator[Context]:
    async with api_context(database) as made:
        yield made


def over(context: Context, access: Access | None = None, **api: Any) -> Context:
    """The same with other settings."""
    rules = access or context.settings.access
    settings = context.settings.model_copy(update={"access": rules, "api": Api(**api)})
    return replace(context, settings=settings, logins=Logins(rules))


async def status(context: Context, credential: str | None, path: str = "/devices", **headers: str) -> int:
    shown = {"Authorization": f"Bearer {credential}"} if credential else {}
    async with client_of(context) as client:
        return (await client.get(path, headers={**shown, **headers})).status_code


async def execute(context: Context, statement: str) -> None:
    async with context.hub_pool.connection() as conn:
        await conn.execute(statement.encode())
    await context.logins.refresh(context.hub_pool)


async def test_a_key_opens_what_its_machine_was_granted_until_it_is_revoked(context: Context) -> None:
    context = over(context, token="t0ken")
    async with client_of(context, headers={"Authorization": "Bearer t0ken"}) as admin:
        made = await admin.post("/keys", json={"name": "grid", "role": "viewer", "label": "2026"})
        assert made.status_code == 201, made.text
        key = made.json()["key"]
        assert key.startswith("gz_")
        assert [await status(context, key, path) for path in ("/devices", "/keys", "/dead-letters")] == [200, 403, 403]
        listed = (await admin.get("/keys")).text
        assert key not in listed
        assert (await admin.post("/keys", json={"name": "grid", "key": key})).status_code == 422, (
            "no secret of one's own"
        )
        assert (await admin.delete(f"/keys/{made.json()['id']}")).status_code == 204
        assert await status(context, key) == 401
        assert (await admin.delete(f"/keys/{made.json()['id']}")).status_code == 404
    async with context.hub_pool.connection() as conn:
        for table in ("api_key", "audit"):
            kept = await (await conn.execute(f"select t::text from {table} t")).fetchall()
            assert kept
            assert not any(key in row[0] for row in kept), table


async def test_a_grant_counts_from_the_answer_on_and_is_gone_with_it(context: Context) -> None:
    context = over(context, token="t0ken")
    key = await machine(context, "grid")
    async with client_of(context, headers={"Authorization": "Bearer t0ken"}) as admin:
        assert await status(context, key) == 403
        made = await admin.post("/grants", json={"principal": "grid", "role": "viewer"})
        assert (made.status_code, await status(context, key)) == (201, 200)
        gone = await admin.delete(f"/grants/{made.json()['id']}")
        assert (gone.status_code, await status(context, key)) == (204, 403)


async def test_keys_that_open_nothing(context: Context) -> None:
    context = over(context, token="t0ken")
    key = await machine(context, "grid", Role.VIEWER)
    assert await status(context, key) == 200
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "admin", "exp": 9e9}).encode()).rstrip(b"=").decode()
    for wrong in (None, "t0ke", key[:-1], key + "x", key.swapcase(), "gz_" + "0" * 49, f"{header}.{claims}.", "gz_é"):
        shown = wrong.encode() if wrong else None
        async with client_of(context) as client:
            headers = {b"Authorization": b"Bearer " + shown} if shown else {}
            assert (await client.get("/devices", headers=headers)).status_code == 401, wrong
    await execute(context, "update api_key set expires_at = now() - interval '1 s'")
    assert await status(context, key) == 401
    await execute(context, "update api_key set expires_at = null")
    assert await status(context, key) == 200
    await execute(context, "update principal set state = 'locked'")
    assert await status(context, key) == 401


async def test_a_machine_is_locked_with_its_keys_and_certificates(context: Context) -> None:
    rules = Access(certificate_header="X-Client-Subject", gateways=("127.0.0.1",))
    key = await machine(context, "grid", Role.VIEWER)
    await person(context, "li.wei", Role.VIEWER)
    for name in ("grid", "li.wei"):
        await certify(context, name)
    context = over(context, rules, token="t0ken")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(OwnServer(context))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url + PREFIX, timeout=30))

        async def seen(name: str) -> list[int]:
            shown = ({"Authorization": f"Bearer {key}"}, {"X-Client-Subject": f"CN={name}"})
            return [(await client.get("/devices", headers=headers)).status_code for headers in shown]

        async def told(path: str) -> int:
            return (await client.post(path, headers={"Authorization": "Bearer t0ken"})).status_code

        assert await seen("grid") == [200, 200]
        assert await told("/machines/GRID/lock") == 204
        assert await seen("grid") == [401, 401]
        assert await told("/machines/grid/unlock") == 204
        assert await seen("grid") == [200, 200]
        assert [await told(f"/machines/{name}/lock") for name in ("li.wei", "nobody")] == [404, 404]
        assert (await seen("li.wei"))[1] == 200
        assert await told("/accounts/li.wei/reset") == 200
        assert (await seen("li.wei"))[1] == 401, "a reset takes certificates away"


async def test_a_person_by_certificate_must_what_one_by_password_must(context: Context) -> None:
    rules = Access(certificate_header="X-Client-Subject", gateways=("127.0.0.1",), two_factor=("viewer",))
    await person(context, "li.wei", Role.OPERATOR, settled=False)
    await person(context, "zhang.wei", Role.VIEWER)
    await machine(context, "grid", Role.VIEWER)
    for name in ("li.wei", "zhang.wei", "grid"):
        await certify(context, name)
    context = over(context, rules)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(OwnServer(context))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url + PREFIX, timeout=30))

        async def seen(name: str) -> int:
            return (await client.get("/devices", headers={"X-Client-Subject": f"CN={name}"})).status_code

        assert [await seen(name) for name in ("li.wei", "zhang.wei", "grid")] == [403, 403, 200]
        async with context.hub_pool.connection() as conn:
            await conn.execute("update account set must_change = false, totp_secret = 'x'")
        await context.logins.refresh_sessions(context.hub_pool)
        assert [await seen(name) for name in ("li.wei", "zhang.wei")] == [200, 200]
        for kind, refused in (("text/plain", True), ("application/json", False)):
            shown = {"X-Client-Subject": "CN=li.wei", "Content-Type": kind}
            answer = await client.post("/alerts/nothing/steps", content=b"{}", headers=shown)
            assert (answer.status_code == 415) == refused, "a form of another page can send text/plain"


async def certify(context: Context, name: str) -> None:
    """The certificate CN=name of a person or machine."""
    async with context.hub_pool.connection() as conn, conn.transaction():
        await set_certificate(conn, COMMAND_LINE, name, f"CN={name}", False)


async def test_a_key_of_a_county_sees_its_county(context: Context) -> None:
    context = over(context, token="t0ken")
    async with client_of(context, headers={"Authorization": "Bearer t0ken"}) as admin:
        await register(admin, 2)
        (await admin.put("/devices/air-0", json={"name": "x", "profile": "air", "region": REGION})).raise_for_status()
    key = await machine(context, "county", Role.VIEWER, region="330110")
    async with client_of(context, headers={"Authorization": f"Bearer {key}"}) as county:
        assert [each["code"] for each in (await county.get("/devices")).json()["items"]] == ["air-0"]
        told = (await county.get("/session")).json()
        assert (told["kind"], told["name"], told["roles"]) == ("machine", "county", ["viewer"])
        assert "330110" in told["scope"][0]


async def test_who_is_on_this_machine_needs_no_key_while_there_is_no_account(context: Context) -> None:
    assert await status(context, None) == 200
    await person(context, "admin", Role.SECURITY_ADMINISTRATOR)
    assert await status(context, None) == 401
    closed, opened = over(context, Access(local=False)), over(context, Access(local=True))
    assert await status(closed, None) == 401
    assert await status(opened, None) == 200
    assert await status(opened, None, **{"Sec-Fetch-Site": "same-origin"}) == 401, "a browser logs in"
    assert await status(over(context, Access(local=True), host="10.0.0.1"), None) == 401, "others reach it"
    assert await status(over(context, Access(local=True), token="t0ken"), None) == 401


async def test_a_key_is_no_token_of_the_settings_and_no_role_is_made_up(context: Context) -> None:
    key = await machine(context, "grid", Role.VIEWER)
    with pytest.raises(ConfigError, match="is an API key"):
        create_app(over(context, token=key))
    with pytest.raises(ConfigError, match="no role chief"):
        create_app(over(context, Access(two_factor=("chief",))))


async def test_before_logins_were_read_nobody_is_taken_for_local(context: Context) -> None:
    running = asyncio.create_task(context.logins.run(context.hub_pool), name="logins")
    try:
        await eventually(lambda: status_is(context, 200), "it is read")
    finally:
        running.cancel()
    away = over(context)
    await context.hub_pool.close()
    assert await status(away, None) == 503


async def status_is(context: Context, wanted: int) -> bool:
    return await status(context, None) == wanted


@pytest.mark.parametrize("change", ["key", "grant", "machine"])
async def test_an_open_stream_ends_within_a_second_of_what_is_taken_away(context: Context, change: str) -> None:
    context = over(context, token="t0ken")
    key = await machine(context, "desk", Role.OPERATOR)
    statement = {
        "key": "update api_key set revoked_at = now()",
        "grant": "delete from access_grant",
        "machine": "update principal set state = 'locked'",
    }[change]
    async with served(context) as url, httpx.AsyncClient(timeout=20) as client:
        headers = {"Authorization": f"Bearer {key}"}
        async with client.stream("GET", f"{url}{PREFIX}/alerts/stream", headers=headers) as stream:
            assert stream.status_code == 200
            lines = stream.aiter_lines()
            await anext(lines)
            await execute(context, statement)
            async with asyncio.timeout(5):
                async for _ in lines:
                    pass


async def test_it_is_noted_when_a_key_was_used(context: Context) -> None:
    context = over(context, token="t0ken")
    key = await machine(context, "desk", Role.VIEWER)
    assert await status(context, key) == 200
    await context.logins.note_use(context.hub_pool)
    async with context.hub_pool.connection() as conn:
        [(used,)] = await (await conn.execute("select last_used_at from api_key")).fetchall()
    assert datetime.now(UTC) - used < timedelta(minutes=1)


async def test_a_certificate_counts_from_a_gateway_only(context: Context) -> None:
    await person(context, "li.wei", Role.VIEWER)
    await certify(context, "li.wei")
    for gateways, wanted in ((("127.0.0.1",), 200), (("10.0.0.0/8",), 401)):
        rules = Access(certificate_header="X-Client-Subject", gateways=gateways)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(OwnServer(over(context, rules)))
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=url + PREFIX))
            for subject, expected in (("CN=li.wei", wanted), ("CN=nobody", 401)):
                told = {"X-Client-Subject": subject, "X-Forwarded-For": "10.0.0.9"}
                assert (await client.get("/devices", headers=told)).status_code == expected, (gateways, subject)


async def test_guesses_through_a_gateway_slow_down_their_own_address_alone(context: Context) -> None:
    await person(context, "li.wei", Role.VIEWER)
    for gateways, wanted in ((("127.0.0.2/32", "10.1.0.0/16"), 401), (("10.1.0.0/16",), 429)):
        gateway = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(OwnServer(over(context, Access(gateways=gateways))))
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=url + PREFIX, transport=gateway, timeout=30)
            )

            async def guess(address: str, client: httpx.AsyncClient = client) -> int:
                told = {"X-Forwarded-For": f"10.9.9.{time.monotonic_ns() % 200}, {address}, 10.1.0.7"}
                body = {"name": "li.wei", "password": "wrong"}
                return (await client.post("/session", json=body, headers=told)).status_code

            assert [await guess("203.0.113.5") for _ in range(6)] == [401] * 5 + [429], gateways
            assert await guess("203.0.113.6") == wanted, gateways


class OwnServer:
    """The app behind the hub's own server, which knows its peers."""

    def __init__(self, context: Context) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = configured(create_app(context), "127.0.0.1", 0, 1, gateways=context.settings.access.gateways)

    async def __aenter__(self) -> str:
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="server")
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task
        self._socket.close()
