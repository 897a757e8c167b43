"""A gateway comes back after a week: it sends its whole buffer, out of order, a part of it once more."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.quality import Quality
from tests.support.batches import count
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import wait_for
from tests.support.process import wait_until

DEVICES = 20
PACK = 50
STEP_MS = 120_000

Reading = tuple[int, float]
"""Milliseconds, value."""


@pytest.fixture
def served(store_url: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub on each kind of store in turn."""
    hub = Hub(store_url, mosquitto.port, tmp_path)
    try:
        yield hub.start()
    finally:
        hub.close()


def _register(hub: Hub) -> None:
    hub.put("/profiles/well", name="well", metrics={"level": {"name": "level", "unit": "m"}})
    hub.put("/devices/gate", name="gate", profile="well")
    rows = "".join(f"well-{number},well,well,gate\n" for number in range(DEVICES))
    answer = hub.api.post(
        "/api/v1/devices:import", content=f"code,name,profile,parent\n{rows}", headers={"content-type": "text/csv"}
    )
    assert answer.json()["created"] == DEVICES
    hub.put(
        "/rules/flood", name="Flood", profile="well", metric="level", direction="above", thresholds={"red": 50}
    )  # fmt: skip
    hub.wait_for_devices(DEVICES + 1)


def _messages(readings: dict[int, list[Reading]], picks: random.Random) -> list[tuple[str, bytes]]:
    """The readings in messages of many, all in random order."""
    messages = []
    for device, mine in readings.items():
        mixed = picks.sample(mine, len(mine))
        for start in range(0, len(mixed), PACK):
            body = [{"ts": ts, "values": {"level": value}} for ts, value in mixed[start : start + PACK]]
            messages.append((f"ganzhi/v1/gate/child/well-{device}/telemetry", json.dumps(body).encode()))
    picks.shuffle(messages)
    return messages


def _stored(url: str) -> dict[tuple[int, int], tuple[float, int]]:
    query = (
        "select split_part(d.code, '-', 2)::int, (extract(epoch from r.ts) * 1000)::int8, r.value, r.quality"
        " from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
    )
    with psycopg.connect(url) as conn:
        rows = conn.execute(query.encode()).fetchall()
    found = {(device, ts): (value, quality) for device, ts, value, quality in rows}
    assert len(found) == len(rows)
    return found


def _jobs(url: str, mode: str) -> None:
    """What TimescaleDB does at its own time: refresh aggregates, compress."""
    if mode == "timescaledb":
        with psycopg.connect(url, autocommit=True) as conn:
            for (job,) in conn.execute(
                "select job_id from timescaledb_information.jobs where job_id >= 1000 order by 1"
            ).fetchall():
                conn.execute("call run_job(%s)", (job,))


def _compress(url: str, mode: str) -> None:
    if mode == "timescaledb":
        with psycopg.connect(url, autocommit=True) as conn:
            assert conn.execute("select compress_chunk(c) from show_chunks('reading') c").fetchall()


def _check_aggregates(url: str, stored: dict[tuple[int, int], tuple[float, int]]) -> None:
    hours: dict[tuple[int, int], list[float]] = defaultdict(list)
    for (device, ts), (value, _) in stored.items():
        hours[device, ts // 3_600_000].append(value)
    query = (
        "select split_part(d.code, '-', 2)::int, (extract(epoch from a.bucket) / 3600)::int8, a.n, a.min, a.max, a.sum"
        " from reading_1h a join series s on s.id = a.series_id join device d on d.id = s.device_id"
    )
    with psycopg.connect(url) as conn:
        told = {(row[0], row[1]): row[2:] for row in conn.execute(query.encode()).fetchall()}
    assert told == {
        key: (len(values), min(values), max(values), float(sum(values))) for key, values in hours.items()
    }  # fmt: skip


def test_buffer_of_a_gateway_is_stored_once_flagged_late_and_pages_nobody(
    served: Hub, store_url: str, store_mode: str, mosquitto: Mosquitto, messages: int
) -> None:
    each = messages // DEVICES
    sent_of_each = each // 5  # before the line was cut
    _register(served)
    picks = random.Random(12)
    now = time.time_ns() // 1_000_000
    start = (now - 8 * 86_400_000) // STEP_MS * STEP_MS
    sent_before = set(picks.sample(range(each), sent_of_each))
    # What had arrived was harmless; what had not is far out of bounds: late data must not page.
    buffer = {
        device: [(start + n * STEP_MS, float(n % 40 if n in sent_before else 60 + n % 40)) for n in range(each)]
        for device in range(DEVICES)
    }
    before = _messages({d: [mine[n] for n in sorted(sent_before)] for d, mine in buffer.items()}, picks)
    live = [
        (f"ganzhi/v1/well-{d}/telemetry", json.dumps({"ts": now, "values": {"level": 1}}).encode())
        for d in range(DEVICES)
    ]
    early = DEVICES * sent_of_each + DEVICES
    mosquitto.publish(before)
    wait_until(lambda: served.counter("ganzhi_messages_total") >= len(before), "what came before the outage", 60)
    mosquitto.publish(live)
    wait_for(store_url, early)
    _jobs(store_url, store_mode)
    _compress(store_url, store_mode)
    known = _stored(store_url)

    late = _messages(buffer, picks)
    late += picks.sample(late, len(late) // 10)  # and some of it twice
    mosquitto.publish(late)
    total = len(before) + len(live) + len(late)
    taken = "ganzhi_messages_total"
    wait_until(lambda: served.counter(taken) >= total, "the whole buffer", 60, lambda: served.counter(taken))

    stored = _stored(store_url)
    expected = {
        (device, ts): (value, known[device, ts][1] if (device, ts) in known else Quality.LATE)
        for device, mine in buffer.items()
        for ts, value in mine
    } | {(device, now): (1.0, 0) for device in range(DEVICES)}
    assert stored == expected
    with psycopg.connect(store_url) as conn:
        assert conn.execute("select (select count(*) from alert), (select count(*) from dead_letter)").fetchone() == (
            0,
            0,
        )
    _jobs(store_url, store_mode)
    _check_aggregates(store_url, stored)

    # The rule does work: what is new pages.
    mosquitto.publish([_reading(0, now + 1, 99)])
    wait_until(lambda: count(store_url, "alert") == 1, "an alert of what is new", 20)


def _reading(device: int, ts: int, value: float) -> tuple[str, bytes]:
    return f"ganzhi/v1/well-{device}/telemetry", json.dumps({"ts": ts, "values": {"level": value}}).encode()


def test_what_is_older_than_what_a_killed_hub_had_committed_pages_nobody(
    served: Hub, store_url: str, mosquitto: Mosquitto
) -> None:
    _register(served)
    now = time.time_ns() // 1_000_000
    with psycopg.connect(store_url) as conn:
        conn.execute("lock table latest in exclusive mode")  # the newest readings cannot be flushed
        mosquitto.publish([_reading(0, now, 1)])
        wait_for(store_url, 1)
        served.kill()
    served.start()
    mosquitto.publish([_reading(0, now - 60_000, 99), _reading(1, now, 1), _reading(1, now - 60_000, 99)])
    wait_for(store_url, 4)
    assert _stored(store_url) == {
        (0, now): (1, 0), (0, now - 60_000): (99, Quality.LATE),
        (1, now): (1, 0), (1, now - 60_000): (99, Quality.LATE),
    }  # fmt: skip
    assert count(store_url, "alert") == 0
    mosquitto.publish([_reading(0, now + 1, 99), _reading(1, now + 1, 99)])
    wait_until(lambda: count(store_url, "alert") == 2, "alerts of what is new", 20)
