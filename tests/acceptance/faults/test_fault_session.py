"""The hub's session: handed over from the client id of older versions, ended by a stranger, and told as what it is."""

import re
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from tests.support import sessions
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.numbered import Numbers, check, held, resident_mb, wait_for
from tests.support.process import wait_until

STEPS = {
    "the old session is asked for": r"as ganzhi-hub \(p2, c0",
    "whether it is subscribed": r"as ganzhi-hub-probe-",
    "the new session is subscribed": r"as ganzhi-hub-[0-9a-f]{24} \(",
    "the new session has its marker": r"Client ganzhi-hub-[0-9a-f]{24} (disconnected|closed its connection)",
    "the old session is ended": r"as ganzhi-hub \(p2, c1",
    "the new session is read": r"as ganzhi-hub-[0-9a-f]{24} \(",
}
"""What the broker has logged when a step of the handover has begun."""


@pytest.fixture
def old(counting: Hub, database: str, mosquitto: Mosquitto) -> Hub:
    """A hub, not started, whose broker and database an older version has left."""
    assert counting.terminate() == 0
    sessions.end(mosquitto.port, sessions.client_id(database))
    with psycopg.connect(database) as conn:
        conn.execute("delete from mqtt_session")
    sessions.subscribe(mosquitto.port)
    return counting


@pytest.mark.parametrize(
    ("steps", "total", "rate"),
    [
        pytest.param(list(STEPS)[2:5:2], 2_000, 500, id="two-kills", marks=pytest.mark.heavy),
        pytest.param(list(STEPS), 60_000, 3_000, id="all-kills", marks=pytest.mark.heavy),
    ],
)
def test_an_old_session_is_handed_over_under_load_and_kills(
    old: Hub, database: str, mosquitto: Mosquitto, steps: Sequence[str], total: int, rate: int
) -> None:
    """Messages without a time, so that what is taken from both sessions is stored twice."""
    with Numbers(mosquitto.port, total, None, rate=rate) as numbers:
        wait_until(lambda: numbers.acknowledged > rate, "messages wait in the old session")
        for step in steps:
            _kill_at(old, mosquitto, STEPS[step], step)
        old.start()
    wait_for(database, total)
    assert old.terminate() == 0
    check(database, total, None)
    assert not sessions.knows(mosquitto.port, sessions.OLD)
    assert sessions.knows(mosquitto.port, sessions.client_id(database))


def _kill_at(hub: Hub, mosquitto: Mosquitto, pattern: str, step: str) -> None:
    before = len(mosquitto.text())
    hub.launch()
    wait_until(lambda: re.search(pattern, mosquitto.text()[before:]), step)
    hub.kill()


def test_who_ended_the_old_session_before_it_was_handed_over_is_noticed(
    old: Hub, database: str, mosquitto: Mosquitto
) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("insert into device_seen (device_id, seen_at) select id, '2026-01-01T00:00Z' from device limit 1")
    mosquitto.publish([("ganzhi/v1/counter-0/telemetry", b'{"n": 1}')] * 10)
    sessions.end(mosquitto.port, sessions.OLD)
    old.start()
    assert "accepted for the hub since 2026-01-01T00:00:00+00:00 may be lost" in old.text()
    assert not sessions.knows(mosquitto.port, sessions.OLD)


@pytest.mark.heavy
def test_a_long_absence_is_read_in_batches_and_within_memory(
    counting: Hub, database: str, mosquitto: Mosquitto
) -> None:
    """mosquitto 2.0.11 sends all of a session that is resumed, as soon as something is acknowledged."""
    total = 300_000
    with Numbers(mosquitto.port, total, None, stops=(0.05,)) as numbers:
        wait_for(database, 1_000)
        with held(database, numbers.go_on):  # so that messages are in flight
            wait_until(lambda: numbers.acknowledged > total // 5, "messages wait in the broker", 60)
            idle = resident_mb(counting.pid)
            counting.kill()
    counting.start()
    wait_for(database, total * 2 // 3)
    counting.kill()
    counting.start()
    wait_for(database, total)
    assert resident_mb(counting.pid, "VmHWM") < idle + 100
    with psycopg.connect(database) as conn:
        row = conn.execute("select max(n) from (select count(*) n from reading group by xmin) batches").fetchone()
    assert row is not None
    assert row[0] <= 20_000
    assert counting.terminate() == 0
    check(database, total, None)


@pytest.mark.heavy
def test_who_ends_the_session_while_the_hub_is_away_is_noticed(
    counting: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    session = sessions.client_id(database)
    assert re.fullmatch(r"ganzhi-hub-[0-9a-f]{24}", session)
    _wait_until_noted(database, "held_at")
    assert counting.terminate() == 0
    mosquitto.publish([("ganzhi/v1/counter-0/telemetry", b'{"n": 1}')] * 10)
    sessions.end(mosquitto.port, session)
    counting.start()
    assert "the broker does not know the session of mqtt.client_id 'ganzhi-hub' any more" in counting.text()
    assert "may be lost" in counting.text()
    _wait_until_noted(database, "lost_at")
    told = _checked(counting, tmp_path)
    assert "did not know the hub's session any more" in told
    assert re.search(r"since \d{4}-\d\d-\d\dT[\d:+]+ may be lost", told)


def _wait_until_noted(database: str, column: str) -> None:
    query = psycopg.sql.SQL("select {} from mqtt_session").format(psycopg.sql.Identifier(column))

    def noted() -> object:
        with psycopg.connect(database) as conn:
            row = conn.execute(query).fetchone()
        return row is not None and row[0]

    wait_until(noted, f"{column} is noted")


def _checked(hub: Hub, folder: Path) -> str:
    status, told = run_hub("check", env=hub.env, folder=folder)
    assert status == 0, told
    return told
