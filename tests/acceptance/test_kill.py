"""kill -9 at the worst moments: what a broker was told is stored is there once, with its value.

Two moments matter. In mid-commit: whoever acknowledges before the commit loses messages here. Between the commit and
the broker's receipt of our acknowledgement: whoever does not recognise a redelivery stores messages twice here.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Mosquitto, publisher
from tests.support.hub import Hub
from tests.support.line import Line
from tests.support.process import wait_until

MESSAGES = 50_000
DEVICES = 20
START_MS = 1_760_000_000_000


@pytest.fixture
def proxied(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[tuple[Hub, Line]]:
    """A running hub that reaches its broker over a line that can fail."""
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path, HUB_DEAD_LETTERS__PER_MINUTE="100000")  # each letter is looked at
        try:
            yield hub.start(), line
        finally:
            hub.close()


def _register(hub: Hub) -> None:
    hub.put("/profiles/counter", name="counter", metrics={"n": {"name": "n", "unit": "1"}})
    rows = "".join(f"counter-{number},counter,counter\n" for number in range(DEVICES))
    answer = hub.api.post(
        "/api/v1/devices:import", content=f"code,name,profile\n{rows}", headers={"content-type": "text/csv"}
    )
    assert answer.json()["created"] == DEVICES
    hub.wait_for_devices(DEVICES)


@contextmanager
def _load(broker: Mosquitto, count: int, timed: bool) -> Iterator[None]:
    """Numbered messages, each acknowledged by the broker when the block ends."""
    failures: list[BaseException] = []

    def publish() -> None:
        try:
            with publisher(broker.host, broker.port, "numbers") as client:
                sent = []
                for number in range(count):
                    body: dict[str, object] = {"values": {"n": number}}
                    if timed:
                        body["ts"] = START_MS + number
                    topic = f"ganzhi/v1/counter-{number % DEVICES}/telemetry"
                    sent.append(client.publish(topic, json.dumps(body), qos=1))
                for info in sent:
                    info.wait_for_publish(120)
                    assert info.is_published()
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not failures


def _count(url: str, table: str = "reading") -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def _kill_in_mid_commit(hub: Hub, url: str) -> None:
    """Hold the table so that a commit cannot finish, and kill the hub once one is waiting."""
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as observer:
        holder.execute("lock table reading in exclusive mode")
        waiting = "select count(*) from pg_locks where not granted and relation = 'reading'::regclass"
        wait_until(lambda: observer.execute(waiting).fetchone() != (0,), "a commit waits", 30)
        hub.kill()
        holder.rollback()


def _check(url: str, count: int, timed: bool) -> None:
    """Every message is there once: its value, its device, and its time where it had one."""
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select d.code, r.value, (extract(epoch from r.ts) * 1000)::int8 from reading r"
            " join series s on s.id = r.series_id join device d on d.id = s.device_id order by r.value"
        ).fetchall()
    assert [row[1] for row in rows] == list(range(count))
    assert all(code == f"counter-{int(value) % DEVICES}" for code, value, _ in rows)
    if timed:
        assert all(ts == START_MS + int(value) for _, value, ts in rows)
    assert _count(url, "dead_letter") == 0


def test_nothing_is_lost_when_the_hub_is_killed_in_mid_commit(hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    _register(hub)
    with _load(mosquitto, MESSAGES, timed=True):
        for share in (0.1, 0.4, 0.7):
            wait_until(lambda share=share: _count(database) >= MESSAGES * share, f"{share:.0%} stored", 120)
            _kill_in_mid_commit(hub, database)
            hub.start()
    wait_until(lambda: _count(database) >= MESSAGES, "everything stored", 120)
    assert hub.terminate() == 0
    _check(database, MESSAGES, timed=True)


@pytest.mark.parametrize("timed", [True, False], ids=["with-ts", "time-of-arrival"])
def test_nothing_is_stored_twice_when_acknowledgements_are_lost(
    proxied: tuple[Hub, Line], database: str, mosquitto: Mosquitto, timed: bool
) -> None:
    hub, line = proxied
    count = 10_000
    _register(hub)
    with _load(mosquitto, count, timed):
        for share in (0.1, 0.5):
            wait_until(lambda share=share: _count(database) >= count * share, f"{share:.0%} stored", 60)
            line.swallow.set()
            before = line.swallowed
            wait_until(lambda before=before: line.swallowed > before, "an acknowledgement swallowed", 60)
            hub.kill()
            line.cut()
            line.swallow.clear()
            hub.start()
    wait_until(lambda: _count(database) >= count, "everything stored", 60)
    assert hub.terminate() == 0
    _check(database, count, timed)


@pytest.mark.parametrize("timed", [True, False], ids=["with-ts", "time-of-arrival"])
def test_nothing_is_stored_twice_when_the_line_to_the_broker_is_cut(
    proxied: tuple[Hub, Line], database: str, mosquitto: Mosquitto, timed: bool
) -> None:
    hub, line = proxied
    count = 10_000
    _register(hub)
    with _load(mosquitto, count, timed):
        for share in (0.1, 0.4, 0.7):
            wait_until(lambda share=share: _count(database) >= count * share, f"{share:.0%} stored", 60)
            line.swallow.set()
            before = line.swallowed
            wait_until(lambda before=before: line.swallowed > before, "an acknowledgement swallowed", 60)
            line.cut()
            line.swallow.clear()
    wait_until(lambda: _count(database) >= count, "everything stored", 60)
    assert hub.terminate() == 0
    _check(database, count, timed)


def test_refused_messages_are_dead_letters_once(proxied: tuple[Hub, Line], database: str, mosquitto: Mosquitto) -> None:
    hub, line = proxied
    count = 5_000
    messages = [(f"ganzhi/v1/nobody-{number}/telemetry", b"{}") for number in range(count)]
    load = threading.Thread(target=mosquitto.publish, args=(messages,))
    load.start()
    wait_until(lambda: _count(database, "dead_letter") >= count / 4, "a quarter refused", 60)
    line.swallow.set()
    wait_until(lambda: line.swallowed > 0, "an acknowledgement swallowed", 60)
    hub.kill()
    line.cut()
    line.swallow.clear()
    hub.start()
    load.join()
    wait_until(lambda: _count(database, "dead_letter") >= count, "everything refused", 60)
    assert hub.terminate() == 0
    with psycopg.connect(database) as conn:
        row = conn.execute("select count(*), count(distinct address) from dead_letter").fetchone()
    assert row == (count, count)


def test_sigterm_finishes_what_was_taken(hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    _register(hub)
    with _load(mosquitto, 5_000, timed=True):
        wait_until(lambda: _count(database) > 0, "the load has begun", 30)
        assert hub.terminate() == 0
    assert "stopping" in hub.text()
    hub.start()
    wait_until(lambda: _count(database) >= 5_000, "everything stored", 30)
    assert hub.terminate() == 0
    _check(database, 5_000, timed=True)
