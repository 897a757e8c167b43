"""Kafka in, on a real broker and store: what third parties publish, offsets in the COMMIT, workers that change."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from ingest.kafka.topics import ensure_topics
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import PARTITIONS, KafkaTopics, Publication
from tests.support.process import wait_until

START_MS = 1_760_000_000_000
DEVICES = 20
FORMS = ("raw", "telemetry", "events")


@pytest.fixture
def worker(database: str, kafka: KafkaTopics, tmp_path: Path) -> Iterator[Hub]:
    """A hub of the roles worker and api."""
    yield from _served(_worker(database, kafka, tmp_path, "worker-a"))


@pytest.fixture
def other(database: str, kafka: KafkaTopics, tmp_path: Path) -> Iterator[Hub]:
    """A second worker, not started yet."""
    hub = _worker(database, kafka, tmp_path, "worker-b")
    try:
        yield hub
    finally:
        hub.close()


def _worker(database: str, kafka: KafkaTopics, folder: Path, name: str) -> Hub:
    (folder / name).mkdir()
    return Hub(database, 0, folder / name, "--roles", "worker,api", **kafka.env)


def _served(hub: Hub) -> Iterator[Hub]:
    try:
        yield hub.start()
    finally:
        hub.close()


def _register(hub: Hub, devices: int = DEVICES) -> None:
    hub.put("/profiles/counter", name="counter", metrics={"n": {"name": "n", "unit": "1"}})
    rows = "".join(f"counter-{number},counter,counter\n" for number in range(devices))
    headers = {"content-type": "text/csv"}
    answer = hub.api.post("/api/v1/devices:import", content=f"code,name,profile\n{rows}", headers=headers)
    assert answer.json()["created"] == devices
    hub.wait_for_devices(devices)


def _numbers(start: int, end: int) -> list[Publication]:
    """Numbered readings; the time and the device of a number are always the same."""
    return [
        Publication(b'{"ts":%d,"values":{"n":%d}}' % (START_MS + number, number), b"counter-%d" % (number % DEVICES))
        for number in range(start, end)
    ]


def _ask(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode(), values or None).fetchall()


def _count(url: str, table: str = "reading") -> int:
    return int(str(_ask(url, f"select count(*) from {table}")[0][0]))


def _check(url: str, count: int) -> None:
    """Every number is there once, at its device and time, and nothing else."""
    rows = _ask(
        url,
        "select r.value, d.code, (extract(epoch from r.ts) * 1000)::int8 from reading r"
        " join series s on s.id = r.series_id join device d on d.id = s.device_id order by r.value",
    )
    assert rows == [(float(n), f"counter-{n % DEVICES}", START_MS + n) for n in range(count)]
    assert _count(url, "dead_letter") == 0


def _offsets(url: str) -> dict[tuple[object, object], object]:
    rows = _ask(url, "select topic, partition, next_offset from kafka_offset")
    return {(topic, partition): offset for topic, partition, offset in rows}


async def test_third_parties_publish_readings_and_events(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path
) -> None:
    """In the direct deployment, beside MQTT."""
    for hub in _served(Hub(database, mosquitto.port, tmp_path, **kafka.env)):
        _register(hub)
        await kafka.publish(
            "telemetry",
            [
                Publication(b'{"ts":1760000000000,"values":{"n":1}}', b"counter-1"),
                Publication(b'{"ts":1760000000000,"n":2,"device":"counter-2"}'),
                Publication(b'{"device":"counter-3","ts":1760000000000,"values":{"n":3}}', b"counter-3"),
                Publication(b'[{"ts":1760000000000,"n":4},{"ts":1760000001000,"n":5}]', b"counter-4"),
            ],
        )
        await kafka.publish(
            "events", [Publication(b'{"device":"counter-5","ts":1760000000000,"kind":"smoke","state":"active"}')]
        )
        mosquitto.pub("ganzhi/v1/counter-6/telemetry", b'{"ts":1760000000000,"values":{"n":6}}')
        wait_until(lambda: _count(database) == 6 and _count(database, "event") == 1, "all stored", 30)
        assert hub.terminate() == 0
    rows = _ask(
        database,
        "select d.code, r.value from reading r join series s on s.id = r.series_id"
        " join device d on d.id = s.device_id order by 2",
    )
    assert [code for code, _ in rows] == [f"counter-{n}" for n in (1, 2, 3, 4, 4, 6)]
    assert _count(database, "dead_letter") == 0


async def test_what_cannot_be_used_is_a_dead_letter_and_blocks_nothing(
    worker: Hub, database: str, kafka: KafkaTopics
) -> None:
    _register(worker)
    bad = [
        (Publication(b"no json", b"counter-1"), "not_json", "counter-1"),
        (Publication(b'{"n":1}', b"nobody"), "unknown_device", "nobody"),
        (Publication(b'{"n":1,"device":"counter-2"}', b"counter-1"), "device_mismatch", "counter-1"),
        (
            Publication(b'[{"n":1,"device":"counter-1"},{"n":2,"device":"counter-2"}]', b"counter-1"),
            "several_devices",
            "counter-1",
        ),
        (Publication(b'[{"n":1,"device":"counter-1"},{"n":2,"device":"counter-2"}]'), "several_devices", "counter-1"),
        (Publication(b'{"n":1}'), "no_device", None),
        (Publication(b'{"n":1}', b"\xff\xfe"), "bad_device_code", None),
        (Publication(b'{"n":1}', b"a/b"), "bad_device_code", None),
        (Publication(b"[[]]"), "no_device", None),
    ]
    await kafka.publish("telemetry", [Publication(None, b"counter-1", 0), *(record for record, _, _ in bad)])
    await kafka.publish("raw", [Publication(b"{}"), Publication(b"{}", headers=(("received", b"soon"),))])
    await kafka.publish("telemetry", _numbers(0, 100))
    wait_until(lambda: _count(database) == 100, "the good ones stored", 30)
    wait_until(lambda: _count(database, "dead_letter") == len(bad) + 2, "the bad ones kept", 30)
    found = Counter(_ask(database, "select reason, device from dead_letter"))
    assert found == Counter([(reason, device) for _, reason, device in bad] + [("bad_topic", None)] * 2)


async def test_offsets_are_committed_with_what_was_read(worker: Hub, database: str, kafka: KafkaTopics) -> None:
    _register(worker)
    await kafka.publish("telemetry", _numbers(0, 500))
    wait_until(lambda: _count(database) == 500, "stored", 30)
    offsets = {where: int(str(offset)) for where, offset in _offsets(database).items() if offset}
    assert sum(offsets.values()) == 500
    assert {topic for topic, _ in offsets} == {kafka.topic("telemetry")}
    worker.kill()
    with psycopg.connect(database, autocommit=True) as conn:  # what a restart goes by is the table, nothing else
        conn.execute("update kafka_offset set next_offset = next_offset - 3 where next_offset > 0")
        conn.execute("truncate reading")
    await kafka.publish("telemetry", _numbers(500, 600))
    worker.start()
    expected = 100 + 3 * len(offsets)
    wait_until(lambda: _count(database) >= expected, "stored from the offsets on", 30)
    assert worker.terminate() == 0
    assert _count(database) == expected


async def test_a_record_without_a_time_has_the_same_time_whenever_it_is_read(
    worker: Hub, database: str, kafka: KafkaTopics
) -> None:
    _register(worker)
    await kafka.publish("telemetry", [Publication(b'{"n":%d}' % n, b"counter-1") for n in range(300)])
    wait_until(lambda: _count(database) == 300, "stored", 30)
    worker.kill()
    with psycopg.connect(database, autocommit=True) as conn:  # as if the commits' offsets had been lost
        conn.execute("delete from kafka_offset")
    worker.start()
    wait_until(lambda: sum(int(str(end)) for end in _offsets(database).values()) == 300, "read again", 30)
    assert worker.terminate() == 0
    assert _count(database) == 300


async def test_gaps_in_offsets_are_stepped_over(worker: Hub, database: str, kafka: KafkaTopics) -> None:
    """Transactions leave markers in the log, and aborted ones records that nobody may see."""
    _register(worker)
    await kafka.publish("telemetry", _numbers(0, 40), transaction=True)
    await kafka.publish("telemetry", _numbers(900, 940), transaction=False)
    await kafka.publish("telemetry", _numbers(40, 80), transaction=True)
    wait_until(lambda: _count(database) == 80, "stored", 30)
    worker.kill()
    await kafka.publish("telemetry", _numbers(80, 120), transaction=True)
    worker.start()
    wait_until(lambda: _count(database) == 120, "stored", 30)
    assert worker.terminate() == 0
    _check(database, 120)


async def test_third_parties_may_compress(worker: Hub, database: str, kafka: KafkaTopics) -> None:
    _register(worker)
    for number, packed in enumerate(("gzip", "snappy", "lz4", "zstd")):
        await kafka.publish("telemetry", _numbers(100 * number, 100 * (number + 1)), packed=packed)
    wait_until(lambda: _count(database) == 400, "stored", 30)
    assert worker.terminate() == 0
    _check(database, 400)


async def test_a_store_that_is_away_does_not_cost_the_partitions(
    worker: Hub, database: str, kafka: KafkaTopics
) -> None:
    """A worker holds back for longer than a session, and then goes on where it was."""
    _register(worker)
    await kafka.publish("telemetry", _numbers(0, 100))
    wait_until(lambda: _count(database) == 100, "stored", 30)
    with psycopg.connect(database) as holder:
        holder.execute("lock table reading in exclusive mode")
        for start in range(100, 500, 100):
            await kafka.publish("telemetry", _numbers(start, start + 100))
        waiting = (
            "select extract(epoch from max(now() - query_start)) from pg_stat_activity where wait_event_type = 'Lock'"
        )
        with psycopg.connect(database, autocommit=True) as observer:
            longer = kafka.settings.session_s * 2
            wait_until(lambda: (observer.execute(waiting).fetchone() or [None])[0] or 0, "a commit waits", 30)
            wait_until(lambda: float((observer.execute(waiting).fetchone() or [0])[0] or 0) > longer, "a long wait", 30)
            assert await kafka.members() == 1, "it is still in the group"
    wait_until(lambda: _count(database) == 500, "stored", 30)
    assert len(_assignments(worker)) == 1, "it was never thrown out of the group"
    assert worker.terminate() == 0
    _check(database, 500)


async def test_workers_share_and_hand_over_under_load(
    worker: Hub, other: Hub, database: str, kafka: KafkaTopics
) -> None:
    """A second worker comes while the first is at work, then the first goes: nothing twice, nothing lost."""
    _register(worker)
    count = 60_000
    await kafka.publish("telemetry", _numbers(0, count // 3))
    wait_until(lambda: _count(database) > 0, "the first at work", 30)
    other.start()
    await kafka.publish("telemetry", _numbers(count // 3, 2 * count // 3))
    wait_until(lambda: f"reading {PARTITIONS} partitions" not in _last_assignment(worker), "the work is shared", 30)
    wait_until(lambda: _reads(other), "the second reads", 30)
    await kafka.publish("telemetry", _numbers(2 * count // 3, count))
    assert worker.terminate() == 0
    wait_until(lambda: _count(database) >= count, "everything stored", 60)
    assert other.terminate() == 0
    _check(database, count)


def _assignments(hub: Hub) -> list[str]:
    return [line for line in hub.text().splitlines() if "reading" in line and line.endswith("partitions")]


def _last_assignment(hub: Hub) -> str:
    return (_assignments(hub) or [""])[-1]


def _reads(hub: Hub) -> bool:
    return bool(_assignments(hub))


async def test_a_worker_that_lost_its_partitions_cannot_commit(
    worker: Hub, other: Hub, database: str, kafka: KafkaTopics
) -> None:
    """It is paused in mid-commit until others have its partitions, then it goes on: fenced."""
    _register(worker)
    count = 20_000
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as observer:
        holder.execute("lock table kafka_offset in exclusive mode")
        await kafka.publish("telemetry", _numbers(0, count // 2))
        waiting = "select count(*) from pg_locks where not granted and relation = 'kafka_offset'::regclass"
        wait_until(lambda: observer.execute(waiting).fetchone() != (0,), "a commit waits", 30)
        worker.send(signal.SIGSTOP)
        # The server ends its transaction: what it read is with nobody now but in its memory.
        observer.execute("select pg_terminate_backend(pid) from pg_locks where not granted and relation ="
                         " 'kafka_offset'::regclass")  # fmt: skip
        holder.rollback()
    other.start()
    await kafka.publish("telemetry", _numbers(count // 2, count))
    wait_until(lambda: _count(database) >= count, "the other worker took over and stored everything", 60)
    before = sum(int(str(end)) for end in _offsets(database).values())
    worker.send(signal.SIGCONT)
    wait_until(lambda: "taken over" in worker.text(), "the paused worker is fenced", 30)
    wait_until(lambda: len(_assignments(worker)) >= 2, "it is in the group again", 30)
    assert sum(int(str(end)) for end in _offsets(database).values()) == before == count
    await kafka.publish("telemetry", _numbers(count, count + 1000))
    wait_until(lambda: _count(database) >= count + 1000, "both go on", 30)
    assert worker.terminate() == 0
    assert other.terminate() == 0
    _check(database, count + 1000)


async def test_detector_state_goes_with_the_partitions(
    worker: Hub, other: Hub, database: str, kafka: KafkaTopics
) -> None:
    """An alert that one worker raised is cleared by the next, which never saw it; and the first learns of that."""
    worker.register("gauge-1", "level")
    rule = {"name": "high", "profile": "gauge-1", "metric": "level", "direction": "above"}
    worker.put("/rules/high", **rule, thresholds={"red": 100}, hysteresis=5, hold_s=0, enabled=True)
    began = time.time_ns() // 1_000_000 - 60_000  # what is a day old pages nobody

    def level(value: float, at: int) -> list[Publication]:
        return [Publication(json.dumps({"ts": began + at, "level": value}).encode(), b"gauge-1")]

    def kinds() -> list[object]:
        return [kind for (kind,) in _ask(database, "select kind from alert_change order by cursor")]

    wait_until(lambda: worker.counter("ganzhi_devices_known") >= 1, "known", 10)
    await kafka.publish("telemetry", level(50, 0))
    wait_until(lambda: _count(database) == 1, "stored", 30)
    await kafka.publish("telemetry", level(150, 1000))
    wait_until(lambda: kinds() == ["raised"], "raised by the first", 30)
    other.start()
    worker.send(signal.SIGSTOP)
    wait_until(lambda: f"reading {3 * PARTITIONS} partitions" in other.text(), "the second has all", 30)
    await kafka.publish("telemetry", level(50, 2000))
    wait_until(lambda: kinds() == ["raised", "cleared"], "cleared by the second", 30)
    worker.send(signal.SIGCONT)
    wait_until(lambda: len(_assignments(worker)) >= 2, "the first is back", 30)
    other.kill()
    wait_until(lambda: len(_assignments(worker)) >= 3, "the first has all again", 30)
    await kafka.publish("telemetry", level(150, 3000))
    wait_until(lambda: _count(database) == 4, "stored", 30)
    assert kinds() == ["raised", "cleared", "raised"], "the first did not go by what it remembered"


async def _peer(kafka: KafkaTopics, assignor: type[AbstractPartitionAssignor]) -> tuple[AIOKafkaConsumer, list[int]]:
    """A member of the group of the test; and of each time that it was given partitions, how many."""
    topics = [kafka.topic(form) for form in FORMS]
    await ensure_topics(kafka.settings, topics)
    given: list[int] = []

    class Given(ConsumerRebalanceListener):  # type: ignore[misc]
        async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
            pass

        async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
            given.append(len(assigned))

    peer = AIOKafkaConsumer(
        bootstrap_servers=kafka.settings.servers,
        group_id=kafka.settings.group,
        partition_assignment_strategy=(assignor,),
        heartbeat_interval_ms=200,
    )
    await peer.start()
    peer.subscribe(topics, listener=Given())
    await asyncio.to_thread(wait_until, lambda: given, "the peer has partitions", 30)
    return peer, given


async def _told(hub: Hub, text: str) -> None:
    """Wait for a text in what it wrote; a peer in this process goes on meanwhile."""
    await asyncio.to_thread(wait_until, lambda: text in hub.text(), text, 30)


async def test_who_joins_the_group_asks_once(other: Hub, kafka: KafkaTopics) -> None:
    """Two that ask twice, in turn, end each other's turn for ever."""
    peer, given = await _peer(kafka, RangePartitionAssignor)
    try:
        before = peer._coordinator.generation
        await asyncio.to_thread(other.start)
        await _told(other, f"reading {len(FORMS) * PARTITIONS // 2} partitions")
        assert given == [len(FORMS) * PARTITIONS, len(FORMS) * PARTITIONS // 2]
        assert peer._coordinator.generation == before + 1
    finally:
        await peer.stop()


async def test_a_worker_waits_for_those_of_another_version(other: Hub, kafka: KafkaTopics) -> None:
    peer, _ = await _peer(kafka, RoundRobinPartitionAssignor)
    try:
        await asyncio.to_thread(other.start)
        await _told(other, "this one begins when they have ended")
        assert not _reads(other)
    finally:
        await peer.stop()
    await _told(other, f"reading {len(FORMS) * PARTITIONS} partitions")


@pytest.mark.heavy
async def test_kafka_is_killed_and_comes_back(database: str, own_kafka: KafkaBroker, tmp_path: Path) -> None:
    kafka = KafkaTopics(own_kafka.servers)
    hub = _worker(database, kafka, tmp_path, "worker").start()
    try:
        _register(hub)
        await kafka.publish("telemetry", _numbers(0, 2000))
        wait_until(lambda: _count(database) > 0, "at work", 30)
        own_kafka.kill()
        wait_until(lambda: hub.api.get("/readyz").status_code == 503, "not ready", 60)
        assert "Kafka" in hub.api.get("/readyz").text
        own_kafka.start()
        await kafka.publish("telemetry", _numbers(2000, 4000))
        wait_until(lambda: _count(database) == 4000, "everything stored", 60)
        assert hub.terminate() == 0
    finally:
        hub.close()
    _check(database, 4000)


def test_the_bus_needs_kafka(database: str, tmp_path: Path) -> None:
    env = {"HUB_DATABASE__URL": database}
    status, told = run_hub("serve", "--roles", "edge,worker", env=env, folder=tmp_path)
    assert status == 1
    assert "kafka.servers" in told
    status, told = run_hub("serve", "--roles", "direct,api", env=env, folder=tmp_path)
    assert status == 1
    assert "hub.roles" in told


async def test_the_check_tells_of_kafka(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path
) -> None:
    await kafka.publish("telemetry", [])
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mosquitto.port), **kafka.env}
    _, told = run_hub("check", env=env, folder=tmp_path)
    assert f"kafka {kafka.settings.servers}: reachable, 1 broker\n" in told
    assert f"topic {kafka.topic('telemetry')}, {PARTITIONS} partitions, 1 copies, 1 of them in step" in told
    assert "min.insync.replicas = 2" in told
    assert f"topic {kafka.topic('raw')} is not there yet" in told
    status, told = run_hub("check", env=env | {"HUB_KAFKA__SERVERS": "127.0.0.1:9"}, folder=tmp_path)
    assert status == 1
    assert "check kafka.servers" in told
