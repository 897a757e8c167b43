"""Sessions handed over on a real mosquitto: in order, nothing lost, nothing twice; and bounded from the first byte."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from signal import Signals
from typing import Literal

import pytest

from devices.addressing import subscriptions
from hub.models import Delivery, Outcome
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt import former_session
from ingest.mqtt.buffered_socket import READ_BYTES
from ingest.mqtt.connection import TICK_S, MqttConnection
from ingest.mqtt.session import Identity
from ingest.mqtt.source import MqttSource
from tests.support import sessions
from tests.support.broker import Mosquitto
from tests.support.origins import ORIGINS
from tests.support.process import eventually

SECRET = "the secret of an edge"


@dataclass
class Store:
    """A sink that commits at once, unless it is full."""

    payloads: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    full: bool = False

    async def submit(self, delivery: Delivery) -> None:
        while self.full:  # noqa: ASYNC110 a test changes it
            await asyncio.sleep(0.01)
        self.payloads += [raw.payload for raw in delivery.raws if raw.origin.device]
        self.sizes.append(sum(len(raw.payload) for raw in delivery.raws))
        await delivery.settle(Outcome())

    async def holds(self, wanted: Sequence[bytes]) -> None:
        """Wait until it has so many; they must be the wanted ones, in order."""

        async def enough() -> bool:
            return len(self.payloads) >= len(wanted)

        await eventually(enough, f"{len(wanted)} messages")
        assert self.payloads == list(wanted)


@asynccontextmanager
async def running(
    broker: Mosquitto, store: Store, secret: str | None = SECRET, access: Literal["none", "http"] = "none"
) -> AsyncIterator[MqttSource]:
    """A source as after a restart, cut off at the end as by a kill."""
    settings = Mqtt(port=broker.port, session_secret=secret, access=access)  # type: ignore[arg-type]
    source = MqttSource(settings, subscriptions("ganzhi/v1"), store, Counters(), ORIGINS.of_topic)
    task = asyncio.create_task(source.run())
    try:
        yield source
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        source.close()


async def connected(source: MqttSource) -> None:
    async def ask() -> bool:
        return source.connected

    await eventually(ask, "connected", 30)


def numbers(start: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, end)]


async def publish(broker: Mosquitto, payloads: Sequence[bytes]) -> None:
    await asyncio.to_thread(broker.publish, [("ganzhi/v1/d1/telemetry", payload) for payload in payloads])


async def test_what_the_old_session_holds_comes_first_and_then_all_else(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One marker parts them: an earlier one would be believed, and what comes between the two be lost."""
    mark, marked = MqttConnection.mark, list[bytes]()

    def told(self: MqttConnection, topic: str, payload: bytes) -> None:
        marked.append(payload)
        mark(self, topic, payload)

    monkeypatch.setattr(MqttConnection, "mark", told)
    sessions.subscribe(mosquitto.port)
    await publish(mosquitto, numbers(0, 100))
    store = Store()
    async with running(mosquitto, store) as source:
        await connected(source)
        await publish(mosquitto, numbers(100, 200))
        await store.holds(numbers(0, 200))
        assert source.reasons() == []
    assert sum(payload.endswith(b" marker") for payload in marked) == 1
    assert not sessions.knows(mosquitto.port, sessions.OLD)


@pytest.mark.parametrize("access", ["none", "http"])
async def test_under_load_nothing_is_lost_and_but_for_a_broker_without_one_order_nothing_is_twice(
    mosquitto: Mosquitto, access: Literal["none", "http"]
) -> None:
    sessions.subscribe(mosquitto.port)
    store = Store()
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(publish(mosquitto, numbers(0, 5_000)))
        async with running(mosquitto, store, access=access) as source:
            await connected(source)
            await publishing
            await publish(mosquitto, [b"last"])

            async def ended() -> bool:
                return store.payloads[-1:] == [b"last"]

            await eventually(ended, "the last message")
    assert set(store.payloads) == {*numbers(0, 5_000), b"last"}
    if access == "none":
        assert len(store.payloads) == 5_001


async def test_until_the_old_session_is_taken_nothing_of_the_new_one_is(mosquitto: Mosquitto) -> None:
    sessions.subscribe(mosquitto.port)
    await publish(mosquitto, numbers(0, 100))
    store = Store(full=True)
    async with running(mosquitto, store) as source:

        async def told() -> bool:
            return source.reasons() == ["the session 'ganzhi-hub' of an older version is being handed over"]

        await eventually(told, "it says what it does")
        await publish(mosquitto, numbers(100, 200))
        assert not source.connected
        assert store.payloads == []
        store.full = False
        await connected(source)
        await store.holds(numbers(0, 200))


async def test_a_session_that_only_the_hub_itself_made_does_not_count(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after it had asked for a session that was not there: then the new session alone has everything."""
    monkeypatch.setattr(former_session, "QUIET_S", 0.3)
    store = Store()
    async with running(mosquitto, store) as source:
        await connected(source)
    await publish(mosquitto, numbers(0, 100))
    assert not sessions.knows(mosquitto.port, sessions.OLD)
    async with running(mosquitto, store) as source:
        await connected(source)
        await store.holds(numbers(0, 100))
    assert not sessions.knows(mosquitto.port, sessions.OLD)


async def test_without_a_secret_an_edge_has_the_session_that_it_had(mosquitto: Mosquitto) -> None:
    sessions.subscribe(mosquitto.port)
    await publish(mosquitto, numbers(0, 10))
    store = Store()
    async with running(mosquitto, store, None) as source:
        await connected(source)
        await store.holds(numbers(0, 10))
        await publish(mosquitto, numbers(10, 20))
        await store.holds(numbers(0, 20))
    assert sessions.knows(mosquitto.port, sessions.OLD), "it was not handed over"


@pytest.mark.parametrize("secret", [None, SECRET], ids=["same-session", "handed-over"])
async def test_a_large_session_is_read_no_faster_than_it_is_stored(mosquitto: Mosquitto, secret: str | None) -> None:
    """mosquitto 2.0.11 sends all of a resumed session at once, the subscriptions' confirmation behind it."""
    sessions.subscribe(mosquitto.port)
    payloads = [payload.ljust(2_000) for payload in numbers(0, 4_000)]
    await publish(mosquitto, payloads)
    store = Store(full=True)
    async with running(mosquitto, store, secret) as source:

        async def reading() -> bool:
            return source._reader is not None and source._reader.unsettled > 0

        await eventually(reading, "a delivery waits")
        store.full = False
        await connected(source)
        await store.holds(payloads)
    assert max(store.sizes) <= READ_BYTES + len(payloads[0])


@pytest.mark.heavy
async def test_a_broker_that_stands_still_is_not_taken_for_an_empty_session(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(former_session, "QUIET_S", 0.3)
    sessions.subscribe(mosquitto.port)
    sent = [payload.ljust(1_000) for payload in numbers(0, 10_000)]
    await publish(mosquitto, sent)
    store = Store()
    async with running(mosquitto, store) as source:

        async def some() -> bool:
            return len(store.payloads) > 100

        await eventually(some, "the session is read")
        mosquitto.send(Signals.SIGSTOP)
        assert len(store.payloads) < len(sent), "it has more"
        await asyncio.sleep(3 * former_session.QUIET_S + TICK_S)
        mosquitto.send(Signals.SIGCONT)
        await connected(source)
        await publish(mosquitto, [b"last"])
        await store.holds([*sent, b"last"])


async def test_a_marker_that_the_broker_has_dropped_is_not_waited_for(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    mosquitto.settings |= {"max_queued_messages": "100", "max_inflight_messages": "20"}
    mosquitto.start()
    sessions.subscribe(mosquitto.port)
    await publish(mosquitto, numbers(0, 10))
    begin = former_session._begin

    async def late(settings: Mqtt, session: Identity, topics: Sequence[str]) -> None:
        await publish(mosquitto, numbers(10, 400))  # while nothing is read: the queue of the former session is full
        await begin(settings, session, topics)

    monkeypatch.setattr(former_session, "QUIET_S", 0.3)
    monkeypatch.setattr(former_session, "_begin", late)
    store = Store()
    async with running(mosquitto, store) as source:
        await connected(source)
        held = len(store.payloads)
        assert store.payloads == numbers(0, held), "what the broker still held is taken"
        await publish(mosquitto, [b"last"])
        await store.holds([*numbers(0, held), b"last"])
    assert "max_queued_messages" in caplog.text
