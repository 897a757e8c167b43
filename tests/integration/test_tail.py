"""The live tail's bounds, over a real socket: how many, how long, how much, and what it says without a broker."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.streams import committed, tail
from app.cli.tail import events_of
from hub.errors import BrokerUnavailable
from tests.support.batches import fetch
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of, register, served

STORE_EVENT = (
    "insert into event (id, device_id, ts, received_at, kind) values (gen_random_uuid(), 1, now(), now(), 'smoke')"
)
TOPIC = "ganzhi/v1/air-0/telemetry"


class Broker:
    """What is put into it is heard; `up` tells whether it can be subscribed to."""

    def __init__(self) -> None:
        self.up, self.listeners = True, 0
        self.queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.filters: tuple[str, ...] = ()

    @property
    def connected(self) -> bool:
        return self.up

    async def publish(self, topic: str, payload: bytes) -> None:
        await self.queue.put((topic, payload))

    @asynccontextmanager
    async def heard(self, *filters: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        if not self.up:
            raise BrokerUnavailable("it is away")
        self.listeners, self.filters = self.listeners + 1, filters
        try:
            yield self._messages()
        finally:
            self.listeners -= 1

    async def _messages(self) -> AsyncIterator[tuple[str, bytes]]:
        while True:
            yield await self.queue.get()


class Reader:
    """Reads a tail in the background."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self._task = asyncio.create_task(self._read(client, url))

    async def _read(self, client: httpx.AsyncClient, url: str) -> None:
        kind = ""
        async with client.stream("GET", url) as answer:
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                kind = value if name == "event" else kind
                if name == "data":
                    self.seen.append((kind, json.loads(value)))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body for each, body in self.seen if each == kind]

    async def has(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        async def there() -> bool:
            return len(self.of(kind)) >= count

        await eventually(there, f"{count} of {kind}: {self.seen}")
        return self.of(kind)

    async def ended(self) -> None:
        await asyncio.wait_for(self._task, 10)

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _store(database: str, at: float, value: float, quality: int) -> None:
    fetch(database, "select ensure_partition((now() at time zone 'UTC')::date)")
    row = f"(to_timestamp({at}), {value}, 1, {quality})"
    fetch(database, f"insert into reading (ts, value, series_id, quality) values {row} returning 1")


@asynccontextmanager
async def watched(database: str, broker: Broker | None) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A served hub with one device; the client and the address of its tail."""
    async with api_context(database) as bare:
        context = replace(bare, broker=broker)
        async with client_of(context) as client:
            await register(client)
        async with served(context) as base, httpx.AsyncClient(timeout=20) as client:
            yield client, f"{base}/api/v1/devices/air-0/tail"


async def test_it_hears_the_device_and_leaves_nothing_behind(database: str) -> None:
    broker = Broker()
    async with watched(database, broker) as (client, url):
        reader = Reader(client, url)
        await reader.has("note")
        assert broker.filters == ("ganzhi/v1/air-0/+", "ganzhi/v1/air-0/child/+/+", "ganzhi/v1/+/child/air-0/+")
        await broker.publish(TOPIC, b'{"pm25": 35}')
        await broker.publish(TOPIC, b"\xff\xfe" + b"x" * 5000)
        await broker.publish("ganzhi/v1/air-0/command", b'{"name": "reboot"}')
        await broker.publish("ganzhi/v1/air-0/event", b'{"kind": "smoke", "image": "/9j/AAAA"}')
        _store(database, time.time(), 35, 4)
        fetch(database, f"{STORE_EVENT} returning 1")
        stored, binary, command, picture = await reader.has("message", 4)
        assert (stored["verdict"], stored["readings"][0]["value"]) == ("stored", 35.0)
        assert (binary["encoding"], binary["size"], binary["reason"]) == ("hex", 5002, "not_utf8")
        assert len(binary["payload"]) <= 3 * 2000
        assert command["verdict"] == "command"
        assert (picture["encoding"], picture["payload"]) == ("withheld", "")
        assert broker.listeners == 1
        await reader.leave()

        async def silent() -> bool:
            return broker.listeners == 0

        await eventually(silent, "the subscription has ended")


async def test_it_tells_what_is_committed_and_not_what_was_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed, "PATIENCE_S", 1.0)
    broker = Broker()
    async with watched(database, broker) as (client, url):
        reader = Reader(client, url)
        await reader.has("note")
        at = time.time_ns() // 1_000_000_000 * 1000
        _store(database, at / 1000, 35, 0)
        for ts, value in ((at, 35), (at, 36), (at - 1000, 37)):
            await broker.publish(TOPIC, json.dumps({"ts": ts, "values": {"pm25": value}}).encode())
        stored, conflicting, pending = await reader.has("message", 3)
        assert [each["verdict"] for each in (stored, conflicting, pending)] == ["stored", "conflicting", "pending"]
        assert conflicting["readings"][0]["note"] == "35 is stored for this time"
        await reader.leave()


async def test_it_is_told_in_the_language_of_who_looks(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed, "PATIENCE_S", 0.1)
    broker = Broker()
    async with watched(database, broker) as (client, url):
        reader = Reader(client, f"{url}?lang=zh")
        (note,) = await reader.has("note")
        await broker.publish(TOPIC, b'{"PM2.5": 1}')
        await broker.publish(TOPIC, b'{"pm25": 5000}')
        await broker.publish("ganzhi/v1/air-0/status", b"online")
        refused, flagged, online = await reader.has("message", 3)
        assert note["text"] == "正在监听 ganzhi/v1/air-0/+"
        assert refused["detail"] == "'PM2.5' 不是 'air-0' 的物模型中的指标；已有指标：“pm25”"
        assert [flaw["detail"] for flaw in refused["flaws"]] == [refused["detail"]]
        assert flagged["readings"][0]["note"] == "超出量程、无设备时间"
        assert online["says"] == "设备在线"
        await reader.leave()


async def test_there_are_sixteen_at_most_and_an_ended_one_makes_room(database: str) -> None:
    async with watched(database, Broker()) as (client, url), AsyncExitStack() as stack:
        readers = [Reader(client, url) for _ in range(tail.TAILS)]
        for reader in readers:
            stack.push_async_callback(reader.leave)
            await reader.has("note")
        async with client.stream("GET", url) as refused:
            assert refused.status_code == 503
            assert "16 tails are open" in (await refused.aread()).decode()
        await readers[0].leave()

        async def room() -> bool:
            one = Reader(client, url)
            await asyncio.sleep(0)
            stack.push_async_callback(one.leave)
            try:
                await asyncio.wait_for(one.has("note"), 0.5)
            except TimeoutError:
                return False
            return True

        await eventually(room, "there is room again")


async def test_it_ends_when_its_time_is_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SECONDS", 1.5)
    async with watched(database, Broker()) as (client, url):
        reader = Reader(client, url)
        await reader.ended()
        assert reader.seen[-1] == ("end", {"time_is_up": True})


async def test_without_a_broker_it_says_so_and_hears_when_it_is_back(database: str) -> None:
    broker = Broker()
    broker.up = False
    async with watched(database, broker) as (client, url):
        reader = Reader(client, url)
        assert "cannot be heard now: it is away" in (await reader.has("note"))[0]["text"]
        broker.up = True
        assert "listening" in (await reader.has("note", 2))[1]["text"]
        await reader.leave()
    async with watched_without(database) as (client, url):
        reader = Reader(client, url)
        assert "no broker" in (await reader.has("note"))[0]["text"]
        await reader.leave()


def watched_without(database: str) -> Any:
    return watched(database, None)


def test_lines_of_a_stream_become_events() -> None:
    lines = ["retry: 600000", ": watching", "", "event: note", 'data: {"text": "a: b"}', "", ": alive", ""]
    assert list(events_of(lines)) == [("note", {"text": "a: b"})]
