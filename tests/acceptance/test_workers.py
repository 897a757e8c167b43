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
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.numbered import DEVICES, START_MS, Numbers, check, count, held, register, wait_for
from tests.support.process import wait_until

SHARES = (0.1, 0.4, 0.7)
Start = int | None
"""Milliseconds of the first message; None: each has the time of its arrival."""


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


TIMES = pytest.mark.parametrize(
    "start_ms",
    [pytest.param(START_MS, id="with-ts", marks=pytest.mark.heavy), pytest.param(None, id="time-of-arrival")],
)
"""Of readings; without a time of their own they are harder to tell from what came before."""


@TIMES
def test_a_worker_is_killed_in_mid_commit(
    crew: Hub, database: str, mosquitto: Mosquitto, start_ms: Start, messages: int
) -> None:
    with Numbers(mosquitto.port, messages, start_ms, stops=SHARES) as numbers:
        for number, share in enumerate(SHARES, 1):
            wait_for(database, int(messages * share))
            with held(database, numbers.go_on):
                _kill(crew, number)
    wait_for(database, messages)
    wait_until(lambda: crew.api.get("/readyz").status_code == 200, "all workers are back")
    for number in (1, 2, 3):
        assert f"worker {number} ended (signal 9, SIGKILL)" in crew.text()
        assert f"worker {number} is back" in crew.text()
    assert crew.terminate() == 0
    check(database, messages, start_ms)
    assert not _late(database)


@pytest.mark.heavy
@TIMES
def test_the_reading_process_is_killed(
    crew: Hub, database: str, mosquitto: Mosquitto, start_ms: Start, messages: int
) -> None:
    with Numbers(mosquitto.port, messages, start_ms, stops=SHARES) as numbers:
        for share in SHARES[:2]:
            wait_for(database, int(messages * share))
            with held(database, numbers.go_on):
                _kill_reader(crew)
            crew.start()
    wait_for(database, messages)
    assert crew.terminate() == 0
    check(database, messages, start_ms)


@pytest.mark.heavy
@TIMES
def test_the_number_of_workers_changes(
    crew: Hub, database: str, mosquitto: Mosquitto, start_ms: Start, messages: int
) -> None:
    with Numbers(mosquitto.port, messages, start_ms, stops=SHARES) as numbers:
        for share, workers in zip(SHARES, ("2", "0", "3"), strict=True):
            wait_for(database, int(messages * share))
            with held(database, numbers.go_on):
                crew.kill()
            crew.start("--workers", workers)
    wait_for(database, messages)
    assert crew.terminate() == 0
    check(database, messages, start_ms)


def test_the_counters_are_those_of_all_workers(crew: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    with Numbers(mosquitto.port, messages):
        pass
    wait_for(database, messages)
    wait_until(lambda: crew.counter("ganzhi_messages_total") == messages, "all messages counted")
    assert crew.counter("ganzhi_readings_total") == messages
    told = {"messages": messages}
    wait_until(
        lambda: told.items() <= crew.api.get("/api/v1/status").json()["process"].items(),
        "the status, which may be a second old, has them too",
    )
    workers = crew.workers.values()
    assert len(workers) == 3
    assert crew.terminate() == 0
    assert not any(map(_alive, workers))
    assert not _late(database)


def _turns(turns: range, whole: int) -> Iterator[tuple[str, bytes]]:
    """Each device in turn: high for long in the middle, otherwise high and low by turns; who misses one misjudges."""
    for turn in turns:
        high = whole // 4 <= turn < whole * 3 // 4 or turn % 2 == 0
        for device in range(DEVICES):
            body = {"ts": START_MS + turn * 1000, "values": {"n": 100 if high else 10}}
            yield f"ganzhi/v1/counter-{device}/telemetry", json.dumps(body).encode()


@pytest.mark.parametrize(
    "killed",
    [pytest.param(False, id="undisturbed", marks=pytest.mark.heavy), pytest.param(True, id="one-worker-killed")],
)
def test_each_device_is_judged_in_order(
    crew: Hub, database: str, mosquitto: Mosquitto, killed: bool, messages: int
) -> None:
    turns = messages // DEVICES
    crew.put(
        "/rules/high", name="high", profile="counter", metric="n", direction="above",
        thresholds={"red": 50}, guidance=GUIDANCE, hysteresis=5, hold_s=2, enabled=True,
    )  # fmt: skip
    mosquitto.publish(_turns(range(turns // 4), turns))
    rest = threading.Thread(target=mosquitto.publish, args=(_turns(range(turns // 4, turns), turns),))
    if killed:
        wait_for(database, turns // 4 * DEVICES)
        with held(database, rest.start):
            _kill(crew, 2)
    else:
        rest.start()
    rest.join()
    wait_for(database, turns * DEVICES)
    assert crew.terminate() == 0
    with psycopg.connect(database) as conn:
        changes = conn.execute(
            "select d.code, array_agg(c.kind order by c.seq) from alert_change c join alert a on a.id = c.alert_id"
            " join device d on d.id = a.device_id group by d.code"
        ).fetchall()
    assert sorted(changes) == sorted((f"counter-{device}", ["raised", "cleared"]) for device in range(DEVICES))
    assert not _late(database)
    assert count(database, "dead_letter") == 0
