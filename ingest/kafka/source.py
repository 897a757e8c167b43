"""Kafka ingest: each poll is one delivery, committed together with its offsets.

Offsets live in the store and nowhere else. What makes it exactly once is the commit: it counts only if each
partition still is where the poll began. Group membership only shares the work out.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    InconsistentGroupProtocolError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.partitioner import murmur2

from devices.addressing import Origins
from hub.backoff import Backoff
from hub.errors import BrokerUnavailable, TransientError
from hub.models import Delivery, Outcome, Position, Raw
from hub.pipeline import Sink
from hub.settings import Kafka
from hub.store.positions import Stored
from hub.telemetry import Counters
from ingest.kafka.records import Record, of_bus, of_third_party
from ingest.kafka.security import connection_options
from ingest.kafka.topics import ensure_topics, raw_topic

log = logging.getLogger(__name__)

POLLS_UNDER_WAY = 2
"""One is committed while the other is decoded; more would only fill the memory."""
POLL_RECORDS = 20_000
"""More than one fetch of packs brings: while records are left over, the next fetch is not asked for."""
POLL_S = 0.5
PARTITION_BYTES = 256 << 10
"""Read ahead of a partition; a larger record comes alone."""
FETCH_WAIT_MS = 50
"""How long Kafka may hold a fetch that finds nothing. A broker has one at a time, and while it is held no partition
that was read in the meantime is asked for."""
METADATA_MS = 10_000
"""How often topics and their partitions are asked for: who divides them right after they were made may not see them."""
REVOKED_GRACE_S = 3.0
"""How long partitions are kept for a commit under way, so that the next worker need not do its work again."""
RETRY_MAX_S = 15.0
ASK_S = 5.0
"""How often a Kafka from which nothing comes is asked whether it is there."""
ANSWER_S = 10.0
FOR_EVER_MS = 2**31 - 1
SETTLING_S = 0.05

ASSIGNORS = (RangePartitionAssignor,)
"""A worker gets the same partitions of all topics, and so has all that a device sends. Only one: with two, aiokafka
0.14 asks to join twice, and workers that do so in turn throw each other out of the group for minutes."""
OTHERS = "the group %s is held by workers that divide the partitions otherwise: this one begins when they have ended"

Positions = Mapping[tuple[str, int], Stored]


class KafkaSource:
    """Submits polls to the pipeline, at most two in flight; Kafka is not polled while they wait.

    `positions` tells how far each partition is committed. `on_assigned` takes over what other workers have committed;
    it is called while nothing of this source is under way. Both may raise StoreUnavailable and are tried again then.
    """

    def __init__(
        self,
        settings: Kafka,
        topics: Sequence[str],
        pipeline: Sink,
        counters: Counters,
        origins: Origins,
        positions: Callable[[], Awaitable[Positions]],
        on_assigned: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings, self._topics, self._pipeline, self._counters = settings, topics, pipeline, counters
        self._origins, self._positions, self._on_assigned = origins, positions, on_assigned
        self._next: dict[TopicPartition, int] = {}
        """Where the next poll of each partition begins; a partition that is not in it is not ours (yet)."""
        self._committed: dict[TopicPartition, int] = {}
        self._timers: dict[TopicPartition, int] = {}
        """Batches without messages that are committed for each partition of the assignment, and those under way."""
        self._reader: AIOKafkaConsumer | None = None
        self._unsure = asyncio.Event()
        """Set when partitions were assigned, or a commit was superseded: positions must be read again."""
        self._under_way = 0
        self._settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self.connected = False
        self._backoff = Backoff(log, "connected to Kafka %s again", settings.servers, longest_s=RETRY_MAX_S)

    @property
    def behind(self) -> bool:
        """Not told here: how far a log is read is known by its offsets (`read_up`)."""
        return False

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def stop(self) -> None:
        """Stop polling; `run` returns once everything in flight is settled."""
        self._stopping.set()

    def close(self) -> None:
        """No-op: nothing stays open after `run`."""
        self.stop()

    def timer(self) -> Delivery:
        """A delivery without messages, which is committed only while the partitions are still this worker's."""
        self._under_way += 1
        positions = tuple(self._position(partition, at, at) for partition, at in self._next.items())
        self._timers |= {partition: self._timers[partition] + 1 for partition in self._next}
        return Delivery([], partial(self._settle, positions), positions)

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """Partitions that are read; empty while that is being settled."""
        return frozenset() if self._unsure.is_set() else frozenset(self._next)

    def owns(self, device: str) -> bool:
        """Whether the partitions that are read hold all that the device of this code sends: of each topic the same."""
        if self._reader is None:
            return False
        counts = {len(self._reader.partitions_for_topic(topic) or ()) for topic in self._topics}
        if len(counts) > 1:
            return False
        partition = (murmur2(device.encode(errors="replace")) & 0x7FFFFFFF) % counts.pop()
        return all(TopicPartition(topic, partition) in self._timers for topic in self._topics)

    @property
    def bus_unused(self) -> bool:
        """Whether no edge has ever put anything into the partitions that are read."""
        bus = raw_topic(self._settings)
        return all(at == 0 for partition, at in self._next.items() if partition.topic == bus)

    async def read_up(self) -> bool:
        """Wait until what Kafka holds now of the assignment is committed; False when another one came meanwhile."""
        reader, assignment = self._reader, self.assignment
        if reader is None or not assignment:
            return False
        last = await reader.end_offsets(assignment)
        while self.assignment == assignment:
            read = [await reader.position(partition) >= last[partition] for partition in assignment]
            await asyncio.sleep(SETTLING_S)  # what was polled is handed over by then
            if all(read) and all(self._committed.get(one) == self._next.get(one) for one in assignment):
                return self.assignment == assignment
        return False

    async def run(self) -> None:
        """Stay in the consumer group until `stop`; logs once when Kafka goes down and once when it is back."""
        while not self._stopping.is_set():
            consumer: AIOKafkaConsumer | None = None
            try:
                await ensure_topics(self._settings, self._topics)
                consumer = self._consumer()
                await consumer.start()
                self._reader = consumer
                consumer.subscribe(self._topics, listener=_Listener(self._revoked, self._assigned))
                self._there()
                await self._consume(consumer)
                await self._quiet()
            except InconsistentGroupProtocolError:
                self._backoff.failed(OTHERS, self._settings.group)
            except (KafkaError, OSError, BrokerUnavailable) as error:
                self._away(error)
            finally:
                self.connected = False
                self._next, self._reader = {}, None
                if consumer is not None:
                    await _end(consumer)
            if self._backoff.down:
                await self._backoff.wait(self._stopping)

    def _there(self) -> None:
        if not self._backoff.succeeded() and not self.connected:
            log.info("connected to Kafka %s", self._settings.servers)
        self.connected = True

    def _away(self, error: Exception) -> None:
        self._backoff.failed("Kafka %s is away: %s", self._settings.servers, error or type(error).__name__)
        self.connected = False

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection_options(self._settings),
            group_id=self._settings.group,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            partition_assignment_strategy=ASSIGNORS,
            max_partition_fetch_bytes=PARTITION_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=METADATA_MS,
            session_timeout_ms=round(self._settings.session_s * 1000),
            heartbeat_interval_ms=round(self._settings.session_s * 300),
            # A worker that does not poll because the store is away is alive: its heartbeats say so.
            max_poll_interval_ms=FOR_EVER_MS,
        )

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        """Poll and submit until `stop`; KafkaError when the consumer is no longer usable."""
        asked = time.monotonic()
        while not self._stopping.is_set():
            if self._unsure.is_set():
                await self._or_stop(self._take_over(consumer))
                continue
            if self._under_way >= POLLS_UNDER_WAY:
                self._settled.clear()
                await self._or_stop(self._settled.wait())
                continue
            try:
                polled = await self._or_stop(
                    consumer.getmany(timeout_ms=round(POLL_S * 1000), max_records=POLL_RECORDS)
                )
            except (NoOffsetForPartitionError, OffsetOutOfRangeError):  # assigned and not sought yet; or removed
                self._unsure.set()
                continue
            if polled:
                await self._hand_over(polled)
            if not polled and time.monotonic() > asked + ASK_S:
                await self._or_stop(self._ask(consumer))
                asked = time.monotonic()

    async def _ask(self, consumer: AIOKafkaConsumer) -> None:
        """Probe Kafka, because aiokafka reconnects silently."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await consumer.topics()
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            self._away(error)
        else:
            self._there()

    async def _hand_over(self, polled: Mapping[TopicPartition, Sequence[Record]]) -> None:
        raws: list[Raw] = []
        positions: list[Position] = []
        for partition, records in polled.items():
            start = self._next.get(partition)
            if start is None:
                continue  # taken away, or read before we know from where
            of = of_bus if partition.topic == raw_topic(self._settings) else of_third_party
            read = of(records, self._origins)
            self._counters.skipped += len(records) - len(read)
            raws += read
            end = self._next[partition] = records[-1].offset + 1
            positions.append(self._position(partition, start, end))
        if positions:
            self._under_way += 1
            await self._pipeline.submit(Delivery(raws, partial(self._settle, positions), tuple(positions)))

    def _position(self, partition: TopicPartition, start: int, end: int) -> Position:
        return Position(partition.topic, partition.partition, start, end, self._timers[partition])

    async def _settle(self, positions: Sequence[Position], outcome: Outcome) -> None:
        self._under_way -= 1
        if not outcome.superseded:
            self._committed |= {TopicPartition(topic, number): end for topic, number, _, end, _ in positions}
        self._settled.set()
        if outcome.superseded:
            self._unsure.set()

    async def _quiet(self) -> None:
        """Wait until nothing is in flight."""
        while self._under_way:
            self._settled.clear()
            await self._settled.wait()

    async def _revoked(self) -> None:
        self._next = {}
        try:
            async with asyncio.timeout(REVOKED_GRACE_S):
                await self._quiet()
        except TimeoutError:
            log.info("partitions go while their commit is under way: it counts only if it is the first")

    async def _assigned(self) -> None:
        self._next = {}
        self._unsure.set()

    async def _take_over(self, consumer: AIOKafkaConsumer) -> None:
        """Seek to the committed offsets and restore the state that belongs to them."""
        self._next, self._committed, self._timers = {}, {}, {}
        await self._quiet()
        self._unsure.clear()  # what is assigned from here on sets it again
        partitions = consumer.assignment()
        if not partitions:
            return
        first = await consumer.beginning_offsets(partitions)
        backoff = Backoff(longest_s=RETRY_MAX_S)
        while True:
            try:
                # Positions first: when another worker commits in between, our first commit is superseded.
                positions = await self._positions()
                stored = {one: positions.get((one.topic, one.partition), Stored(first[one])) for one in partitions}
                self._timers = {one: timers for one, (_, timers) in stored.items()}
                await self._on_assigned()
                break
            except TransientError as error:
                log.debug("partitions wait for the store: %s", error)
                await backoff.wait()
        last = await consumer.end_offsets(partitions)
        if self._unsure.is_set():
            return
        for partition in partitions:
            at = stored[partition].offset
            if not first[partition] <= at <= last[partition]:
                log.error("%s holds %d to %d, not %d: it is read from its beginning; what is missing was removed by "
                          "Kafka", partition, first[partition], last[partition], at)  # fmt: skip
            consumer.seek(partition, at if first[partition] <= at <= last[partition] else first[partition])
            self._next[partition] = self._committed[partition] = at
        log.info("reading %d partitions", len(partitions))

    async def _or_stop(self, work: Awaitable[Any]) -> Any:
        """Await work, or cancel it and return None when `stop` comes first."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            for one in (doing, stopping):
                one.cancel()


async def _end(consumer: AIOKafkaConsumer) -> None:
    """Leave the consumer group and close, in any state."""
    stopping = asyncio.create_task(consumer.stop(), name="kafka.stop")
    await asyncio.wait({stopping}, timeout=ANSWER_S)
    if not stopping.done() or stopping.cancelled() or stopping.exception():
        # While Kafka is away, aiokafka lets the cancellation of its own requests out of stop(), which ends it halfway.
        stopping.cancel()
        await consumer._client.close()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Rebalance listener: forwards assignments to the source."""

    def __init__(self, revoked: Callable[[], Awaitable[None]], assigned: Callable[[], Awaitable[None]]) -> None:
        self._revoked, self._assigned = revoked, assigned

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Partitions were revoked, perhaps only for a moment."""
        await self._revoked()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Partitions were assigned."""
        await self._assigned()
