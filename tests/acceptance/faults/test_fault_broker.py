"""The broker dies, or the network between it and the hub fails."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.line import Line
from tests.support.numbered import START_MS, Numbers, check, count, held, lost, message, register, wait_for
from tests.support.process import wait_until

MESSAGES = 100_000
RATE = 20_000
"""Messages a second, where a test must see the broker save in between."""
FEW = 2_000
ONE_TURN = 10
"""Messages that mosquitto may acknowledge before it saves, when it saves at each change."""


@pytest.mark.heavy
def test_network_between_hub_and_broker_fails(database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path, HUB_MQTT__KEEPALIVE_S="5")
        try:
            register(hub.start())
            with Numbers(mosquitto.port, MESSAGES):
                wait_for(database, MESSAGES // 10)
                line.delay_s = 0.05
                wait_for(database, MESSAGES * 2 // 10)
                line.swallow.set()  # acknowledgements are lost
                before = line.swallowed
                wait_until(lambda: line.swallowed > before, "an acknowledgement swallowed")
                line.cut()
                line.swallow.clear()
                line.delay_s = 0
                wait_for(database, MESSAGES * 4 // 10)
                line.silent.set()  # nobody is told: only the keep-alive finds out
                wait_until(lambda: hub.api.get("/readyz").status_code == 503, "the silence is noticed", 30)
                line.silent.clear()
                line.cut()
                wait_until(lambda: hub.api.get("/readyz").status_code == 200, "connected again", 30)
            wait_for(database, MESSAGES)
            assert hub.terminate() == 0
            check(database, MESSAGES)
        finally:
            hub.close()


@pytest.mark.heavy
def test_half_the_rate(database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path)
        try:
            register(hub.start())
            with Numbers(mosquitto.port, MESSAGES, stops=(0.1, 0.3)) as numbers:
                wait_for(database, MESSAGES // 10)
                whole = _bytes_per_s(line, database, MESSAGES * 3 // 10, numbers.go_on)
                line.bytes_per_s = round(whole / 2)
                half = _bytes_per_s(line, database, MESSAGES * 6 // 10, numbers.go_on)
                wait_until(lambda: numbers.acknowledged == MESSAGES, "the broker takes everything all the same", 60)
            assert half < 0.7 * whole
            wait_for(database, MESSAGES)
            assert hub.terminate() == 0
            check(database, MESSAGES)
        finally:
            hub.close()


def _bytes_per_s(line: Line, database: str, readings: int, go_on: Callable[[], None]) -> float:
    """What the broker sends a second once the load goes on, until so many readings are stored."""
    before, began = line.passed, time.monotonic()
    go_on()
    wait_for(database, readings)
    return (line.passed - before) / (time.monotonic() - began)


@dataclass(frozen=True)
class _Killed:
    """What a broker had done when it was killed."""

    saved_at: float
    """When it had last saved its messages to disk, in seconds of the epoch."""
    acknowledged_at: NDArray[np.float64]
    """Of each number: when it was acknowledged; 0 if it was not."""


def _kill(mosquitto: Mosquitto, numbers: Numbers, acknowledged: int) -> _Killed:
    """Kill the broker once so many messages have been acknowledged, and start it again."""
    wait_until(lambda: numbers.acknowledged >= acknowledged, "messages wait in the broker", 60)
    mosquitto.kill()
    killed = _Killed((mosquitto.folder / "mosquitto.db").stat().st_mtime, numbers.acknowledged_at.copy())
    mosquitto.start()
    return killed


def _missing(
    hub: Hub, database: str, mosquitto: Mosquitto, total: int, start_ms: int | None = START_MS
) -> NDArray[np.int64]:
    """The numbers that never came, once a further message, which waits behind all others, has come."""
    mosquitto.publish([message(total, start_ms)])
    query = f"select 1 from reading where value = {total}"
    wait_until(lambda: fetch(database, query), "the last message stored", 60)
    assert hub.terminate() == 0
    assert count(database, "dead_letter") == 0
    return lost(database, total + 1, start_ms)


@pytest.mark.heavy
def test_mosquitto_killed(
    counting: Hub, database: str, mosquitto: Mosquitto, record_property: Callable[[str, object], None]
) -> None:
    """What mosquitto acknowledged and had not yet saved is its loss, counted apart; nothing else may be missing."""
    saved = mosquitto.folder / "mosquitto.db"
    connected = time.time()
    wait_until(lambda: saved.exists() and saved.stat().st_mtime > connected, "the hub's session is saved")
    with Numbers(mosquitto.port, MESSAGES, rate=RATE, stops=(0.05, 0.6)) as numbers:
        wait_for(database, 1_000)
        with held(database, numbers.go_on):  # so that messages wait in the broker
            first = _kill(mosquitto, numbers, MESSAGES // 2)
        numbers.go_on()
        second = _kill(mosquitto, numbers, MESSAGES * 3 // 4)  # the hub takes them as they come
    missing = _missing(counting, database, mosquitto, MESSAGES)
    record_property("lost_by_the_broker", len(missing))
    unsaved = np.zeros(MESSAGES, np.bool_)
    for killed in (first, second):
        unsaved |= killed.acknowledged_at > killed.saved_at
    assert unsaved[missing].all(), f"saved by the broker, yet not stored: {missing[~unsaved[missing]][:5]}"
    assert len(missing) < MESSAGES * 3 / 4  # what two intervals of saving hold: half of them on a busy machine


@pytest.mark.heavy
def test_mosquitto_that_saves_each_message_is_killed(
    counting: Hub, database: str, mosquitto: Mosquitto, record_property: Callable[[str, object], None]
) -> None:
    """autosave_on_changes with autosave_interval 1 closes the hole, but for what one turn of its loop acknowledged.

    It writes everything that waits for each message: some hundred messages a second, so fewer are sent here.
    """
    mosquitto.stop()
    mosquitto.settings |= {"autosave_on_changes": "true"}
    mosquitto.start()
    with Numbers(mosquitto.port, FEW, rate=FEW // 10, stops=(0.3, 0.7)) as numbers:
        for stop in (FEW * 3 // 10, FEW * 7 // 10):
            wait_for(database, stop - FEW // 10)
            numbers.go_on()
            _kill(mosquitto, numbers, stop + 1)
    missing = _missing(counting, database, mosquitto, FEW)
    record_property("lost_by_the_broker", len(missing))
    assert len(missing) <= 2 * ONE_TURN


@pytest.mark.heavy
def test_mosquitto_comes_back_with_an_older_state(counting: Hub, database: str, mosquitto: Mosquitto) -> None:
    """Killed before its next save it delivers again what the hub had committed, not marked as delivered again."""
    assert counting.terminate() == 0
    mosquitto.stop()
    mosquitto.settings |= {"autosave_interval": "1800"}
    mosquitto.start()
    mosquitto.publish(message(number, None) for number in range(FEW))
    saved = mosquitto.save()
    counting.start()
    wait_for(database, FEW)
    mosquitto.publish(message(number, None) for number in range(FEW, FEW + ONE_TURN))
    wait_for(database, FEW + ONE_TURN)
    mosquitto.kill()
    assert (mosquitto.folder / "mosquitto.db").stat().st_mtime == saved
    mosquitto.start()
    assert not len(_missing(counting, database, mosquitto, FEW + ONE_TURN, None))
