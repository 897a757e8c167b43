"""A bus deployment of a test: an API, an edge and workers, each a process of its own on one Kafka broker."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Signals

import httpx

from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.numbered import register
from tests.support.process import Process, free_port

READING = "reading [0-9]+ partitions"


class Part(Process):
    """A hub process without an API; its monitor answers on `port`."""

    def __init__(self, name: str, roles: str, env: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "app.main", "serve", "--roles", roles]
        super().__init__(command, folder / f"{name}.log", {**env, "HUB_HUB__MONITOR_PORT": str(self.port)})

    def ask(self, path: str) -> httpx.Response:
        """GET of the monitor; a 503 that says so while nobody answers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)
        except httpx.TransportError as error:
            return httpx.Response(503, text=f"no answer: {error}")

    def counter(self, name: str) -> float:
        """One of its metrics; -1 while nobody answers."""
        lines = self.ask("/metrics").text.splitlines()
        return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), -1.0)


class Bus:
    """The first process has the API, and perhaps other roles; edge and workers are started by `start` or the test."""

    def __init__(
        self, database: str, mqtt_port: int, kafka: KafkaTopics, folder: Path, roles: str = "api", workers: int = 2
    ) -> None:
        env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mqtt_port), **kafka.env}
        self.first = Hub(database, 0, folder, "--roles", roles, **kafka.env)
        self.edge = Part("edge", "edge", env, folder)
        self.workers = [Part(f"worker-{number}", "worker", env, folder) for number in range(1, workers + 1)]

    def start(self) -> None:
        """All of them; the numbered devices must be known when the workers load."""
        for process in (self.edge, *self.workers):
            process.start()
        for worker in self.workers:
            worker.wait_for_line(READING, 60)
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
                process.send(Signals.SIGCONT)
                process.kill()


@contextmanager
def open_bus(
    database: str, mqtt_port: int, kafka: KafkaTopics, folder: Path, roles: str = "api", workers: int = 2
) -> Iterator[Bus]:
    """A bus whose first process runs and knows the numbered devices."""
    bus = Bus(database, mqtt_port, kafka, folder, roles, workers)
    try:
        bus.first.start()
        register(bus.first, ingests="worker" in roles)
        yield bus
    finally:
        bus.close()
