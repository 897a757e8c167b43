"""What every source holds: settled after the commit only, delivered again until then, bounded while nobody takes.

One suite for all kinds of sources, on real brokers. The sink is the test's own: it commits when the test says so.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

import pytest

from app.serve.sources import Source
from devices.addressing import Origins, subscriptions
from hub.models import Delivery, Outcome
from hub.settings import Mqtt
from hub.store.positions import Stored
from hub.telemetry import Counters
from ingest.kafka.source import POLLS_UNDER_WAY, KafkaSource, Positions
from ingest.kafka.topics import forms_of
from ingest.mqtt.source import MqttSource
from tests.support.broker import Mosquitto
from tests.support.kafka_topics import KafkaTopics, Publication
from tests.support.origins import ORIGINS
from tests.support.process import eventually


@dataclass
class Tray:
    """A sink that keeps what it is handed, until the test commits it; it can be full."""

    deliveries: list[Delivery] = field(default_factory=list)
    blocked: int = 0
    full: bool = False
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, delivery: Delivery) -> None:
        self.blocked += 1
        try:  # who waits for long tries again from time to time
            while self.full:
                await self._room.wait()
        finally:
            self.blocked -= 1
        self.deliveries.append(delivery)

    def make_room(self) -> None:
        self.full = False
        self._room.set()

    def holds(self, deliveries: int) -> bool:
        return len(self.deliveries) == deliveries

    def payloads(self) -> list[bytes]:
        return [raw.payload for delivery in self.deliveries for raw in delivery.raws]


class Kind(Protocol):
    """A kind of source, with a broker."""

    async def publish(self, payloads: Sequence[bytes]) -> None:
        """Publish for one device; return once the broker has promised to keep them."""

    def source(self, sink: Tray) -> Source:
        """A source as after a restart."""

    def commit(self, delivery: Delivery) -> None:
        """What the store does with a delivery."""


class MqttKind:
    def __init__(self, broker: Mosquitto, version: Literal["3.1.1", "5"]) -> None:
        self._broker, self._version = broker, version

    async def publish(self, payloads: Sequence[bytes]) -> None:
        messages = [("ganzhi/v1/d1/telemetry", payload) for payload in payloads]
        await asyncio.to_thread(self._broker.publish, messages)

    def source(self, sink: Tray) -> Source:
        settings = Mqtt(port=self._broker.port, client_id="contract", version=self._version)
        return MqttSource(settings, subscriptions("ganzhi/v1"), sink, Counters(), ORIGINS.of_topic)

    def commit(self, delivery: Delivery) -> None:
        assert not delivery.positions


class KafkaKind:
    def __init__(self, topics: KafkaTopics) -> None:
        self._topics = topics
        self._origins = Origins("ganzhi/v1", forms_of(topics.settings))
        self._offsets: dict[tuple[str, int], int] = {}

    async def publish(self, payloads: Sequence[bytes]) -> None:
        await self._topics.publish("telemetry", [Publication(payload, b"d1") for payload in payloads])

    def source(self, sink: Tray) -> Source:
        async def positions() -> Positions:
            return {where: Stored(offset) for where, offset in self._offsets.items()}

        async def nothing() -> None: ...

        topic = self._topics.topic("telemetry")
        return KafkaSource(self._topics.settings, [topic], sink, Counters(), self._origins, positions, nothing)

    def commit(self, delivery: Delivery) -> None:
        for position in delivery.positions:
            assert self._offsets.get(position[:2], position.start) == position.start
            self._offsets[position[:2]] = position.end


@pytest.fixture(params=["mqtt", "mqtt5", "kafka"])
def kind(request: pytest.FixtureRequest) -> Kind:
    if request.param != "kafka":
        return MqttKind(request.getfixturevalue("mosquitto"), "5" if request.param == "mqtt5" else "3.1.1")
    return KafkaKind(request.getfixturevalue("kafka"))


@asynccontextmanager
async def running(source: Source) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A source at work; gives what ends it in an orderly way. Left otherwise it is cut off, as by a kill."""
    task = asyncio.create_task(source.run())

    async def stop() -> None:
        source.stop()
        await task
        source.close()

    try:
        await eventually(_async(lambda: source.connected or task.done()), "connected", 30)
        yield stop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        source.close()


def _async(condition: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def ask() -> object:
        return condition()

    return ask


async def until(condition: Callable[[], object], what: str) -> None:
    await eventually(_async(condition), what, 30)


def numbers(start: int, end: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(start, end)]


async def settle(kind: Kind, tray: Tray) -> None:
    """Commit and settle everything in the tray."""
    taken, tray.deliveries = tray.deliveries, []
    for delivery in taken:
        kind.commit(delivery)
        await delivery.settle(Outcome())


async def test_what_was_not_committed_comes_again(kind: Kind) -> None:
    first, second = Tray(), Tray()
    async with running(kind.source(first)):
        await kind.publish(numbers(0, 50))
        await until(lambda: len(first.payloads()) == 50, "50 messages")
    async with running(kind.source(second)):
        await until(lambda: len(second.payloads()) >= 50, "50 messages again")
        assert first.payloads() == second.payloads() == numbers(0, 50)
        await settle(kind, second)


async def test_a_message_keeps_what_identifies_it(kind: Kind) -> None:
    """What comes again can be told from a new message with the same content: by its time, or its token."""
    first, second = Tray(), Tray()
    async with running(kind.source(first)):
        await kind.publish([b"same"] * 10)
        await until(lambda: len(first.payloads()) == 10, "10 messages")
    async with running(kind.source(second)):
        await until(lambda: len(second.payloads()) == 10, "10 messages again")
        before = [raw for delivery in first.deliveries for raw in delivery.raws]
        after = [raw for delivery in second.deliveries for raw in delivery.raws]
        identity = [(raw.source, raw.token) if raw.token else raw.received for raw in before]
        assert identity == [(raw.source, raw.token) if raw.token else raw.received for raw in after]
        assert len(set(identity)) == 10
        assert len({raw.received for raw in before}) == 10
        await settle(kind, second)


async def test_what_was_committed_and_settled_does_not_come_again(kind: Kind) -> None:
    first, second = Tray(), Tray()
    async with running(kind.source(first)) as stop:
        await kind.publish(numbers(0, 50))
        await until(lambda: len(first.payloads()) == 50, "50 messages")
        await settle(kind, first)
        await stop()
    await kind.publish(numbers(50, 51))
    async with running(kind.source(second)):
        await until(second.payloads, "the next message")
        assert second.payloads() == numbers(50, 51)
        await settle(kind, second)


async def test_nothing_is_lost_while_the_sink_is_full(kind: Kind) -> None:
    tray = Tray()
    async with running(kind.source(tray)):
        await kind.publish(numbers(0, 1))
        await until(lambda: tray.deliveries, "the first message")
        await settle(kind, tray)
        tray.full = True
        for start in range(1, 2001, 400):
            await kind.publish(numbers(start, start + 400))
        await until(lambda: tray.blocked, "a delivery that waits")
        assert tray.blocked == 1, "it waits with one delivery, and does not start others"
        tray.make_room()
        seen: list[bytes] = []
        while len(seen) < 2000:
            await until(lambda: tray.deliveries, f"more than {len(seen)} messages")
            seen += tray.payloads()
            await settle(kind, tray)
        assert seen == numbers(1, 2001)


async def test_a_poll_of_a_log_waits_for_the_commits_before_it(kafka: KafkaTopics) -> None:
    kind, tray = KafkaKind(kafka), Tray()
    async with running(kind.source(tray)):
        for number in range(POLLS_UNDER_WAY):
            await kind.publish(numbers(number, number + 1))
            await until(partial(tray.holds, number + 1), "a poll")
        for number in range(POLLS_UNDER_WAY, 6):  # a source without a bound takes each as soon as it is there
            await kind.publish(numbers(number, number + 1))
        assert len(tray.deliveries) == POLLS_UNDER_WAY, "no poll beyond the bound"
        last = tray.deliveries.pop(0)
        kind.commit(last)
        await last.settle(Outcome())
        await until(lambda: len(tray.deliveries) == POLLS_UNDER_WAY, "the poll that had to wait")
        await settle(kind, tray)


async def test_what_another_worker_took_over_is_read_from_where_the_store_is(kafka: KafkaTopics) -> None:
    kind, tray = KafkaKind(kafka), Tray()
    async with running(kind.source(tray)):
        await kind.publish(numbers(0, 10))
        await until(lambda: len(tray.payloads()) == 10, "10 messages")
        taken, tray.deliveries = tray.deliveries, []
        first = taken[0].positions[0]
        kind.commit(Delivery([], taken[0].settle, (first._replace(end=first.start + 4),)))  # by another worker
        for delivery in taken:
            await delivery.settle(Outcome(superseded=True))
        await until(lambda: len(tray.payloads()) == 6, "what the other left")
        assert tray.payloads() == numbers(4, 10)
        assert tray.deliveries[0].positions[0].start == first.start + 4
        await settle(kind, tray)
