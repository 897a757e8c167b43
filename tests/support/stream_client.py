"""Readers of the alert stream that cost little: server-sent events, or a WebSocket, parsed a block at a time."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable

Take = Callable[[int, bytes], None]
"""Called with the cursor of each change and its CloudEvent."""
_EVENT = re.compile(rb"id: (\d+)\nevent: [^\n]*\ndata: ([^\n]*)\n\n")
_CURSOR = re.compile(rb'"cursor":(\d+)')


class StreamClient(asyncio.Protocol):
    """One connection; `over` is set when it ends."""

    def __init__(self, kind: str, token: str, after: int | None, take: Take) -> None:
        """`kind` is sse or ws; `after` the cursor to go on from."""
        self._kind, self._token, self._after, self._take = kind, token, after, take
        self._rest, self._headed = b"", False
        self._events_rest = b""
        self._transport: asyncio.Transport | None = None
        self.open, self.over = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        query = "" if self._after is None else f"?last_event_id={self._after}"
        path = "/api/v1/alerts/stream" if self._kind == "sse" else "/api/v1/alerts/ws"
        head = [f"GET {path}{query} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self._token}"]
        if self._kind == "ws":
            head += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
            head += [f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}"]
        transport.write("\r\n".join([*head, "", ""]).encode())

    def connection_lost(self, error: Exception | None) -> None:
        """Its end."""
        self.over.set()

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take whole changes; the rest waits."""
        data = self._rest + data
        if not self._headed:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            if b" 200 " not in head[:16] and b" 101 " not in head[:16]:
                raise ConnectionError(head.decode(errors="replace"))
            self._headed = True
            self.open.set()
        self._rest = self._events(data) if self._kind == "sse" else self._frames(data)

    def _events(self, data: bytes) -> bytes:
        """Take the events of whole chunks, which begin and end anywhere in them."""
        at, pieces = 0, [self._events_rest]
        while (end := data.find(b"\r\n", at)) >= 0 and len(data) >= (after := end + 4 + int(data[at:end], 16)):
            pieces.append(data[end + 2 : after - 2])
            at = after
        text, end = b"".join(pieces), 0
        for found in _EVENT.finditer(text):
            self._take(int(found[1]), found[2])
            end = found.end()
        self._events_rest = text[end:]
        return data[at:]

    def _frames(self, data: bytes) -> bytes:
        at = 0
        while len(data) - at >= 2:
            opcode, size, begin = data[at] & 15, data[at + 1], at + 2
            if size == 126:
                size, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < begin + size:
                break
            payload = data[begin : begin + size]
            if opcode == 1 and b'"ganzhi.stream.opened"' not in payload[:200]:
                found = _CURSOR.search(payload, 0, 40)
                assert found is not None, payload
                self._take(int(found[1]), payload)
            elif opcode == 9 and self._transport is not None:
                self._transport.write(bytes([0x8A, 0x80 | size, 0, 0, 0, 0]) + payload)
            at = begin + size
        return data[at:]


async def follow(kind: str, port: int, token: str, after: int | None, take: Take, opened: Callable[[], None]) -> None:
    """Read for ever; after a break again, from the last cursor."""
    last = after

    def keep(cursor: int, body: bytes) -> None:
        nonlocal last
        last = cursor
        take(cursor, body)

    while True:
        client = StreamClient(kind, token, last, keep)
        try:
            await asyncio.get_running_loop().create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
            waits = [asyncio.create_task(each.wait(), name="stream") for each in (client.open, client.over)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in waits:
                each.cancel()
            if client.open.is_set():
                opened()
                await client.over.wait()
            await asyncio.sleep(0.2)
        except OSError:
            await asyncio.sleep(0.2)
        finally:
            client.close()
