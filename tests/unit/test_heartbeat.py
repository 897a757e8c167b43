"""Since when a process says that it hears: never since before its store, or its bus, was there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from app.serve import heartbeat as bus
from app.serve.heartbeat import BusHeartbeat
from devices.health import heartbeat
from devices.health.heartbeat import HeartbeatLoop, HeartbeatRow
from hub.errors import TransientError
from hub.models import Delivery, Outcome, from_micros, now_micros
from hub.pipeline import Sink
from hub.settings import Health
from hub.store.pool import Pool

AWAY_S = 0.02


class _Store:
    """A pool whose connection is there once the store is."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        self.written: list[dict[str, Any]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["_Store"]:
        await self.there.wait()
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def execute(self, _: object, values: dict[str, Any]) -> None:
        self.written.append(values)


class _Bus(Sink):
    def __init__(self) -> None:
        self.there = asyncio.Event()

    @property
    def full(self) -> bool:
        return False

    async def submit(self, delivery: Delivery) -> None:
        await self.there.wait()
        await delivery.settle(Outcome())


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "WAITED_S", AWAY_S / 2)
    monkeypatch.setattr(bus, "STALLED_S", AWAY_S / 2)


async def test_a_store_that_was_away_is_told_nothing_of_the_time_before_it_is_back() -> None:
    store = _Store()
    loop = HeartbeatLoop(HeartbeatRow(cast(Pool, store), "sources", ears=True).put, list, now_micros, Health())
    loop.since = now_micros()
    telling = asyncio.create_task(loop.tell())
    await asyncio.sleep(AWAY_S)
    store.there.set()
    await telling
    assert store.written == []
    assert [loop.since] == [None], "it begins anew"
    loop.since = back = now_micros()
    await loop.tell()
    assert [each["since"] for each in store.written] == [from_micros(back)]


async def test_a_bus_that_was_away_begins_anew() -> None:
    sink = _Bus()
    put = asyncio.create_task(BusHeartbeat(sink).put(now_micros(), now_micros()))
    await asyncio.sleep(AWAY_S)
    sink.there.set()
    with pytest.raises(TransientError, match="the bus took nothing"):
        await put
    await BusHeartbeat(sink).put(now_micros(), now_micros())


async def test_one_that_hears_nothing_says_so_however_long_that_takes() -> None:
    store = _Store()
    put = asyncio.create_task(HeartbeatRow(cast(Pool, store), "sources", ears=True).put(None, now_micros()))
    await asyncio.sleep(AWAY_S)
    store.there.set()
    await put
    assert [each["since"] for each in store.written] == [None]
