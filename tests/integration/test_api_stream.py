import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx

from api.change import Change
from api.changes import Subscription
from api.context import Context
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context, change_alert, client_of, raise_alert, register, served

Event = tuple[int, str, dict[str, Any]]
"""Cursor, type and CloudEvent."""


class Reader:
    """Reads a stream of alert changes until told otherwise."""

    def __init__(self, url: str, after: int | None = None) -> None:
        self._url, self._after = url + PREFIX + "/alerts/stream", after
        self.begins_at: int | None = None
        self.events: list[Event] = []

    async def read(self) -> None:
        """Read until the stream ends."""
        headers = {} if self._after is None else {"Last-Event-ID": str(self._after)}
        async with (
            httpx.AsyncClient(timeout=30) as client,
            client.stream("GET", self._url, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    continue
                if "data" in fields:
                    self.events.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                elif "id" in fields:
                    self.begins_at = int(fields["id"])
                fields = {}

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["Reader"]:
        """Reads while in the block; connected when it begins."""
        task = asyncio.create_task(self.read(), name="reader")

        async def connected() -> bool:
            if task.done():
                task.result()
            return self.begins_at is not None

        await eventually(connected, "the stream is open")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def has(self, n: int) -> None:
        async def enough() -> bool:
            return len(self.events) >= n

        await eventually(enough, f"{n} events; it has {len(self.events)}")


async def prepare(context: Context) -> UUID:
    async with client_of(context) as client:
        await register(client)
    return await raise_alert(context.hub_pool)


async def cursors(context: Context) -> list[int]:
    async with context.hub_pool.connection() as conn:
        rows = await (await conn.execute("select cursor from alert_change order by cursor")).fetchall()
    return [row[0] for row in rows]


async def test_only_new_changes_without_last_event_id(database: str) -> None:
    async with api_context(database) as context:
        alert = await prepare(context)
        async with served(context) as url, Reader(url).reading() as reader:
            assert reader.begins_at == (await cursors(context))[-1]
            await change_alert(context.hub_pool, alert, "updated", 261.5)
            context.changes.wake()
            await reader.has(1)
            [(cursor, kind, event)] = reader.events
            assert cursor == (await cursors(context))[-1]
            assert kind == event["type"] == "ganzhi.alert.updated"
            assert event["id"] == f"{alert}.2"
            assert event["subject"] == "air-0"
            assert event["data"]["value"] == 261.5


async def test_change_comes_without_being_woken(database: str) -> None:
    async with api_context(database, poll_s=0.05) as context:
        alert = await prepare(context)
        async with served(context) as url, Reader(url).reading() as reader:
            await change_alert(context.hub_pool, alert, "cleared")
            await reader.has(1)
            assert reader.events[0][1] == "ganzhi.alert.cleared"


async def test_resumed_without_gap_or_repeat_while_others_write(database: str) -> None:
    async with api_context(database, poll_s=0.01) as context:
        alert = await prepare(context)
        for n in range(600):  # more than one page of missed changes
            await change_alert(context.hub_pool, alert, "updated", float(n))

        async def write(n: int) -> None:
            for value in range(60):
                await change_alert(context.hub_pool, alert, "updated", n * 1000.0 + value)
                context.changes.wake()

        async with served(context) as url:
            first, *_ = await cursors(context)
            writers = [asyncio.create_task(write(n), name=f"writer {n}") for n in range(4)]
            readers: list[tuple[int, Reader]] = []
            async with contextlib.AsyncExitStack() as open_readers:
                for after in (0, first, first + 100, first + 550):
                    reader = await open_readers.enter_async_context(Reader(url, after).reading())
                    readers.append((after, reader))
                await asyncio.gather(*writers)
                stored = await cursors(context)
                for after, reader in readers:
                    await reader.has(len([c for c in stored if c > after]))
            for after, reader in readers:
                assert [event[0] for event in reader.events] == [c for c in stored if c > after]
        # The reader is gone, more is written, it comes back with the last id it saw.
        async with api_context(database) as later:
            seen = readers[0][1].events[-1][0]
            await change_alert(later.hub_pool, alert, "updated", 1.0)
            async with served(later) as url, Reader(url, seen).reading() as reader:
                await reader.has(1)
                assert [event[0] for event in reader.events] == [c for c in await cursors(later) if c > seen]


async def test_id_of_another_database_means_from_now_on(database: str) -> None:
    async with api_context(database) as context:
        alert = await prepare(context)
        async with served(context) as url, Reader(url, 10**9).reading() as reader:
            await change_alert(context.hub_pool, alert, "updated", 1.0)
            context.changes.wake()
            await reader.has(1)
            assert [event[0] for event in reader.events] == (await cursors(context))[-1:], "and nothing of before"


async def test_id_that_is_no_cursor_is_a_problem(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        for bad in ("x", "-1", str(1 << 63)):
            assert (await client.get("/alerts/stream", headers={"Last-Event-ID": bad})).status_code == 422
            assert (await client.get("/alerts/stream", params={"last_event_id": bad})).status_code == 422


async def test_slow_reader_is_cut_off_while_others_go_on(database: str) -> None:
    async with api_context(database, queue_limit=50) as context:
        alert = await prepare(context)
        async with served(context) as url, Reader(url).reading() as quick:
            port = int(url.rsplit(":", 1)[1])
            slow = socket.create_connection(("127.0.0.1", port))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(f"GET {PREFIX}/alerts/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

            async def subscribed(n: int) -> bool:
                return context.changes.readers == n

            await eventually(lambda: subscribed(2), "both are subscribed")
            async with context.hub_pool.connection() as conn:  # titles that fill the sockets' buffers soon
                await conn.execute("update alert set title = repeat('x', 20000)")

            async def cut_off() -> bool:
                for _ in range(20):
                    await change_alert(context.hub_pool, alert, "updated", 1.0)
                context.changes.wake()
                await quick.has(len(await cursors(context)) - 1)
                return await subscribed(1)

            await eventually(cut_off, "the slow reader is cut off", 60)
            assert [event[0] for event in quick.events] == (await cursors(context))[1:]
            slow.close()


async def test_subscription_is_bounded() -> None:
    subscription = Subscription(3)
    for cursor in range(5):
        subscription.offer(Change(cursor, "updated", {}))
    assert subscription.cut.is_set()
    taken = [await subscription.next(0.01) for _ in range(4)]
    assert [change.cursor if change else None for change in taken] == [0, 1, 2, None]


async def test_streams_end_when_the_feed_ends(database: str) -> None:
    async with api_context(database) as context:
        await prepare(context)
        async with served(context) as url:
            reader = Reader(url)
            task = asyncio.create_task(reader.read(), name="reader")

            async def connected() -> bool:
                return reader.begins_at is not None

            await eventually(connected, "the stream is open")
            context.changes.close()
            await asyncio.wait_for(task, 10)
            assert context.changes.readers == 0


async def test_live_gives_status_and_alerts(database: str) -> None:
    async with api_context(database) as context:
        alert = await prepare(context)
        async with (
            served(context) as url,
            httpx.AsyncClient(timeout=30) as client,
            client.stream("GET", url + PREFIX + "/live") as answer,
        ):
            kinds: list[str] = []
            kind = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                    kinds.append(kind)
                elif name == "data" and kind == "status":
                    status = json.loads(value)
                    assert status["alerts"]["red"] == 1
                    assert status["totals"]["devices"] == 1
                    if kinds.count("status") == 1:
                        await change_alert(context.hub_pool, alert, "updated", 2.0)
                        context.changes.wake()
                elif name == "data":
                    assert json.loads(value)["id"] == f"{alert}.2"
                if kinds.count("status") >= 2 and "alert" in kinds and not line:
                    break
            assert kinds[0] == "status"
