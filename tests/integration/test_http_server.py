"""Who sends slowly, or without an end, or does not read, neither holds up the server nor fills its memory."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from api.http import connection, limits, server
from api.http.addresses import Addresses
from api.http.connection import READ, WRITE, Connection
from api.http.limits import BodyLimit
from api.http.server import Server
from tests.support.process import eventually, free_port

HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
GET = b"GET / HTTP/1.1\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = 8 << 20


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers with its size; as a framework would, it turns a refused body into an answer.

    At /large the answer is 8 MiB; at /unread it comes before the body.
    """
    if scope["type"] != "http":
        return
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
        await send({"type": "http.response.body", "body": bytes(LARGE)})
        return
    if scope["path"] == "/endless":
        await asyncio.Event().wait()
    size, more, status = 0, scope["path"] != "/unread", 200
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
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server with patience for 0.5 s."""
    monkeypatch.setattr(server, "HEADERS_S", 0.5)
    monkeypatch.setattr(server, "STALLED_S", 0.5)
    monkeypatch.setattr(limits, "BODY_S", 0.5)
    running = server.configured(BodyLimit(app, {}), "127.0.0.1", free_port(), 2)
    task = asyncio.create_task(running.serve(), name="server")

    async def started() -> bool:
        return bool(running.started)

    await eventually(started, "the server listens")
    yield running
    running.should_exit = True
    await task


@pytest.fixture
def port(running: Server) -> int:
    """Of the server."""
    return running.config.port


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


@pytest.mark.parametrize(("lang", "says"), [(b"en", "Ask again"), (b"zh", "请重试")])
async def test_a_request_that_the_end_of_the_server_cuts_off_is_answered_503(
    running: Server, caplog: pytest.LogCaptureFixture, lang: bytes, says: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.config.port)
    writer.write(HEAD.replace(b" / ", b" /endless ") + b"Accept-Language: %s\r\n\r\n" % lang)
    async with asyncio.timeout(20):
        while not running.server_state.tasks:  # noqa: ASYNC110 it tells nobody
            await asyncio.sleep(0.01)
        running.should_exit = True
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in answer
    assert says in answer.decode()
    assert not [record for record in caplog.records if record.exc_info]
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


async def exchange(port: int, *sent: bytes, end: bytes) -> bytes:
    """What is answered, up to the first `end`, or until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            for block in sent:
                writer.write(block)
                await writer.drain()
            while not answer.endswith(end) and (more := await reader.read(1 << 16)):
                answer += more
    writer.close()
    return answer


@pytest.mark.parametrize("behind", [b"", b"\r\n" * 2000])
async def test_pipelined_requests_are_answered_in_order(port: int, behind: bytes) -> None:
    posts = [HEAD + b"Content-Length: %d\r\n\r\n" % size + b"\r\n" * (size // 2) for size in range(0, 300, 2)]
    answer = await exchange(port, b"".join(posts), behind, end=b"\r\n\r\n298")
    assert [int(part.partition(b"\r\n\r\n")[2]) for part in answer.split(b"HTTP/1.1 200 OK")[1:]] == [*range(0, 300, 2)]


async def test_a_chunked_body_and_what_follows_it_are_told_apart(port: int) -> None:
    chunks = b"".join(b"4\r\n\r\n\r\n\r\n" for _ in range(5000))
    answer = await exchange(
        port, CHUNKED + chunks + b"0\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nhi" + GET, end=b"\r\n\r\n0"
    )
    assert [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]] == [b"20000", b"2", b"0"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ([b"GET /" + b"a" * 40_000], b"431"),
        ([b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000], b"431"),
        ([b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 102], b"431"),
        ([CHUNKED, b"0\r\nX: " + b"a" * 50_000], b"431"),
        ([CHUNKED, b"0\r\n" + b"a:\r\n" * 102], b"431"),
        ([CHUNKED, b"1;x=" + b"a" * 50_000], b"431"),
        ([b"nonsense\r\n\r\n"], b"400"),
        ([HEAD + b"Content-Length: 2, 3\r\n\r\n"], b"400"),
        ([b"GET / HTTP/1.1\nHost: x\n\n"], b"400"),  # what a head ends with is not up to the client
    ],
)
async def test_what_is_too_long_or_no_http_is_refused(port: int, sent: list[bytes], status: bytes) -> None:
    answer = await exchange(port, *sent, end=b"}")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"application/problem+json" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_head_of_32_kib_and_100_headers_are_taken(port: int) -> None:
    long = b"GET / HTTP/1.1\r\nX: "
    assert b"200 OK" in await exchange(port, long + b"a" * (32_768 - len(long) - 4) + b"\r\n\r\n", end=b"0")
    assert b"200 OK" in await exchange(port, b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 100 + b"\r\n", end=b"0")


async def test_who_reads_nothing_makes_the_server_hold_little_and_is_cut_off(running: Server) -> None:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", running.config.port))
    sock.setblocking(False)

    async def stuck() -> bool:
        with suppress(BlockingIOError):
            while True:
                sock.send(b"GET /large HTTP/1.1\r\n\r\n" * 1000)
        connection = next(iter(running.server_state.connections), None)
        if connection is None:
            return False
        assert isinstance(connection, Connection)
        assert connection.transport.get_write_buffer_size() <= 2 * WRITE + 1024
        assert len(connection._rest) <= READ
        assert not connection.pipeline
        return connection.flow.write_paused

    async def gone() -> bool:
        return not running.server_state.connections

    await eventually(stuck, "the server waits for its client")
    await eventually(gone, "the client is cut off")
    sock.close()


async def test_an_address_has_its_share_of_connections(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Addresses, "open", lambda *_: "there are too many")
    answer = await exchange(port, end=b"}")
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"there are too many" in answer


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


@pytest.mark.parametrize(("forwarded", "rests"), [(b"", True), (b"X-Forwarded-For: 192.0.2.7\r\n", False)])
async def test_a_connection_of_a_proxy_rests_for_nobody(
    running: Server, port: int, monkeypatch: pytest.MonkeyPatch, forwarded: bytes, rests: bool
) -> None:
    monkeypatch.setattr(connection, "AT_ONCE", -1_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(20):
        writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\n" + forwarded + b"\r\n")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(1) == b"0"
    assert [one.resting for one in running.server_state.connections if isinstance(one, Connection)] == [rests]
    writer.close()
