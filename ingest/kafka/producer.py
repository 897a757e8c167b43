"""An idempotent producer that is made anew after a failure, and what is appended through it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.errors import BrokerUnavailable
from hub.settings import Kafka
from ingest.kafka.security import connection_options
from ingest.kafka.topics import MESSAGE_BYTES, ensure_topics

log = logging.getLogger(__name__)

BATCH_BYTES = 512 << 10
"""Of records that go to a partition together; Kafka's own limit for a batch is 1 MiB."""
ANSWER_MS = 5_000
PATIENCE_S = 10.0
"""For the acknowledgement of a batch; after that it is sent again."""


class Producer:
    """A producer of one topic, which it makes. Connected when it is wanted, abandoned when something went wrong."""

    def __init__(self, settings: Kafka, topic: str) -> None:
        self._settings, self._topic = settings, topic
        self._producer: AIOKafkaProducer | None = None
        self.partitions = 0
        """Of the topic, as it was when it connected."""

    async def connected(self) -> AIOKafkaProducer:
        """The producer. Raises KafkaError, OSError, BrokerUnavailable."""
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
                self.partitions = len(await producer.partitions_for(self._topic))
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
            log.info("connected to Kafka %s", self._settings.servers)
        return self._producer

    async def failed(self, error: Exception) -> BrokerUnavailable:
        """Abandon the producer after an error, which is returned in words."""
        await self.abandon()
        told = str(error) or f"no acknowledgement within {PATIENCE_S:.0f} s"
        return BrokerUnavailable(f"Kafka at {self._settings.servers}: {told}")

    async def abandon(self) -> None:
        """Discard the producer and its unsent messages; the next one gets a new id and sequence."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # stop() would wait until everything is sent, in a task that nobody ends once there is no sender.
            producer._closed = True
            if producer._sender is not None:
                await producer._sender.close()
            await producer.client.close()

    async def close(self) -> None:
        """Close the connection, if open, once everything is sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


Record = tuple[bytes, bytes, Sequence[tuple[str, bytes]]]
"""Key, value, headers; those of one key are in one partition, in order."""


class TopicWriter:
    """Appends records to a topic."""

    def __init__(self, settings: Kafka, topic: str) -> None:
        self._producer, self._topic = Producer(settings, topic), topic

    async def append(self, records: Sequence[Record]) -> None:
        """Return once Kafka has persisted them all, in their order by key.

        BrokerUnavailable when it does not say so within 10 s: append all of them again.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):  # an idempotent producer itself never gives up
                producer = await self._producer.connected()
                sent = [
                    await producer.send(self._topic, key=key, value=value, headers=list(headers))
                    for key, value, headers in records
                ]
                await asyncio.gather(*sent)
        except (KafkaError, OSError, BrokerUnavailable) as error:  # TimeoutError is an OSError
            raise await self._producer.failed(error) from error

    async def abandon(self) -> None:
        """Discard the connection, with what is not sent."""
        await self._producer.abandon()


@asynccontextmanager
async def open_topic(settings: Kafka, topic: str) -> AsyncIterator[TopicWriter]:
    """A writer of a topic; what it was still sending at the end is discarded."""
    writer = TopicWriter(settings, topic)
    try:
        yield writer
    finally:
        await writer.abandon()
