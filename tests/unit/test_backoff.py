"""Waits grow, are spread and bounded; an outage is one log line, and its end another."""

import asyncio
import logging
import time

import pytest

from hub.backoff import Backoff, jittered

log = logging.getLogger("test.backoff")


def test_jitter_leaves_half_to_chance() -> None:
    waits = [jittered(1.0) for _ in range(1000)]
    assert 0.5 <= min(waits) < 0.6
    assert 0.9 < max(waits) <= 1.0


def test_each_wait_is_at_most_twice_the_one_before_up_to_the_longest() -> None:
    backoff = Backoff(first_s=0.1, longest_s=1.0)
    for longest in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0):
        assert longest / 2 <= backoff.next_s() <= longest


def test_a_success_begins_with_the_first_wait_again() -> None:
    backoff = Backoff(first_s=0.1, longest_s=60.0)
    for _ in range(5):
        backoff.next_s()
    backoff.succeeded()
    assert backoff.next_s() <= 0.1


def test_an_outage_is_logged_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    backoff = Backoff(log, "%s is back", "Kafka")
    caplog.set_level(logging.INFO, log.name)
    backoff.succeeded()
    assert not caplog.messages
    for _ in range(2):
        for attempt in range(3):
            backoff.failed("Kafka is away: %s", attempt)
            assert backoff.down
        assert backoff.succeeded()
        assert not backoff.succeeded()
        assert not backoff.down
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == 2 * [("ERROR", "Kafka is away: 0"), ("WARNING", "Kafka is back")]


def test_an_outage_that_is_reported_elsewhere_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    backoff = Backoff()
    backoff.failed("away")
    assert backoff.succeeded()
    assert not caplog.messages


async def test_a_wait_ends_with_its_event_and_otherwise_in_time() -> None:
    stop = asyncio.Event()
    backoff = Backoff(first_s=0.05, longest_s=60.0)
    began = time.monotonic()
    await backoff.wait(stop)
    await backoff.wait()
    assert time.monotonic() - began >= 0.025 + 0.05
    for _ in range(20):
        backoff.next_s()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    async with asyncio.timeout(5):
        await backoff.wait(stop)
