"""A device whose clock is a year off, and a device that sends everything twice."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.numbered import DEVICES, Numbers, check, count, register, wait_for
from tests.support.process import wait_until

YEAR_MS = 365 * 86_400_000
THRESHOLDS = {"red": 1}


@pytest.fixture
def alarming(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A hub with a rule that each numbered message would page by, if it were not old."""
    hub = Hub(database, mosquitto.port, tmp_path, HUB_RULES__STALE_AFTER_S="3600")
    try:
        register(hub.start())
        hub.put(
            "/rules/much",
            name="much",
            profile="counter",
            metric="n",
            direction="above",
            thresholds=THRESHOLDS,
            guidance=GUIDANCE,
        )
        yield hub
    finally:
        hub.close()


def test_clock_a_year_behind(alarming: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    now_ms = time.time_ns() // 1_000_000
    for device in range(DEVICES):  # so that the hub has seen newer ones
        topic = f"ganzhi/v1/counter-{device}/telemetry"
        mosquitto.publish([(topic, b'{"ts":%d,"values":{"n":0}}' % now_ms)])
    wait_for(database, DEVICES)
    start_ms = now_ms - YEAR_MS
    with Numbers(mosquitto.port, messages, start_ms):
        pass
    wait_for(database, messages + DEVICES)
    late = fetch(database, "select count(*) filter (where quality & 1 = 1), count(*) from reading where value > 0")
    assert late == [(messages - 1, messages - 1)]
    assert count(database, "alert") == 0
    assert count(database, "dead_letter") == 0
    mosquitto.publish([("ganzhi/v1/counter-0/telemetry", b'{"values":{"n":%d}}' % messages)])  # a good clock does page
    wait_until(lambda: count(database, "alert") == 1, "the alert of a good clock")
    fetch(database, "delete from reading where quality & 1 = 0 returning 1")
    check(database, messages, start_ms)


def test_clock_a_year_ahead(alarming: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    start_ms = time.time_ns() // 1_000_000 + YEAR_MS
    with Numbers(mosquitto.port, messages, start_ms):
        pass
    wait_until(lambda: alarming.counter("ganzhi_refused_total") == messages, "everything refused", 60)
    assert fetch(database, "select distinct reason from dead_letter") == [("future_time",)]
    assert count(database) == 0
    assert count(database, "alert") == 0


def test_everything_sent_twice(counting: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    for _ in range(2):
        with Numbers(mosquitto.port, messages):
            pass
    wait_until(lambda: counting.counter("ganzhi_messages_total") >= 2 * messages, "both taken", 60)
    assert counting.terminate() == 0
    check(database, messages)
