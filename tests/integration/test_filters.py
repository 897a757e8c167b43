"""Subscriptions that a broker does not grant, or ends the connection for: the hub hears its devices all the same."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from devices.addressing import handover_topic
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.line import Break, Line
from tests.support.process import wait_until

WHOLE, BESIDE = b"\x00\x0bganzhi/v1/#\x01", b"\x00\x09/ganzhi/#\x01"
"""As they stand in a SUBSCRIBE, with their length before and QoS 1 behind them."""
READINGS = "select value from reading order by value"


@contextmanager
def ended_at(line: Line, word: bytes) -> Iterator[None]:
    """Whoever asks for it has the connection ended, each time."""
    over = threading.Event()

    def arm() -> None:
        while not over.wait(0.01):
            line.break_at(word, Break.BEFORE)

    arming = threading.Thread(target=arm)
    arming.start()
    try:
        yield
    finally:
        over.set()
        arming.join()


def say(broker: Mosquitto, value: int) -> None:
    broker.publish([("ganzhi/v1/d1/telemetry", b'{"pm25":%d}' % value)])


@pytest.mark.heavy
@pytest.mark.parametrize("word", [WHOLE, BESIDE], ids=["whole", "beside"])
def test_a_broker_that_ends_the_connection_for_it_is_not_asked_again(
    database: str, mosquitto: Mosquitto, tmp_path: Path, word: bytes
) -> None:
    with (
        Line(mosquitto.port) as line,
        ended_at(line, word),
        closing(Hub(database, line.port, tmp_path)) as hub,
    ):
        hub.start()
        hub.register("d1", "pm25")
        say(mosquitto, 1)
        wait_until(lambda: fetch(database, READINGS) == [(1.0,)], "it is heard")
        assert 0 < line.broken <= 4


@pytest.mark.heavy
def test_what_is_not_granted_any_more_is_left(database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The session has it from before: some brokers would deliver each message twice."""
    mosquitto.stop()
    mosquitto.settings["log_type"] = "all"
    mosquitto.start()
    with Line(mosquitto.port) as line, closing(Hub(database, line.port, tmp_path)) as hub:
        hub.start()
        hub.register("d1", "pm25")
        hub.kill()
        fetch(database, "update mqtt_session set filters = '{}' returning 1")
        with ended_at(line, WHOLE):
            hub.start()
            for value in range(3):
                say(mosquitto, value)
            wait_until(lambda: len(fetch(database, READINGS)) >= 3, "they are heard")
        assert fetch(database, READINGS) == [(0.0,), (1.0,), (2.0,)]
        log = mosquitto.text()
        left = re.search(r"Received UNSUBSCRIBE from ganzhi-hub.*\n.*ganzhi/v1/#", log)
        assert left, "it is not left"
        asked = log[: left.start()]
        assert asked.count("\tganzhi/v1/+/telemetry (QoS 1)") == 1, "before the others are there: what comes is lost"
        assert not fetch(database, "select reason, detail from dead_letter")


def test_the_hubs_own_markers_are_never_letters(hub: Hub, mosquitto: Mosquitto, database: str) -> None:
    """One of a connection that broke comes with the next."""
    hub.register("d1", "pm25")
    mosquitto.publish([(handover_topic("ganzhi/v1"), b"a marker of before")])
    say(mosquitto, 1)
    wait_until(lambda: fetch(database, READINGS) == [(1.0,)], "what came behind it is stored")
    assert not fetch(database, "select reason, detail from dead_letter")
