"""What every consumer that follows the log of alert changes gets, whatever breaks. A further sink adds a kit below."""

import asyncio
import gc
import json
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.types.json import Jsonb

from api.push.follower import PAGE, Followers, Message, OpenSink, Sink, Target
from app.serve.sinks import sinks_of
from hub.errors import BrokerUnavailable
from hub.settings import Database, Mqtt, Settings
from hub.store.listen import listen
from hub.store.pool import Pool, open_pool
from ingest.kafka.topics import ensure_topics
from tests.support.alarms import SECRET, Alarms
from tests.support.broker import Mosquitto
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import eventually

# What is killed while it connects leaves a connection half made, which may be collected at any moment of a slow test.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed AIOKafkaConnection:ResourceWarning"),
]


class Kit(Protocol):
    """A sink with a peer behind it that does as it is told."""

    @property
    def kind(self) -> str: ...

    @property
    def open_sink(self) -> OpenSink: ...

    async def got(self) -> list[dict[str, Any]]:
        """The events that the peer has accepted, in order, repeats included."""

    async def go(self) -> None:
        """The peer cannot be reached any more."""

    async def come_back(self) -> None: ...


class MemoryKit:
    """A peer that keeps what it is given."""

    kind = "kafka"

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.away = False
        self.confirming = asyncio.Event()
        self.confirming.set()

    @asynccontextmanager
    async def open_sink(self, target: Target) -> AsyncIterator[Sink]:
        yield self

    async def hand_over(self, messages: Sequence[Message]) -> None:
        if self.away:
            raise BrokerUnavailable("it is away")
        self.sizes.append(len(messages))
        self.events += [message.event for message in messages]
        await self.confirming.wait()

    async def got(self) -> list[dict[str, Any]]:
        return self.events

    async def go(self) -> None:
        self.away = True

    async def come_back(self) -> None:
        self.away = False


class KafkaKit:
    """A topic on a real broker."""

    kind = "kafka"

    def __init__(self, broker: KafkaBroker) -> None:
        self._broker, self.topics = broker, KafkaTopics(broker.servers)
        self.open_sink = sinks_of(Settings(kafka=self.topics.settings))[self.kind]

    async def got(self) -> list[dict[str, Any]]:
        if not self._broker.running:
            return []
        await ensure_topics(self.topics.settings, [self.topics.topic("alerts")])
        records = await self.topics.read("alerts")
        for record in records:
            event = json.loads(record.value)
            assert record.key.decode() == event["data"].get("alert", "city")
            assert record.headers == (("content-type", b"application/cloudevents+json; charset=utf-8"),)
        return [json.loads(record.value) for record in sorted(records, key=lambda record: record.timestamp)]

    async def go(self) -> None:
        await asyncio.to_thread(self._broker.kill)

    async def come_back(self) -> None:
        await asyncio.to_thread(self._broker.start)


class MqttKit:
    """A subscriber to all alerts on a real broker."""

    kind = "mqtt"

    def __init__(self, broker: Mosquitto) -> None:
        self._broker = broker
        self.open_sink = sinks_of(Settings(mqtt=Mqtt(port=broker.port)))[self.kind]
        self.messages: list[tuple[str, dict[str, Any]]] = []

    async def got(self) -> list[dict[str, Any]]:
        for topic, event in self.messages:
            if event["type"] == "ganzhi.heartbeat":
                assert topic == "ganzhi/v1/alerts/heartbeat"
                continue
            assert topic == f"ganzhi/v1/alerts/{event['data']['region']}/{event['data']['peak_level']}"
        return [event for _, event in self.messages]

    async def go(self) -> None:
        self._broker.kill()

    async def come_back(self) -> None:
        self._broker.start()
        await self.listen()

    async def listen(self) -> None:
        """Subscribe, on a thread of its own."""
        subscriber = paho.Client(CallbackAPIVersion.VERSION2)
        subscribed = asyncio.Event()
        loop = asyncio.get_running_loop()
        subscriber.on_connect = lambda client, *_: client.subscribe("ganzhi/v1/alerts/#", 1)

        def on_subscribe(*_: object) -> None:
            loop.call_soon_threadsafe(subscribed.set)

        subscriber.on_subscribe = on_subscribe
        subscriber.on_message = lambda _, __, message: self.messages.append(
            (message.topic, json.loads(message.payload))
        )
        subscriber.connect(self._broker.host, self._broker.port)
        subscriber.loop_start()
        self.close = subscriber.disconnect
        await asyncio.wait_for(subscribed.wait(), 20)


@pytest.fixture(autouse=True)
def _left_by_the_killed() -> Iterator[None]:
    """Collects connections that were cut off while they were made, before another test stumbles on them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


@pytest.fixture(params=["memory", "kafka", "mqtt"])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    match request.param:
        case "kafka":
            yield KafkaKit(request.getfixturevalue("mortal_kafka"))
        case "mqtt":
            mqtt = MqttKit(request.getfixturevalue("mosquitto"))
            await mqtt.listen()
            yield mqtt
            mqtt.close()
        case _:
            yield MemoryKit()


@asynccontextmanager
async def following(pool: Pool, database: str, kit: Kit) -> AsyncIterator[asyncio.Task[None]]:
    """A process that follows; at the end it is killed, not stopped."""
    task = asyncio.create_task(Followers(database, pool, {kit.kind: kit.open_sink}).run(), name="followers")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def follow(alarms: Alarms, kit: Kit, code: str = "city", ceiling: str = "L4", **limits: object) -> None:
    """A consumer that follows, with one filter."""
    await alarms.run(
        """insert into consumer (code, kind, url, secret, filters, ceiling)
           values (%(code)s, %(kind)s, '', %(secret)s, %(filters)s, %(ceiling)s)""",
        code=code,
        kind=kit.kind,
        secret=SECRET,
        filters=Jsonb([limits]),
        ceiling=ceiling,
    )


async def storm(alarms: Alarms, alerts: int) -> list[str]:
    """Raise, acknowledge and clear alerts, each change a transaction; ids of the changes in the order of commit."""
    for alert in [await alarms.raised() for _ in range(alerts)]:
        assert await alarms.apply(alert, "acknowledged")
        assert await alarms.apply(alert, "cleared")
    return await ids_of_all(alarms)


async def ids_of_all(alarms: Alarms) -> list[str]:
    return [
        f"{alert}.{seq}" for alert, seq in await alarms.run("select alert_id, seq from alert_change order by cursor")
    ]


def once(events: Sequence[dict[str, Any]]) -> list[str]:
    """Ids in the order in which they came first: what is left where repeats are dropped."""
    return list(dict.fromkeys(event["id"] for event in events))


async def until_got(kit: Kit, expected: Sequence[str]) -> None:
    async def complete() -> bool:
        return set(once(await kit.got())) >= set(expected)

    await eventually(complete, f"{len(expected)} changes", 60)


def assert_in_order(events: Sequence[dict[str, Any]], expected: Sequence[str]) -> None:
    """Each change came, nothing else did, and the changes of an alert came first in their order."""
    assert set(once(events)) == set(expected)
    by_alert: dict[str, list[int]] = {}
    for id_ in once(events):
        alert, _, seq = id_.rpartition(".")
        by_alert.setdefault(alert, []).append(int(seq))
    assert all(seqs == sorted(seqs) for seqs in by_alert.values())


async def test_each_change_comes_once_and_in_order(alarms: Alarms, database: str, kit: Kit) -> None:
    await follow(alarms, kit)
    async with following(alarms.pool, database, kit):
        expected = await storm(alarms, 10)
        await until_got(kit, expected)
    assert sorted(event["id"] for event in await kit.got()) == sorted(expected)
    assert_in_order(await kit.got(), expected)
    [(rows,)] = await alarms.run("select count(*) from outbox")
    assert rows == 0, "it keeps a position, and no row for each change"


async def test_a_new_one_begins_with_the_next_change(alarms: Alarms, database: str, kit: Kit) -> None:
    await storm(alarms, 1)
    await follow(alarms, kit)
    alert = await alarms.raised()
    async with following(alarms.pool, database, kit):
        await until_got(kit, [f"{alert}.1"])
    assert [event["id"] for event in await kit.got()] == [f"{alert}.1"]


async def test_a_heartbeat_comes_once_and_proves_that_the_channel_works(
    alarms: Alarms, database: str, kit: Kit
) -> None:
    await follow(alarms, kit)
    await alarms.run("update consumer set heartbeat_s = 3600")
    async with following(alarms.pool, database, kit), following(alarms.pool, database, kit):

        async def proven() -> bool:
            return await alarms.run("select proven_at is not null from consumer") == [(True,)]

        await eventually(proven, "it is proven", 30)
        await until_got(kit, [f"{await alarms.raised()}.1"])
    beat, raised = await kit.got()
    assert (beat["type"], raised["type"]) == ("ganzhi.heartbeat", "ganzhi.alert.raised")
    assert beat["data"] == {"consumer": "city", "heartbeat_s": 3600, "active_alerts": 0, "last_round": None}


async def test_what_it_does_not_want_is_left_out_and_what_it_may_not_have_is_cut(
    alarms: Alarms, database: str, kit: Kit
) -> None:
    await alarms.run("update device set lon = 120.13, lat = 30.27")
    await follow(alarms, kit, min_level=4, ceiling="L1")
    async with following(alarms.pool, database, kit):
        await alarms.raised(level=3)
        alert = await alarms.raised(level=4)
        await until_got(kit, [f"{alert}.1"])
    [event] = await kit.got()
    assert event["data"]["alert"] == str(alert)
    assert not {"lon", "lat", "device", "device_name", "title"} & event["data"].keys()


async def test_nothing_is_lost_while_the_peer_is_away(alarms: Alarms, database: str, kit: Kit) -> None:
    await follow(alarms, kit)
    async with following(alarms.pool, database, kit):
        await until_got(kit, [f"{await alarms.raised()}.1"])
        await kit.go()
        expected = await storm(alarms, 5)

        async def told() -> bool:
            return bool(await alarms.run("select last_error from alert_position where failing_since is not null"))

        await eventually(told, "that it fails is told", 30)
        await kit.come_back()
        await until_got(kit, expected)

        async def well() -> bool:
            return await alarms.run("select failing_since, last_error from alert_position") == [(None, None)]

        await eventually(well, "that it accepts again is told")
    assert_in_order(await kit.got(), expected)


async def test_nothing_is_lost_when_processes_are_killed_and_others_take_over(
    alarms: Alarms, database: str, kit: Kit
) -> None:
    await follow(alarms, kit)
    raising = asyncio.create_task(storm(alarms, 20))
    while not raising.done():
        async with following(alarms.pool, database, kit), following(alarms.pool, database, kit):
            await asyncio.sleep(0.3)
    expected = await raising
    async with following(alarms.pool, database, kit):
        await until_got(kit, expected)
    assert_in_order(await kit.got(), expected)


async def test_nothing_is_lost_when_the_database_ends_its_connections(alarms: Alarms, database: str, kit: Kit) -> None:
    await follow(alarms, kit)
    async with following(alarms.pool, database, kit):
        await until_got(kit, [f"{await alarms.raised()}.1"])
        for _ in range(3):
            await alarms.run(
                """select pg_terminate_backend(pid) from pg_locks
                   where locktype = 'advisory' and pid <> pg_backend_pid()
                     and database = (select oid from pg_database where datname = current_database())"""
            )
            expected = await storm(alarms, 3)
            await until_got(kit, expected)
    assert_in_order(await kit.got(), expected)


async def test_the_position_moves_after_the_sink_has_confirmed(alarms: Alarms, database: str) -> None:
    kit = MemoryKit()
    await follow(alarms, kit)
    kit.confirming.clear()
    alert = await alarms.raised()
    async with following(alarms.pool, database, kit):
        await until_got(kit, [f"{alert}.1"])
    kit.confirming.set()
    async with following(alarms.pool, database, kit):
        await until(lambda: len(kit.events) == 2, "what was not confirmed comes again")
    assert once(kit.events) == [f"{alert}.1"]


async def test_what_was_confirmed_counts_as_a_use_of_the_share_by_which_it_was_seen(
    alarms: Alarms, database: str
) -> None:
    await alarms.run(
        """insert into organisation (code, name) values ('county', 'County'), ('water', 'Water');
           update device set organisation = 'county';
           insert into data_share (owner, consumer, purpose, kinds, state, asked_by)
           values ('county', 'water', 'drill', '{alerts}', 'granted', 'test')"""
    )
    kit = MemoryKit()
    await follow(alarms, kit)
    await alarms.run("update consumer set owner = 'water'")
    kit.confirming.clear()
    uses = "select actor, uses from share_use"
    async with following(alarms.pool, database, kit):
        expected = await storm(alarms, 1)
        await until_got(kit, expected[:1])
        assert await alarms.run(uses) == [], "not before it has confirmed"
        kit.confirming.set()

        async def counted() -> bool:
            return await alarms.run(uses) == [("consumer:city", 3)]

        await eventually(counted, "three uses are counted", 30)


async def test_a_position_never_goes_back(alarms: Alarms, database: str) -> None:
    kit = MemoryKit()
    await follow(alarms, kit)
    kit.confirming.clear()
    alert = await alarms.raised()
    async with following(alarms.pool, database, kit):
        await until_got(kit, [f"{alert}.1"])
        await alarms.run("update alert_position set cursor = cursor + 1000")  # as a successor would
        kit.confirming.set()

        async def confirmed() -> bool:
            return bool(await alarms.run("select 1 from alert_position where cursor >= 1000 and failing_since is null"))

        await eventually(confirmed, "it stays")
        await asyncio.sleep(0.1)
        assert await confirmed()


async def test_a_change_is_handed_over_when_it_is_told_of_and_not_at_the_next_poll(
    alarms: Alarms, database: str, kit: Kit
) -> None:
    await follow(alarms, kit)
    first = await alarms.raised()
    followers = Followers(database, alarms.pool, {kit.kind: kit.open_sink}, poll_s=3600)
    listening = listen(database, ["ganzhi_alert"], lambda *_: followers.wake(), lambda: None)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(followers.run()), group.create_task(listening)]
        await until_got(kit, [f"{first}.1"])
        for _ in range(3):
            await until_got(kit, [f"{await alarms.raised()}.1"])
        with pytest.raises(RuntimeError):  # of two that follow, the one that is woken may be the one that only waits
            await followers.run()
        for task in tasks:
            task.cancel()


async def test_what_was_missed_is_handed_over_in_pages(alarms: Alarms, database: str) -> None:
    kit = MemoryKit()
    await follow(alarms, kit)
    await alarms.raised()
    await alarms.run(
        """insert into alert_change (id, alert_id, seq, kind, picture, recipients)
           select gen_random_uuid(), alert_id, n + 1, 'updated', picture, recipients
           from alert_change, generate_series(1, %(more)s) as n""",
        more=2 * PAGE,
    )
    expected = await ids_of_all(alarms)
    async with following(alarms.pool, database, kit):
        await until_got(kit, expected)
    assert [event["id"] for event in kit.events] == expected
    assert max(kit.sizes) <= PAGE


async def test_one_that_is_stuck_holds_up_no_other(alarms: Alarms, database: str) -> None:
    stuck, kit = MemoryKit(), MemoryKit()
    kit.kind = "mqtt"
    stuck.confirming.clear()
    await follow(alarms, stuck, "stuck")
    await follow(alarms, kit, "city")
    followers = Followers(database, alarms.pool, {"kafka": stuck.open_sink, "mqtt": kit.open_sink})
    task = asyncio.create_task(followers.run())
    expected = await storm(alarms, 3)
    await until_got(kit, expected)
    await until(lambda: bool(stuck.sizes), "the stuck one has begun")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(stuck.sizes) == 1


async def until(condition: Callable[[], bool], what: str) -> None:
    async def met() -> bool:
        return condition()

    await eventually(met, what)
