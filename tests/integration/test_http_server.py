"""Who sends slowly does not hold up the server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from api.http import limits, server
from api.http.limits import BodyLimit
from tests.support.process import eventually, free_port

HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers with its size; as a framework would, it turns a refused body into an answer."""
    if scope["type"] != "http":
        return
    size, more, status = 0, True, 200
    while more:
        try:
            message = await receive()
        except HTTPException as refused:
            status = refused.status_code
            break
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = b"%d" % size
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with patience for 0.5 s."""
    monkeypatch.setattr(server, "HEADERS_S", 0.5)
    monkeypatch.setattr(limits, "BODY_S", 0.5)
    place = free_port()
    running = server.configured(BodyLimit(app, {}), "127.0.0.1", place, 2)
    task = asyncio.create_task(running.serve(), name="server")

    async def started() -> bool:
        return bool(running.started)

    await eventually(started, "the server listens")
    yield place
    running.should_exit = True
    await task


async def test_a_head_that_does_not_come_to_its_end_is_cut_off(port: int) -> None:
    silent, slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    slow[1].write(HEAD)
    async with asyncio.timeout(20):
        assert await silent[0].read() == b""
        assert await slow[0].read() == b""
    for _, writer in (silent, slow):
        writer.close()


async def test_a_second_head_on_the_same_connection_is_cut_off_too(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi")
    async with asyncio.timeout(20):
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(1) == b"2"
        writer.write(HEAD)
        assert await reader.read() == b""
    writer.close()


async def test_who_keeps_sending_requests_is_not_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    end = loop.time() + 3
    async with asyncio.timeout(20):
        while loop.time() < end:
            writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi")
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(1) == b"2"
    writer.close()


async def test_a_body_that_does_not_come_is_answered_408(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 2\r\n\r\nh")
    async with asyncio.timeout(20):
        assert b" 408 " in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_slow_senders_do_not_hold_up_others(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for one in slow:
        one.sendall(HEAD)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi")
    async with asyncio.timeout(5):
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    for one in slow:
        one.close()
    writer.close()
