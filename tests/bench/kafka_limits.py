"""What Kafka and its client can do by themselves: topics filled ahead, and a consumer that does nothing.

./run bench kafka_limits SERVERS TOPIC --shape one|pack --messages N
"""

import argparse
import asyncio
import subprocess
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import murmur2

from hub.settings import Kafka
from ingest.kafka.records import headers_of
from ingest.kafka.topics import ensure_topics
from tests.support.load import device, message
from tests.support.origins import raw_of

BATCH_BYTES = 256 << 10
MQTT_PREFIX = "ganzhi/v1"
UNDER_WAY = 8


def fill_topic(
    servers: str, topic: str, shape: str, messages: int, devices: int, start_ms: int, processes: int = 2
) -> float:
    """Publish messages 0..messages-1 of tests.support.load; seconds until Kafka has acknowledged all of them.

    Shape `one` is for a topic of third parties (key: the device), `pack` for the topic of the bus. A device's
    messages are in one partition, in order. The topic is made with 12 partitions if it is missing.
    """
    asyncio.run(ensure_topics(Kafka(servers=servers), [topic]))
    began = time.monotonic()
    numbers = [str(number) for number in (messages, devices, start_ms, processes)]
    command = [sys.executable, "-m", "tests.bench.kafka_limits", "fill", servers, topic, shape, *numbers]
    fillers = [subprocess.Popen([*command, str(part)]) for part in range(processes)]
    for filler in fillers:
        if filler.wait() != 0:
            raise ChildProcessError("a filling process failed")
    return time.monotonic() - began


def bare_consumer_rate(servers: str, topic: str, messages: int) -> float:
    """Records a second that aiokafka hands to a consumer that does nothing with them, from the beginning."""
    return asyncio.run(_consume(servers, topic, messages))


async def _consume(servers: str, topic: str, messages: int) -> float:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        began, taken = time.monotonic(), 0
        while taken < messages:
            polled = await consumer.getmany(timeout_ms=1000, max_records=10_000)
            taken += sum(map(len, polled.values()))
        return taken / (time.monotonic() - began)
    finally:
        await consumer.stop()


async def _fill(
    servers: str, topic: str, shape: str, messages: int, devices: int, start_ms: int, processes: int, part: int
) -> None:
    """The share of one process: the partitions whose number leaves `part` when divided by `processes`."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_batch_size=BATCH_BYTES, linger_ms=0)
    await producer.start()
    try:
        count = len(await producer.partitions_for(topic))
        partitions = [murmur2(device(number).encode()) % (1 << 31) % count for number in range(devices)]
        builders = {number: producer.create_batch() for number in range(count)}
        sent: list[asyncio.Future[object]] = []
        for index in range(messages):
            partition = partitions[index % devices]
            if partition % processes != part:
                continue
            address, value = message(shape, MQTT_PREFIX, devices, index, start_ms)
            received = (start_ms + index) * 1000
            given = {
                "key": device(index % devices).encode(),
                "value": value,
                "timestamp": start_ms + index // devices,
                "headers": headers_of(raw_of("mqtt", address, b"", received)) if shape == "pack" else [],
            }
            if builders[partition].append(**given) is None:
                sent.append(await producer.send_batch(builders[partition], topic, partition=partition))
                builders[partition] = producer.create_batch()
                builders[partition].append(**given)
                if len(sent) > UNDER_WAY:
                    await sent.pop(0)
        for partition, builder in builders.items():
            if builder.record_count():
                sent.append(await producer.send_batch(builder, topic, partition=partition))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def main() -> None:
    """Fill a topic and read it back."""
    if sys.argv[1:2] == ["fill"]:
        servers, topic, shape, *numbers = sys.argv[2:]
        messages, devices, start_ms, processes, part = map(int, numbers)
        asyncio.run(_fill(servers, topic, shape, messages, devices, start_ms, processes, part))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers")
    parser.add_argument("topic")
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    start_ms = int(time.time() * 1000) - 86_400_000
    seconds = fill_topic(given.servers, given.topic, given.shape, given.messages, 10_000, start_ms)
    rate = bare_consumer_rate(given.servers, given.topic, given.messages)
    sys.stdout.write(f"filled {given.messages / seconds:,.0f}/s, read by a bare consumer {rate:,.0f}/s\n")


if __name__ == "__main__":
    main()
