"""Commit of an edge: forwards raw messages to Kafka; they are committed once Kafka acknowledges them."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from devices.codecs.decoded import MAX_BYTES
from hub.errors import BrokerUnavailable
from hub.models import GANZHI, HUB, Batch, KeyOf, Raw, unknown_key
from hub.settings import Kafka
from ingest.kafka.producer import PATIENCE_S, Producer
from ingest.kafka.records import headers_of
from ingest.kafka.topics import raw_topic
from ingest.resting import Resting

MAX_KEYS = 500_000
"""Devices whose key is remembered; protects memory from a peer that invents topics."""


class Forwarder:
    """Publishes batches to Kafka, keyed by device, so that each device's messages stay ordered in one partition."""

    def __init__(self, settings: Kafka, key_of: KeyOf = unknown_key) -> None:
        """`key_of` tells the devices of addresses, so that each device has one partition by whatever it is called."""
        self._key_of = key_of
        self._topic = raw_topic(settings)
        self._producer = Producer(settings, self._topic)
        self._resting = Resting()
        self._partitions = 0
        self._keys: dict[str, tuple[bytes, int]] = {}

    async def commit(self, batch: Batch) -> None:
        """Wait until Kafka has persisted all messages of a batch.

        BrokerUnavailable when it does not say so: forward the same batch again. Messages may be in the log twice
        then; they are stored once, because a repeat has the same time of arrival.
        """
        raws = await self._resting.of(batch)
        try:
            async with asyncio.timeout(PATIENCE_S):  # an idempotent producer itself never gives up
                producer = await self._producer.connected()
                if self._partitions != self._producer.partitions:
                    self._partitions = self._producer.partitions
                    self._keys.clear()
                sent = await self._send(producer, raws)
                await asyncio.gather(*sent)
        except (KafkaError, OSError, BrokerUnavailable) as error:  # TimeoutError is an OSError
            raise await self._producer.failed(error) from error
        self._resting.written()

    async def close(self) -> None:
        """Close the connection, if open."""
        await self._producer.close()

    async def _send(self, producer: AIOKafkaProducer, raws: Sequence[Raw]) -> list[asyncio.Future[object]]:
        """Send all messages, in order per partition; returns the acknowledgement futures."""
        shares: dict[int, list[tuple[bytes, Raw]]] = {}
        for raw in raws:
            origin = raw.origin
            name = origin.device or origin.address
            if origin.protocol not in (GANZHI, HUB):
                name = self._key_of(origin) or name
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
