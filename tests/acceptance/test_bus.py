"""The bus as a city runs it: an edge, two workers and an API, each its own process; edge and a worker are killed."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Mosquitto, publisher
from tests.support.hub import Hub
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import Process, eventually, wait_until

MESSAGES = 20_000
DEVICES = 20
START_MS = 1_760_000_000_000
ALARM = 15_000
"""From this number on, values are above the rule's threshold."""


class City:
    """The processes of a bus deployment."""

    def __init__(self, database: str, mqtt_port: int, kafka: KafkaTopics, folder: Path) -> None:
        self._env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mqtt_port), **kafka.env}
        self._folder = folder
        self.api = Hub(database, 0, folder, "--roles", "api", **kafka.env)
        self.edge = self._process("edge", "edge")
        self.workers = [self._process(f"worker-{number}", "worker") for number in (1, 2)]

    def _process(self, name: str, roles: str) -> Process:
        command = [sys.executable, "-m", "hub.main", "serve", "--roles", roles]
        return Process(command, self._folder / f"{name}.log", self._env)

    def close(self) -> None:
        self.api.close()
        for process in (self.edge, *self.workers):
            if process.running:
                process.kill()


@pytest.fixture
def city(database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path) -> Iterator[City]:
    """A bus with its API running; edge and workers are started by the test."""
    with ExitStack() as stack:
        city = City(database, mosquitto.port, kafka, tmp_path)
        stack.callback(city.close)
        city.api.start()
        yield city


def _count(url: str, table: str = "reading") -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def _register(api: Hub) -> None:
    api.put("/profiles/counter", name="counter", metrics={"n": {"name": "n", "unit": "1"}})
    rows = "".join(f"counter-{number},counter,counter\n" for number in range(DEVICES))
    headers = {"content-type": "text/csv"}
    answer = api.api.post("/api/v1/devices:import", content=f"code,name,profile\n{rows}", headers=headers)
    assert answer.json()["created"] == DEVICES
    rule = {"name": "many", "profile": "counter", "metric": "n", "direction": "above", "hysteresis": 0, "hold_s": 0}
    api.put("/rules/many", **rule, thresholds={"red": ALARM - 0.5}, enabled=True)


def _publish(broker: Mosquitto) -> None:
    """All messages in their order, each acknowledged by the broker."""
    with publisher(broker.host, broker.port, "numbers") as client:
        sent = []
        for number in range(MESSAGES):
            body = {"ts": START_MS + number, "values": {"n": number}}
            sent.append(client.publish(f"ganzhi/v1/counter-{number % DEVICES}/telemetry", json.dumps(body), qos=1))
        for info in sent:
            info.wait_for_publish(120)
            assert info.is_published()


def test_nothing_is_lost_or_twice_when_edge_and_worker_are_killed(
    city: City, database: str, mosquitto: Mosquitto
) -> None:
    _register(city.api)
    for process in (city.edge, *city.workers):
        process.start()
    city.edge.wait_for_line("connected to the broker", 30)
    for worker in city.workers:
        worker.wait_for_line("reading [0-9]+ partitions", 30)
    failures: list[BaseException] = []

    def publish() -> None:
        try:
            _publish(mosquitto)
        except BaseException as error:
            failures.append(error)
            raise

    load = threading.Thread(target=publish)
    load.start()
    try:
        wait_until(lambda: _count(database) >= MESSAGES * 0.1, "a tenth stored", 60)
        city.workers[0].kill()
        wait_until(lambda: _count(database) >= MESSAGES * 0.2, "a fifth stored", 60)
        city.edge.kill()
        city.edge.start()
        city.workers[0].start()
    finally:
        load.join()
    assert not failures
    wait_until(lambda: _count(database) >= MESSAGES, "everything stored", 90)
    wait_until(lambda: _count(database, "alert") >= DEVICES, "an alert a device", 30)
    for process in (city.edge, *city.workers):
        assert process.terminate(30) == 0
    with psycopg.connect(database) as conn:
        rows = conn.execute(
            "select r.value, d.code, (extract(epoch from r.ts) * 1000)::int8 from reading r"
            " join series s on s.id = r.series_id join device d on d.id = s.device_id order by r.value"
        ).fetchall()
        alerts = conn.execute(
            "select a.target, c.kind, count(*) from alert a join alert_change c on c.alert_id = a.id group by 1, 2"
        ).fetchall()
    assert rows == [(float(n), f"counter-{n % DEVICES}", START_MS + n) for n in range(MESSAGES)]
    assert sorted(alerts) == sorted((f"counter-{n}/n", "raised", 1) for n in range(DEVICES))
    assert _count(database, "dead_letter") == 0


def test_what_is_posted_goes_through_the_bus(city: City, database: str) -> None:
    _register(city.api)
    city.workers[0].start().wait_for_line("reading [0-9]+ partitions", 30)
    body = {"ts": START_MS, "values": {"n": 7}}
    answer = city.api.api.post("/api/v1/devices/counter-1/telemetry", json=body)
    assert answer.status_code == 202
    wait_until(lambda: _count(database) == 1, "stored", 30)
    assert city.workers[0].terminate(30) == 0


async def test_devices_are_settled_only_once_kafka_has_acknowledged(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    """Kafka dies, messages come, the edge dies: after their return everything is in the log."""
    kafka = KafkaTopics(own_kafka.servers)
    city = City(database, mosquitto.port, kafka, tmp_path)
    messages = [(f"ganzhi/v1/counter-{n % DEVICES}/telemetry", b'{"n":%d}' % n) for n in range(1000)]
    try:
        city.edge.start().wait_for_line("connected to the broker", 30)
        mosquitto.publish(messages[:500])
        city.edge.wait_for_line("connected to Kafka", 30)
        await eventually(lambda: _in_log(kafka, 500), "forwarded", 30)
        own_kafka.kill()
        mosquitto.publish(messages[500:])
        city.edge.wait_for_line("holding back", 60)
        city.edge.kill()
        own_kafka.start()
        city.edge.start()
        await eventually(lambda: _in_log(kafka, 1000), "forwarded by the next edge", 60)
        assert city.edge.terminate(30) == 0
    finally:
        city.close()
    records = await kafka.read("raw")
    assert {record.value for record in records} == {payload for _, payload in messages}
    for number in range(DEVICES):
        key = b"counter-%d" % number
        assert len({record.partition for record in records if record.key == key}) == 1
        values = list(dict.fromkeys(record.value for record in records if record.key == key))
        assert values == [payload for topic, payload in messages if f"/{key.decode()}/" in topic], "in order"


async def _in_log(kafka: KafkaTopics, count: int) -> bool:
    return len({record.value for record in await kafka.read("raw")}) >= count
