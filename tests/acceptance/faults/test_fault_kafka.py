"""The bus under full load: one of three workers dies, or Kafka does; each acknowledged message is stored once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.line import Line
from tests.support.numbered import START_MS, Numbers, check, count, held, register, wait_for
from tests.support.process import Process, wait_until

MESSAGES = 100_000
RATE = 20_000
"""Messages a second where Kafka dies: the load must outlast what was forwarded until then; the rest comes at once."""
READING = "reading [0-9]+ partitions"
COMMITS_WAITING = (
    "select count(distinct pid) from pg_locks where not granted and relation = 'reading'::regclass"
    " and database = (select oid from pg_database where datname = current_database())"
)


class Bus:
    """An edge and three workers, one of them with the API, each its own process."""

    def __init__(self, database: str, mqtt_port: int, kafka: KafkaTopics, folder: Path) -> None:
        self._env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mqtt_port), **kafka.env}
        self._folder = folder
        self.first = Hub(database, 0, folder, "--roles", "worker,api", **kafka.env)
        self.edge = self._process("edge", "edge")
        self.workers = [self._process(f"worker-{number}", "worker") for number in (2, 3)]

    def _process(self, name: str, roles: str) -> Process:
        command = [sys.executable, "-m", "hub.main", "serve", "--roles", roles]
        return Process(command, self._folder / f"{name}.log", self._env)

    def start(self) -> None:
        """All four, and the numbered devices."""
        register(self.first.start())
        for process in (self.edge, *self.workers):
            process.start()
        for worker in self.workers:
            worker.wait_for_line(READING, 30)
        self.edge.wait_for_line("connected to the broker", 30)

    def terminate(self) -> None:
        """SIGTERM to all that run; each must have finished what it took."""
        for process in (self.edge, *self.workers):
            if process.running:
                assert process.terminate(30) == 0
        assert self.first.terminate() == 0

    def close(self) -> None:
        """End what still runs."""
        self.first.close()
        for process in (self.edge, *self.workers):
            if process.running:
                process.kill()


@contextmanager
def _bus(database: str, mqtt_port: int, kafka: KafkaTopics, folder: Path) -> Iterator[Bus]:
    bus = Bus(database, mqtt_port, kafka, folder)
    try:
        bus.start()
        yield bus
    finally:
        bus.close()


def test_one_of_three_workers_killed_in_mid_commit(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path
) -> None:
    with _bus(database, mosquitto.port, kafka, tmp_path) as bus:
        with Numbers(mosquitto.port, MESSAGES):
            wait_for(database, MESSAGES // 10)
            with held(database):
                # A worker has one commit at a time: when three wait, the victim's is among them.
                wait_until(lambda: fetch(database, COMMITS_WAITING) == [(3,)], "each worker's commit waits", 30)
                bus.workers[0].kill()
            assert count(database) < MESSAGES, "the others have nothing to take over"
        wait_for(database, MESSAGES)
        assert not bus.workers[0].running
        bus.terminate()
        check(database, MESSAGES)


@pytest.mark.parametrize("start_ms", [START_MS, None], ids=["with-ts", "time-of-arrival"])
def test_kafka_killed(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path, start_ms: int | None
) -> None:
    """Without a time of their own, messages that the edge puts into the log twice must keep their time of arrival."""
    kafka = KafkaTopics(own_kafka.servers)
    with Line(mosquitto.port) as line, _bus(database, line.port, kafka, tmp_path) as bus:
        with Numbers(mosquitto.port, MESSAGES, start_ms, rate=RATE) as numbers:
            wait_for(database, MESSAGES // 10)
            own_kafka.kill()
            since = numbers.acknowledged
            assert since < MESSAGES * 0.8, "the load is over"
            # What Kafka acknowledged before its end may still be settled; after so many messages it has been.
            wait_until(lambda: numbers.acknowledged >= since + MESSAGES // 10, "the load goes on")
            line.swallow.set()
        wait_until(lambda: numbers.acknowledged == MESSAGES, "the broker has taken everything")
        assert line.swallowed == 0, "the edge acknowledges what Kafka has not"
        assert count(database) < MESSAGES
        line.swallow.clear()
        own_kafka.start()
        wait_for(database, MESSAGES)
        bus.terminate()
        check(database, MESSAGES, start_ms)
