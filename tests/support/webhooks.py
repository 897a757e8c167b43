"""A webhook receiver for tests: keeps what came, and answers, or hangs, as the test wants."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from api.push.http_call import TIMEOUT_S, open_calls
from api.push.webhook import Webhook
from hub.access.outgoing import Outgoing
from hub.limit_settings import Outgoing as Listed
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.tls import Trust

LOCAL = Outgoing(Settings(outgoing=Listed(webhook=("127.0.0.0/8",))))
"""A guard that lets receivers of tests be called, and nothing else of what is not public."""
PLAIN = Secrets(Settings().secrets)
"""Without a key: secrets are stored as they are."""


@asynccontextmanager
async def open_webhook(
    outgoing: Outgoing, secrets: Secrets, tls: Trust | None = None, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Webhook]:
    """A webhook channel with a client of its own."""
    async with open_calls(outgoing, tls, timeout_s=timeout_s) as calls:
        yield Webhook(calls, secrets)


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic, compare=False)
    """Seconds of the monotonic clock."""

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Listens on 127.0.0.1; `answer` gives the status for what came, None for silence."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.received: list[Received] = []
        self.answer: Callable[[Received], int | None] = lambda got: 200
        self.said = b"thank you"
        self.extra = ""
        self.endless = False
        """Whether an answer says that it has 1 GB, and begins to send it."""
        self.cut = False
        """Whether the connection ends in the middle of the head of an answer."""
        self.echo = False
        """Whether an answer repeats what came, headers and all."""
        self.sent = 0
        """Bytes of endless answers."""
        self.most_open: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook") -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}{path}"

    def ids(self, path: str = "/hook") -> list[str]:
        return [got.id for got in self.received if got.path == path]

    async def start(self) -> None:
        """Listen; after a stop on the same port."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is not None:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    await self._request(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        got = Received(head[0].split()[1], headers, body)
        self._open[got.path] = self._open.get(got.path, 0) + 1
        self.most_open[got.path] = max(self.most_open.get(got.path, 0), self._open[got.path])
        try:
            self.received.append(got)
            status = self.answer(got)
            if status is None:
                await reader.read()  # until the other side gives up
                raise ConnectionResetError
            await asyncio.sleep(0)
        finally:
            self._open[got.path] -= 1
        said = "\n".join([got.path, str(headers), body.decode("utf-8", "replace")]).encode() if self.echo else self.said
        said = self.body_for(got, status, said)
        size = 1_000_000_000 if self.endless else len(said)
        answer = f"HTTP/1.1 {status} Said\r\ncontent-length: {size}\r\n{self.extra}\r\n".encode()
        if self.cut:
            writer.write(answer[:20])
            await writer.drain()
            raise ConnectionResetError
        writer.write(answer + said)
        await writer.drain()
        while self.endless:
            writer.write(b"x" * 65_536)
            await writer.drain()
            self.sent += 65_536

    def body_for(self, got: Received, status: int, said: bytes) -> bytes:
        """The body of an answer."""
        return said
