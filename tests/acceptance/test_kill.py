"""kill -9 between a commit and the broker's receipt of our acknowledgement: nothing is stored twice, nothing is lost.

Whoever does not recognise a redelivery stores messages twice here. Kills in mid-commit are in faults/test_fault_hub.py.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.line import Line
from tests.support.numbered import START_MS, Numbers, check, count, register, wait_for
from tests.support.process import wait_until

MESSAGES = 10_000
RATE = 5_000
"""Messages a second: the load must outlast the faults."""


@pytest.fixture
def proxied(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[tuple[Hub, Line]]:
    """A running hub that reaches its broker over a line that can fail."""
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path, HUB_DEAD_LETTERS__PER_MINUTE="100000")  # each letter is looked at
        try:
            yield hub.start(), line
        finally:
            hub.close()


def _lose_acknowledgements(hub: Hub, line: Line, killed: bool, go_on: Callable[[], None] = lambda: None) -> None:
    """Let the hub commit and acknowledge, the broker hear nothing, and the connection or the hub die."""
    before = line.swallowed
    line.swallow.set()
    go_on()
    wait_until(lambda: line.swallowed > before, "an acknowledgement swallowed", 60)
    if killed:
        hub.kill()
    line.cut()
    line.swallow.clear()
    if killed:
        hub.start()


@pytest.mark.parametrize(
    ("killed", "start_ms"),
    [
        pytest.param(True, None, id="killed-time-of-arrival"),
        pytest.param(False, START_MS, id="cut-with-ts"),
        pytest.param(True, START_MS, id="killed-with-ts", marks=pytest.mark.heavy),
        pytest.param(False, None, id="cut-time-of-arrival", marks=pytest.mark.heavy),
    ],
)
def test_nothing_is_stored_twice_when_acknowledgements_are_lost(
    proxied: tuple[Hub, Line],
    database: str,
    mosquitto: Mosquitto,
    killed: bool,
    start_ms: int | None,
) -> None:
    hub, line = proxied
    shares = (0.1, 0.5) if killed else (0.1, 0.4, 0.7)
    register(hub)
    with Numbers(mosquitto.port, MESSAGES, start_ms, stops=shares) as numbers:
        for share in shares:
            wait_for(database, int(MESSAGES * share))
            _lose_acknowledgements(hub, line, killed, numbers.go_on)
    wait_for(database, MESSAGES)
    assert hub.terminate() == 0
    check(database, MESSAGES, start_ms)


def test_refused_messages_are_dead_letters_once(proxied: tuple[Hub, Line], database: str, mosquitto: Mosquitto) -> None:
    hub, line = proxied
    total = 5_000
    messages = [(f"ganzhi/v1/nobody-{number}/telemetry", b"{}") for number in range(total)]
    load = threading.Thread(target=mosquitto.publish, args=(messages,))
    load.start()
    wait_until(lambda: count(database, "dead_letter") >= total / 4, "a quarter refused", 60)
    _lose_acknowledgements(hub, line, killed=True)
    load.join()
    wait_until(lambda: count(database, "dead_letter") >= total, "everything refused", 60)
    assert hub.terminate() == 0
    assert fetch(database, "select count(*), count(distinct address) from dead_letter") == [(total, total)]


def test_sigterm_finishes_what_was_taken(hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    register(hub)
    with Numbers(mosquitto.port, MESSAGES, rate=RATE):
        wait_until(lambda: count(database) > 0, "the load has begun", 30)
        assert hub.terminate() == 0
    assert "stopping" in hub.text()
    hub.start()
    wait_for(database, MESSAGES)
    assert hub.terminate() == 0
    check(database, MESSAGES)
