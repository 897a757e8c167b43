"""Connections to consumers: reused while they last, and led to the address that was checked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.push.channel import TryAgain
from api.push.http_call import Reply, Request, open_calls
from hub.access.outgoing import Outgoing
from hub.limit_settings import Outgoing as Listed
from hub.settings import Settings


class Peer:
    """Answers each request with what comes next; counts connections."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.connections, self.asked = list(answers), 0, list[bytes]()
        self.writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for writer in self.writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        while self.answers:
            try:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            answer = self.answers.pop(0)
            writer.write(answer)
            if b"close" in answer:
                writer.close()
                return


async def _resolve(host: str, port: int) -> list[str]:
    """The name is known to nobody else, so that a second look-up would fail."""
    return ["127.0.0.1"]


GUARD = Outgoing(Settings(outgoing=Listed(webhook=("127.0.0.0/8",))), _resolve)
OK = b"HTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\nok"


async def calls(peer: Peer, number: int, headers: dict[str, str] | None = None) -> list[Reply | TryAgain]:
    async with peer.listening() as port, open_calls(GUARD, timeout_s=5) as made:
        url = httpx.URL(f"http://hook.example.org:{port}/a?b=c")
        return [await made.call(Request(url, b"", headers or {}, "li:s%20x")) for _ in range(number)]


async def test_a_connection_is_used_again_and_names_the_host() -> None:
    peer = Peer(OK, OK, OK)
    replies = await calls(peer, 3)
    assert peer.connections == 1
    assert all(isinstance(each, Reply) and each.success and each.whole and each.body == b"ok" for each in replies)
    head = peer.asked[0].decode()
    assert head.startswith("POST /a?b=c HTTP/1.1\r\nhost: hook.example.org:")
    assert "authorization: Basic bGk6cyB4" in head


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 Fine\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 Fine\r\nx: close\r\n\r\nuntil its end", b"until its end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 204 Nothing\r\n\r\n", b""),
    ],
)
async def test_a_body_ends_as_its_head_says(answer: bytes, body: bytes) -> None:
    replies = await calls(Peer(answer, OK), 2)
    assert all(isinstance(each, Reply) for each in replies)
    assert isinstance(replies[0], Reply)
    assert (replies[0].body, replies[0].whole) == (body, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 Fine\r\n" + b"x: y\r\n" * 20_000,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"close",
    ],
)
async def test_what_is_no_answer_is_named_and_ends(answer: bytes) -> None:
    [reply] = await calls(Peer(answer), 1)
    assert isinstance(reply, TryAgain)
    assert reply.failure == "protocol"


async def test_an_answer_that_nobody_asked_for_is_given_to_nobody() -> None:
    peer = Peer(OK + b"HTTP/1.1 500 Smuggled\r\ncontent-length: 0\r\n\r\n", OK)
    replies = await calls(peer, 2)
    assert [each.status for each in replies if isinstance(each, Reply)] == [200, 200]


async def test_a_header_cannot_bring_another() -> None:
    peer = Peer(OK)
    [reply] = await calls(peer, 1, {"x": "a\r\nhost: evil"})
    assert isinstance(reply, TryAgain)
    assert peer.asked == []
