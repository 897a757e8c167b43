"""A worker that does not poll because the store is away for an hour stays in its group: its heartbeats say it lives."""

import asyncio
import time
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer

from devices.addressing import Origins
from hub.models import Delivery, Outcome
from hub.telemetry import Counters
from ingest.kafka import source as kafka_module
from ingest.kafka.source import POLLS_UNDER_WAY, KafkaSource, Positions
from ingest.kafka.topics import forms_of
from tests.support.kafka_topics import KafkaTopics, Publication
from tests.support.process import eventually

HOUR_S = 3600
BEATS_S = 1.5
"""Several heartbeats of a session of one second."""


class _Source(KafkaSource):
    """Shows the consumer that it works with."""

    def _consumer(self) -> AIOKafkaConsumer:
        self.consumer = super()._consumer()
        return self.consumer


class _Stuck:
    """A pipeline that takes what it is given and commits nothing."""

    full = False

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []

    async def submit(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)


@pytest.mark.parametrize(
    ("limit_ms", "members"), [(kafka_module.FOR_EVER_MS, 1), (300_000, 0)], ids=["as-it-is", "with-the-usual-limit"]
)
async def test_it_stays_in_the_group(
    kafka: KafkaTopics, monkeypatch: pytest.MonkeyPatch, limit_ms: int, members: int
) -> None:
    monkeypatch.setattr(kafka_module, "FOR_EVER_MS", limit_ms)
    topics = KafkaTopics(str(kafka.settings.servers), session_s=1)
    stuck = _Stuck()

    async def stored() -> Positions:
        return {}

    async def assigned() -> None:
        """Nothing to restore."""

    origins = Origins("ganzhi/v1", forms_of(topics.settings))
    source = _Source(topics.settings, [topics.topic("telemetry")], stuck, Counters(), origins, stored, assigned)
    running = asyncio.create_task(source.run(), name="source")
    try:
        for number in range(POLLS_UNDER_WAY):
            await topics.publish("telemetry", [Publication(b"{}", b"d")])
            await eventually(partial(_reached, stuck, number + 1), "a poll is under way")
        assert await topics.members() == 1
        subscription = source.consumer._subscription
        # aiokafka counts a poll that raised as one that never ended, and then no limit as reached.
        subscription._fetch_count, subscription._last_fetch_ended = 0, time.monotonic() - HOUR_S
        await asyncio.sleep(BEATS_S)
        assert await topics.members() == members
    finally:
        source.stop()
        for delivery in stuck.deliveries:
            await delivery.settle(Outcome())
        await running


async def _reached(stuck: _Stuck, wanted: int) -> bool:
    return len(stuck.deliveries) >= wanted
