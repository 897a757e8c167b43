"""The topics of one test on a Kafka broker: a prefix, a group, and a way to publish and to look."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from hub.settings import Kafka
from ingest.kafka.topics import ensure_topics

PARTITIONS = 4


class Publication(NamedTuple):
    """A record to publish."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class KafkaTopics:
    """Settings and topics that no other test uses."""

    def __init__(self, servers: str, prefix: str | None = None, session_s: float = 3.0) -> None:
        self.prefix = prefix or f"t{uuid4().hex[:10]}"
        self.settings = Kafka(
            servers=servers, prefix=self.prefix, group=self.prefix, partitions=PARTITIONS, session_s=session_s
        )
        self.env = {
            "HUB_KAFKA__SERVERS": servers,
            "HUB_KAFKA__PREFIX": self.prefix,
            "HUB_KAFKA__GROUP": self.prefix,
            "HUB_KAFKA__PARTITIONS": str(PARTITIONS),
            "HUB_KAFKA__SESSION_S": str(session_s),
        }

    def topic(self, form: str) -> str:
        """The topic `raw`, `telemetry` or `events` of the test."""
        return f"{self.prefix}.{form}"

    async def publish(
        self, form: str, records: Iterable[Publication], transaction: bool | None = None, packed: str | None = None
    ) -> None:
        """Publish and wait for Kafka's acknowledgement; in a transaction that is committed (True) or aborted.

        `packed` is how the producer compresses: gzip, snappy, lz4, zstd.
        """
        topic = self.topic(form)
        await ensure_topics(self.settings, [topic])
        name = None if transaction is None else uuid4().hex
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.servers, acks="all", transactional_id=name, compression_type=packed
        )
        await producer.start()
        try:
            if transaction is not None:
                await producer.begin_transaction()
            sent = [
                await producer.send(
                    topic, record.value, record.key, partition=record.partition, headers=list(record.headers)
                )
                for record in records
            ]
            await producer.flush()
            await asyncio.gather(*sent)
            if transaction:
                await producer.commit_transaction()
            elif transaction is not None:
                await producer.abort_transaction()
        finally:
            await producer.stop()

    async def members(self) -> int:
        """How many consumers are in the group of the test at the moment."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.servers)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([self.settings.group])
            return len(answer.groups[0][5])
        finally:
            await admin.close()

    async def read(self, form: str) -> list[ConsumerRecord]:
        """All records of a topic, by partition, in order."""
        topic = self.topic(form)
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=self.settings.servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
            ends = await consumer.end_offsets(partitions)
            records: dict[TopicPartition, list[ConsumerRecord]] = {partition: [] for partition in partitions}
            while [one for one in partitions if await consumer.position(one) < ends[one]]:
                for partition, polled in (await consumer.getmany(timeout_ms=200)).items():
                    records[partition] += polled
            return [record for partition in partitions for record in records[partition]]
        finally:
            await consumer.stop()
