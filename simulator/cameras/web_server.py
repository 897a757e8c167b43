"""The HTTP server of a simulated camera: one request a connection, answers whole or without end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, Self

from simulator.cameras.http_login import HttpLogin


class Asked(NamedTuple):
    """A request that was let in."""

    method: str
    path: str
    body: bytes


Serve = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


class WebServer:
    """Listens at a free port of this machine; `async with` opens and closes."""

    def __init__(
        self, serve: Serve, login: HttpLogin | None, public: Callable[[Asked], bool] = lambda _asked: False,
        port: int = 0,
    ) -> None:  # fmt: skip
        """Without `login` anybody is let in; `public` requests need none. Port 0: a free one."""
        self._serve, self._login, self._public = serve, login, public
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.port = port
        self.connections = 0
        """All that there have been."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Hang up on everybody, and listen no more; `async with` again listens at the same port."""
        if self._server is not None:
            self._server.close()
            self.hang_up()
            for serving in self._serving:
                serving.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            self._server = None

    def hang_up(self) -> None:
        """End all connections."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        if (serving := asyncio.current_task()) is not None:
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        with suppress(OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            await self._one(reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _ = (await reader.readline()).decode().split(" ", 2)
        headers = dict[str, str]()
        while line := (await reader.readline()).decode().strip():
            name, _, told = line.partition(":")
            headers[name.strip().lower()] = told.strip()
        asked = Asked(method, path, await reader.readexactly(int(headers.get("content-length", "0"))))
        login = None if self._public(asked) else self._login
        if login is None or login.lets(method, headers.get("authorization", "")):
            await self._serve(asked, writer)
            return
        challenge = f"WWW-Authenticate: {login.challenge()}\r\n"
        writer.write(f"HTTP/1.1 401 Unauthorized\r\n{challenge}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()


async def reply(writer: asyncio.StreamWriter, body: bytes, type_: str, status: str = "200 OK") -> None:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
