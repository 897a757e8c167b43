"""A TCP proxy that loses an answer: the request arrives, the answer does not, the connection is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class LosingProxy:
    """Forwards bytes to a port of 127.0.0.1; `lose_after` makes it cut where the answer to a request would come."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._word: bytes | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.lost = 0

    def lose_after(self, word: bytes) -> None:
        """The next answer after a request that holds `word` is lost, and its connection with it."""
        self._word = word

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        ways: list[asyncio.Task[None]] = []
        try:
            with suppress(OSError):
                there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
                ends.append(there_writer)
                cut = asyncio.Event()
                ways.append(asyncio.create_task(self._forward(reader, there_writer, cut), name="proxy.up"))
                ways.append(asyncio.create_task(self._answer(there_reader, writer, cut), name="proxy.down"))
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self._word is not None and self._word in data:
                    self._word = None
                    cut.set()
                writer.write(data)
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if cut.is_set():  # the server has answered, so it has done what was asked
                    self.lost += 1
                    return
                writer.write(data)
                await writer.drain()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="proxy.connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def losing_proxy(target: int) -> AsyncIterator[LosingProxy]:
    """A proxy in front of a port, listening on a port of its own."""
    proxy = LosingProxy(target)
    server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
