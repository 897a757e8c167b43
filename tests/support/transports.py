"""The ways into a hub, for `./run bench ingest`: each with its broker, its own limit, its load and its probes."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import httpx
from aiokafka import AIOKafkaProducer

from ingest.kafka.records import headers_of
from tests.bench.kafka_limits import bare_consumer_rate, fill_topic
from tests.support.broker import Mosquitto, find_mosquitto, publisher
from tests.support.kafka import LOADED, KafkaBroker, kafka_libraries
from tests.support.load import device, message
from tests.support.origins import raw_of
from tests.support.process import wait_until

DEVICES = 10_000
PROBES_A_SECOND = 40


class Transport(Protocol):
    """Made for one bench run; `start` before the hub, `stop` after it."""

    env: dict[str, str]
    """Settings of the hub."""

    def limit(self, messages: int) -> float:
        """Messages a second without a hub: what the broker hands to a reader that does nothing."""

    def start(self, messages: int, start_ms: int) -> list[int]:
        """Start the broker, with the load in it where it can keep one; its process ids."""

    def load(self, port: int, messages: int, start_ms: int) -> AbstractContextManager[None]:
        """Send the load as fast as it is taken, during the block; `port` is the hub's."""

    def paced(self, port: int, messages: int, start_ms: int, rate: int) -> int:
        """Send so many messages at that rate, and probes in between; how many probes."""

    def stop(self) -> None:
        """End the broker."""


def probe() -> bytes:
    """A reading of the device `probe` whose value is the time of its publication."""
    return json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"p": time.time()}}).encode()


def _probed(seconds: float, send: Callable[[], object]) -> int:
    """Send probes for as long as a load of so many seconds takes; how many."""
    sent, end = 0, time.monotonic() + seconds - 0.5
    while time.monotonic() < end:
        send()
        sent += 1
        time.sleep(1 / PROBES_A_SECOND)
    return sent


@contextmanager
def generator(module: str, port: int, shape: str, messages: int, start_ms: int, rate: int = 0) -> Iterator[None]:
    """A load process that has encoded what it sends, and sends it during the block."""
    command = [sys.executable, "-m", f"tests.support.{module}", str(port), "--shape", shape]
    command += ["--messages", str(messages), "--devices", str(DEVICES), "--rate", str(rate)]
    command += ["--start-ms", str(start_ms)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"encoded\n"
    try:
        yield
        output, told = process.communicate(timeout=600)
        assert output, told.decode()
        assert json.loads(output)["acknowledged"] == messages
    finally:
        process.kill()


class MqttTransport:
    """mosquitto; its limit is Debian's mosquitto_sub with QoS 1."""

    def __init__(self, folder: Path, shape: str) -> None:
        self._folder, self._shape = folder, shape
        self.env: dict[str, str] = {}

    def _broker(self, name: str) -> Mosquitto:
        program = find_mosquitto()
        if program is None:
            sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
        (self._folder / name).mkdir()
        return Mosquitto(program, self._folder / name).start()

    def limit(self, messages: int) -> float:
        broker = self._broker("limit")
        filters = [part for form in ("telemetry", "senml") for part in ("-t", f"ganzhi/v1/+/{form}")]
        command = ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-i", "bare-reader", "-c", *filters]
        subscriber = subprocess.Popen([*command, "-C", str(messages)], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: "bare-reader" in broker.text(), "mosquitto_sub connected")
            with generator("load", broker.port, self._shape, messages, 1_700_000_000_000):
                began = time.monotonic()
                assert subscriber.wait(600) == 0
                return messages / (time.monotonic() - began)
        finally:
            broker.stop()

    def start(self, messages: int, start_ms: int) -> list[int]:
        self._hubs = self._broker("hub")
        self.env["HUB_MQTT__PORT"] = str(self._hubs.port)
        return [self._hubs.pid]

    def load(self, port: int, messages: int, start_ms: int) -> AbstractContextManager[None]:
        return generator("load", self._hubs.port, self._shape, messages, start_ms)

    def paced(self, port: int, messages: int, start_ms: int, rate: int) -> int:
        load = generator("load", self._hubs.port, self._shape, messages, start_ms, rate)
        with load, publisher("127.0.0.1", self._hubs.port) as client:
            return _probed(messages / rate, lambda: client.publish("ganzhi/v1/probe/telemetry", probe(), qos=1))

    def stop(self) -> None:
        self._hubs.stop()


class KafkaTransport:
    """Apache Kafka; one reading a record on the topic of third parties, packs on the topic of the bus."""

    def __init__(self, folder: Path, shape: str) -> None:
        self._folder, self._shape = folder, shape
        self._topic = "ganzhi.telemetry" if shape == "one" else "ganzhi.raw"
        self._broker = KafkaBroker(kafka_libraries(), folder, LOADED).create()
        self.env = {"HUB_KAFKA__SERVERS": self._broker.servers, "HUB_HUB__ROLES": '["worker", "api"]'}

    def limit(self, messages: int) -> float:
        fill_topic(self._broker.servers, "limit", self._shape, messages, DEVICES, 1_700_000_000_000)
        return bare_consumer_rate(self._broker.servers, "limit", messages)

    def start(self, messages: int, start_ms: int) -> list[int]:
        fill_topic(self._broker.servers, self._topic, self._shape, messages, DEVICES, start_ms)
        return [self._broker.pid]

    def load(self, port: int, messages: int, start_ms: int) -> AbstractContextManager[None]:
        return nullcontext()  # it is in the log already

    def paced(self, port: int, messages: int, start_ms: int, rate: int) -> int:
        return asyncio.run(self._paced(messages, start_ms, rate))

    async def _paced(self, messages: int, start_ms: int, rate: int) -> int:
        encoded = [message(self._shape, "ganzhi/v1", DEVICES, index, start_ms) for index in range(messages)]
        producer = AIOKafkaProducer(bootstrap_servers=self._broker.servers, acks="all", linger_ms=5)
        await producer.start()
        try:
            began, sent, last_probe, probes = time.monotonic(), 0, 0.0, 0
            while sent < messages:
                now = time.monotonic() - began
                for index in range(sent, min(messages, int(now * rate))):
                    address, value = encoded[index]
                    raw = raw_of("mqtt", address, b"", (start_ms + index) * 1000)
                    headers = headers_of(raw) if self._shape == "pack" else []
                    code = device(index % DEVICES).encode()
                    await producer.send(self._topic, value, key=code, headers=headers)
                    sent = index + 1
                if now - last_probe > 1 / PROBES_A_SECOND:
                    await producer.send("ganzhi.telemetry", probe(), key=b"probe")
                    last_probe, probes = now, probes + 1
                await asyncio.sleep(0.005)
            await producer.flush()
            return probes
        finally:
            await producer.stop()

    def stop(self) -> None:
        self._broker.stop()


class HttpTransport:
    """One POST a message on 32 connections; there is no broker, so the limit is that of the hub's own server."""

    def __init__(self, folder: Path, shape: str) -> None:
        self._shape = shape
        self._mqtt = MqttTransport(folder, shape)  # the hub wants one beside it
        self.env = {"HUB_HTTP__REQUESTS_PER_S": "1000000", "HUB_LIMITS__MACHINE_PER_S": "1000000"}

    def limit(self, messages: int) -> float:
        return float("nan")

    def start(self, messages: int, start_ms: int) -> list[int]:
        pids = self._mqtt.start(messages, start_ms)
        self.env |= self._mqtt.env
        return pids

    def load(self, port: int, messages: int, start_ms: int) -> AbstractContextManager[None]:
        return generator("http_load", port, self._shape, messages, start_ms)

    def paced(self, port: int, messages: int, start_ms: int, rate: int) -> int:
        load = generator("http_load", port, self._shape, messages, start_ms, rate)
        with load, httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
            headers = {"content-type": "application/json"}
            return _probed(
                messages / rate,
                lambda: client.post("/devices/probe/telemetry", content=probe(), headers=headers).raise_for_status(),
            )

    def stop(self) -> None:
        self._mqtt.stop()


TRANSPORTS: dict[str, Callable[[Path, str], Transport]] = {
    "mqtt": MqttTransport,
    "kafka": KafkaTransport,
    "http": HttpTransport,
}
