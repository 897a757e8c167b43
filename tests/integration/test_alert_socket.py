"""The WebSocket of alert changes, read with the package websockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from starlette.requests import HTTPConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from api.http.socket import MESSAGE
from hub.access.caller import Caller
from hub.access.cross_site import bearer_of
from hub.access.permissions import EVERYTHING, Permission
from hub.limit_settings import Limits
from tests.integration.test_api_stream import cursors, prepare
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, change_alert, served

KEY = "gz_key"


class Door:
    """Lets whoever shows KEY, or a cookie, in until it is shut."""

    def __init__(self) -> None:
        self.refusal: HTTPException | None = None
        self.permissions = EVERYTHING
        self.organisation: str | None = None

    async def caller(self, connection: HTTPConnection) -> Caller:

        if self.refusal is not None or (bearer_of(connection) != KEY and not connection.cookies):
            raise self.refusal or HTTPException(401, "log in")
        grants = () if self.organisation else None
        return Caller("machine", "desk", self.permissions, grants)


def address(url: str, after: int | None = None) -> str:
    return url.replace("http", "ws") + PREFIX + "/alerts/ws" + ("" if after is None else f"?last_event_id={after}")


@asynccontextmanager
async def opened(url: str, after: int | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection that has heard from which cursor on changes follow."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with connect(address(url, after), **{"additional_headers": headers, **options}) as client:
        first = json.loads(await client.recv())
        assert first["type"] == "ganzhi.stream.opened"
        assert after is None or first["cursor"] == after
        yield client


async def test_the_changes_of_the_stream_and_no_other(database: str) -> None:
    async with api_context(database) as context:
        alert = await prepare(context)
        async with served(context, door=Door()) as url, opened(url) as client:
            await change_alert(context.hub_pool, alert, "updated", 261.5)
            context.changes.wake()
            event = json.loads(await client.recv())
            assert event["cursor"] == (await cursors(context))[-1]
            assert (event["type"], event["id"], event["subject"]) == ("ganzhi.alert.updated", f"{alert}.2", "air-0")
            assert (event["specversion"], event["data"]["value"]) == ("1.0", 261.5)


async def test_a_key_that_is_made_up_opens_nothing_to_a_page_of_another_origin(database: str) -> None:
    """Else the page would be let in as a program of this machine, or by the certificate of whoever reads it."""
    async with api_context(database) as context, served(context) as url:
        async with connect(address(url)) as client:
            assert json.loads(await client.recv())["type"] == "ganzhi.stream.opened", "of this machine"
        for offered in ("bearer.x", "bearer.gz_x"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(address(url), origin=Origin("https://evil.example"), subprotocols=[Subprotocol(offered)])
            assert refused.value.response.status_code == 401


async def test_twenty_breaks_lose_and_repeat_nothing(database: str) -> None:
    async with api_context(database, poll_s=0.02) as context:
        alert = await prepare(context)
        got: list[int] = []
        first = (await cursors(context))[-1]

        async def write() -> None:
            for value in range(200):
                await change_alert(context.hub_pool, alert, "updated", float(value))
                context.changes.wake()
                await asyncio.sleep(0.005)

        async with served(context, door=Door()) as url, asyncio.timeout(120):
            writing = asyncio.create_task(write(), name="writer")
            for _ in range(20):
                async with opened(url, got[-1] if got else first) as client:
                    got += [json.loads(await client.recv())["cursor"] for _ in range(4)]
                    client.transport.abort()  # no goodbye, and what is on its way is lost
            await writing
            stored = [cursor for cursor in await cursors(context) if cursor > first]
            async with opened(url, got[-1]) as client:
                while len(got) < len(stored):
                    got.append(json.loads(await client.recv())["cursor"])
            assert got == stored


async def test_who_is_let_in(database: str) -> None:
    async with api_context(database) as context:
        await prepare(context)
        door = Door()

        async def status(**options: Any) -> int:
            try:
                async with opened(url, **options):
                    return 101
            except InvalidStatus as refused:
                return refused.response.status_code

        def page(origin: str, **more: str) -> dict[str, Any]:
            return {"origin": origin, "additional_headers": {"Cookie": "ganzhi_session=x", **more}}

        async with served(context, door=door) as url:
            assert await status() == 101
            assert await status(additional_headers={}) == 401
            assert await status(additional_headers={}, subprotocols=["cloudevents.json", f"bearer.{KEY}"]) == 101
            assert await status(additional_headers={}, subprotocols=["bearer.gz_other"]) == 401
            assert await status(**page(url)) == 101
            assert await status(**page("https://evil.example")) == 403
            assert await status(**page("https://evil.example", **{"Sec-Fetch-Site": "same-origin"})) == 403
            assert await status(**page("null")) == 403
            assert await status(origin="https://desk.example") == 101, "it shows a key, which no other page has"
            assert await status(after=1 << 63) == 422
            door.permissions = EVERYTHING - {Permission.ALERTS_READ}
            assert await status() == 403


async def test_the_subprotocol_that_is_chosen_is_not_the_key(database: str) -> None:
    async with api_context(database) as context:
        await prepare(context)
        offered = [f"bearer.{KEY}", "cloudevents.json"]
        async with (
            served(context, door=Door()) as url,
            opened(url, additional_headers={}, subprotocols=offered) as client,
        ):
            assert client.subprotocol == "cloudevents.json"


@pytest.mark.parametrize(("how", "code"), [("ended", 4401), ("narrowed", 4403), ("away", 1013), ("restart", 1012)])
async def test_it_ends_and_says_why(database: str, how: str, code: int) -> None:
    async with api_context(database) as context:
        await prepare(context)
        door = Door()
        async with served(context, door=door) as url, opened(url) as client:
            if how == "ended":
                door.refusal = HTTPException(401, "the key was revoked")
            elif how == "away":
                door.refusal = HTTPException(503, "the store is away")
            elif how == "narrowed":
                door.organisation = "water-office"
            else:
                context.changes.close()
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(10):
                    await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code
            assert closed.value.rcvd.reason
        assert context.changes.readers == 0


async def test_a_client_may_not_say_much(database: str) -> None:
    async with api_context(database) as context:
        alert = await prepare(context)
        async with served(context, door=Door()) as url, opened(url) as client:
            await client.send("hello")
            await (await client.ping())
            await change_alert(context.hub_pool, alert, "updated", 1.0)
            context.changes.wake()
            assert json.loads(await client.recv())["id"] == f"{alert}.2"
            await client.send("x" * (MESSAGE + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


async def test_a_slow_reader_is_closed_while_others_go_on(database: str) -> None:
    async with api_context(database, queue_limit=50) as context:
        alert = await prepare(context)
        async with served(context, door=Door()) as url, opened(url) as quick:
            slow = await silent(url)

            async def readers(n: int) -> bool:
                return context.changes.readers == n

            await eventually(lambda: readers(2), "both are there")
            async with context.hub_pool.connection() as conn:  # titles that fill the sockets' buffers soon
                await conn.execute("update alert set title = repeat('x', 20000)")
            heard = 0

            async def closed() -> bool:
                nonlocal heard
                for _ in range(20):
                    await change_alert(context.hub_pool, alert, "updated", 1.0)
                context.changes.wake()
                for _ in range(20):
                    assert json.loads(await quick.recv())["id"] == f"{alert}.{heard + 2}"
                    heard += 1
                return await readers(1)

            await eventually(closed, "the slow reader is closed", 60)
            slow.close()


async def silent(url: str) -> socket.socket:
    """A connection that asks, and reads nothing."""
    slow = socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lines = [
        f"GET {PREFIX}/alerts/ws HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {KEY}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "",
    ]  # fmt: skip
    slow.sendall("\r\n".join(lines).encode())
    return slow


async def test_a_caller_has_so_many_streams_of_all_kinds_and_room_again_once_one_ends(database: str) -> None:
    async with api_context(database) as context:
        context = replace(context, settings=context.settings.model_copy(update={"limits": Limits(streams=2)}))
        await prepare(context)
        headers = {"authorization": f"Bearer {KEY}", "accept-language": "zh-CN"}
        async with served(context, door=Door()) as url, httpx.AsyncClient(headers=headers) as client:

            async def refused() -> bool:
                async with client.stream("GET", f"{url}{PREFIX}/alerts/stream") as answer:
                    return answer.status_code == 429 and "已打开 2 个数据流" in (await answer.aread()).decode()

            async with opened(url):
                async with opened(url):
                    assert await refused()
                    with pytest.raises(InvalidStatus) as closed:
                        async with opened(url):
                            pass
                    assert closed.value.response.status_code == 429
                    assert closed.value.response.headers["retry-after"] == "10"

                async def room() -> bool:
                    try:
                        async with opened(url):
                            return True
                    except InvalidStatus:
                        return False

                await eventually(room, "there is room again")


async def test_a_full_hub_refuses_with_a_time_to_come_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.changes.READERS", 1)
    async with api_context(database) as context:
        await prepare(context)
        async with served(context, door=Door()) as url, opened(url):
            with pytest.raises(InvalidStatus) as refused:
                async with opened(url):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"] == "10"
