"""`hub serve --workers 3`: killed workers, another number of workers, and rules that need each device in order."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.quality import Quality
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import DEVICES, START_MS, Numbers, check, count, held, register, wait_for
from tests.support.process import wait_until

MESSAGES = 100_000
RATE = 10_000
"""Messages a second where the hub is started again: the load must outlast its start."""
TURNS = 2_000
ALARMED = range(500, 1_500)


@pytest.fixture
def crew(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub with three workers that knows the numbered devices."""
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "3")
    try:
        register(hub.start())
        yield hub
    finally:
        hub.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill(hub: Hub, number: int) -> None:
    """SIGKILL to a worker; returns once another process stands in for it."""
    before = hub.workers[number]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: hub.workers.get(number, before) != before, f"worker {number} is started again")


def _kill_reader(hub: Hub) -> None:
    """SIGKILL to the process that reads; returns once its workers have ended by themselves."""
    workers = hub.workers.values()
    hub.kill()
    wait_until(lambda: not any(map(_alive, workers)), "the workers end by themselves")


def _late(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from reading where quality & %s <> 0", (int(Quality.LATE),)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("start_ms", [START_MS, None], ids=["with-ts", "time-of-arrival"])
def test_a_worker_is_killed_in_mid_commit(crew: Hub, database: str, mosquitto: Mosquitto, start_ms: int | None) -> None:
    with Numbers(mosquitto.port, MESSAGES, start_ms, rate=3 * RATE):
        for number, share in ((1, 0.1), (2, 0.4), (3, 0.7)):
            wait_for(database, int(MESSAGES * share))
            with held(database):
                _kill(crew, number)
    wait_for(database, MESSAGES)
    wait_until(lambda: crew.api.get("/readyz").status_code == 200, "all workers are back")
    for number in (1, 2, 3):
        assert f"worker {number} ended (signal 9, SIGKILL)" in crew.text()
        assert f"worker {number} is back" in crew.text()
    assert crew.terminate() == 0
    check(database, MESSAGES, start_ms)
    assert not _late(database)


@pytest.mark.parametrize("start_ms", [START_MS, None], ids=["with-ts", "time-of-arrival"])
def test_the_reading_process_is_killed(crew: Hub, database: str, mosquitto: Mosquitto, start_ms: int | None) -> None:
    with Numbers(mosquitto.port, MESSAGES, start_ms, rate=RATE):
        for share in (0.1, 0.4):
            wait_for(database, int(MESSAGES * share))
            with held(database):
                _kill_reader(crew)
            crew.start()
    wait_for(database, MESSAGES)
    assert crew.terminate() == 0
    check(database, MESSAGES, start_ms)


@pytest.mark.parametrize("start_ms", [START_MS, None], ids=["with-ts", "time-of-arrival"])
def test_the_number_of_workers_changes(crew: Hub, database: str, mosquitto: Mosquitto, start_ms: int | None) -> None:
    with Numbers(mosquitto.port, MESSAGES, start_ms, rate=RATE):
        for share, arguments in ((0.1, ["--workers", "2"]), (0.4, ["--workers", "0"]), (0.7, ["--workers", "3"])):
            wait_for(database, int(MESSAGES * share))
            with held(database):
                crew.kill()
            crew.start(*arguments)
    wait_for(database, MESSAGES)
    assert crew.terminate() == 0
    check(database, MESSAGES, start_ms)


def test_the_counters_are_those_of_all_workers(crew: Hub, database: str, mosquitto: Mosquitto) -> None:
    with Numbers(mosquitto.port, MESSAGES):
        pass
    wait_for(database, MESSAGES)
    wait_until(lambda: crew.counter("ganzhi_messages_total") == MESSAGES, "all messages counted")
    assert crew.counter("ganzhi_readings_total") == MESSAGES
    assert crew.api.get("/api/v1/status").json()["process"]["messages"] == MESSAGES
    workers = crew.workers.values()
    assert len(workers) == 3
    assert crew.terminate() == 0
    assert not any(map(_alive, workers))
    assert not _late(database)


def _turns() -> Iterator[tuple[str, bytes]]:
    """Each device in turn: high for long in the middle, otherwise high and low by turns; who misses one misjudges."""
    for turn in range(TURNS):
        high = turn in ALARMED or turn % 2 == 0
        for device in range(DEVICES):
            body = {"ts": START_MS + turn * 1000, "values": {"n": 100 if high else 10}}
            yield f"ganzhi/v1/counter-{device}/telemetry", json.dumps(body).encode()


@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "one-worker-killed"])
def test_each_device_is_judged_in_order(crew: Hub, database: str, mosquitto: Mosquitto, killed: bool) -> None:
    crew.put(
        "/rules/high", name="high", profile="counter", metric="n", direction="above",
        thresholds={"red": 50}, hysteresis=5, hold_s=2, enabled=True,
    )  # fmt: skip
    load = threading.Thread(target=mosquitto.publish, args=(_turns(),))
    load.start()
    if killed:
        wait_for(database, ALARMED.start * DEVICES)
        with held(database):
            _kill(crew, 2)
    load.join()
    wait_for(database, TURNS * DEVICES)
    assert crew.terminate() == 0
    with psycopg.connect(database) as conn:
        changes = conn.execute(
            "select d.code, array_agg(c.kind order by c.seq) from alert_change c join alert a on a.id = c.alert_id"
            " join device d on d.id = a.device_id group by d.code"
        ).fetchall()
    assert sorted(changes) == sorted((f"counter-{device}", ["raised", "cleared"]) for device in range(DEVICES))
    assert not _late(database)
    assert count(database, "dead_letter") == 0
