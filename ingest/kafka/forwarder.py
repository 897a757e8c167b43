"""Commit of an edge: forwards raw messages to Kafka; they are committed once Kafka acknowledges them."""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from devices.codecs.decoded import MAX_BYTES
from hub.errors import BrokerUnavailable
from hub.models import Batch, Raw
from hub.settings import Kafka
from ingest.kafka.records import headers_of
from ingest.kafka.security import connection_options
from ingest.kafka.topics import MESSAGE_BYTES, ensure_topics, raw_topic

log = logging.getLogger(__name__)

BATCH_BYTES = 512 << 10
"""Of records that go to a partition together; Kafka's own limit for a batch is 1 MiB."""
MAX_KEYS = 500_000
"""Devices whose key is remembered; protects memory from a peer that invents topics."""
ANSWER_MS = 5_000
PATIENCE_S = 10.0
"""For the acknowledgement of a batch; after that it is forwarded again."""


class Forwarder:
    """Publishes batches to Kafka, keyed by device, so that each device's messages stay ordered in one partition."""

    def __init__(self, settings: Kafka) -> None:
        self._settings = settings
        self._topic = raw_topic(settings)
        self._producer: AIOKafkaProducer | None = None
        self._partitions = 0
        self._keys: dict[str, tuple[bytes, int]] = {}

    async def commit(self, batch: Batch) -> None:
        """Wait until Kafka has persisted all messages of a batch.

        BrokerUnavailable when it does not say so: forward the same batch again. Messages may be in the log twice
        then; they are stored once, because a repeat has the same time of arrival.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):  # an idempotent producer itself never gives up
                producer = await self._connected()
                sent = await self._send(producer, batch.raws)
                await asyncio.gather(*sent)
        except (KafkaError, OSError, BrokerUnavailable) as error:  # TimeoutError is an OSError
            await self._abandon()
            told = str(error) or f"no acknowledgement within {PATIENCE_S:.0f} s"
            raise BrokerUnavailable(f"Kafka at {self._settings.servers}: {told}") from error

    async def close(self) -> None:
        """Close the connection, if open."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _abandon(self) -> None:
        """Discard the producer and its unsent messages; the next one gets a new id and sequence."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # stop() would wait until everything is sent, in a task that nobody ends once there is no sender.
            producer._closed = True
            if producer._sender is not None:
                await producer._sender.close()
            await producer.client.close()

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            await ensure_topics(self._settings, [self._topic])
            producer = AIOKafkaProducer(
                **connection_options(self._settings),
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                max_request_size=MESSAGE_BYTES,
                request_timeout_ms=ANSWER_MS,
            )
            try:
                await producer.start()
                self._partitions = len(await producer.partitions_for(self._topic))
            except BaseException:
                await producer.stop()
                raise
            self._keys.clear()
            self._producer = producer
            log.info("connected to Kafka %s", self._settings.servers)
        return self._producer

    async def _send(self, producer: AIOKafkaProducer, raws: Sequence[Raw]) -> list[asyncio.Future[object]]:
        """Send all messages, in order per partition; returns the acknowledgement futures."""
        shares: dict[int, list[tuple[bytes, Raw]]] = {}
        for raw in raws:
            name = raw.origin.device or raw.origin.address
            key, partition = self._keys.get(name) or self._key(name)
            shares.setdefault(partition, []).append((key, raw))
        sent: list[asyncio.Future[object]] = []
        for partition, share in shares.items():
            waiting = iter(share)
            pair = next(waiting, None)
            while pair is not None:
                builder = producer.create_batch()
                while pair is not None and _appended(builder, *pair):
                    pair = next(waiting, None)
                sent.append(await producer.send_batch(builder, self._topic, partition=partition))
        return sent

    def _key(self, name: str) -> tuple[bytes, int]:
        """The key of a device, or of an address without one; and its partition, as every client of Kafka has it."""
        key = name.encode(errors="replace")
        partition = (murmur2(key) & 0x7FFFFFFF) % self._partitions
        if len(self._keys) >= MAX_KEYS:
            self._keys.clear()
        self._keys[name] = key, partition
        return key, partition


def _appended(builder: BatchBuilder, key: bytes, raw: Raw) -> bool:
    """Append a message if there is room. Oversized messages are truncated just above the readable limit."""
    value = raw.payload[: MAX_BYTES + 1]
    at = raw.received // 1000
    return builder.append(timestamp=at, key=key, value=value, headers=headers_of(raw)) is not None
