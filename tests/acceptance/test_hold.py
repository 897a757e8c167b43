"""A hold time ends once, without another reading: in one process, with workers, on the bus, and after kill -9."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analytics.reordering.clock import DEAF
from analytics.rules.rulebook import GRACE
from ingest.handover.dispatch import worker_of
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import READING, open_bus
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.numbered import DEVICES, register, wait_for
from tests.support.process import wait_until

HEAVY = pytest.mark.heavy
DEPLOYMENTS = ("direct", "workers", "bus")
HOLD_S = 4
STAYS, CALMS = range(4), 4
"""Devices whose value stays beyond the limit, and one that comes back from there."""
RULE: dict[str, Any] = {
    "name": "Many", "profile": "counter", "metric": "n", "direction": "above", "thresholds": {"red": 10},
    "guidance": GUIDANCE,
    "hold_s": HOLD_S,
}  # fmt: skip


class Running(NamedTuple):
    """A hub in one of its deployments."""

    hub: Hub
    kill: Callable[[Callable[[], None]], None]
    """SIGKILL to whatever decides; something is done before it runs again."""


@pytest.fixture
def running(request: pytest.FixtureRequest, database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    """A running hub that knows the numbered devices and the rule."""
    if request.param == "bus":
        kafka: KafkaTopics = request.getfixturevalue("kafka")
        with open_bus(database, mosquitto.port, kafka, tmp_path) as bus:

            def kill(meanwhile: Callable[[], None]) -> None:
                for worker in bus.workers:
                    worker.kill()
                meanwhile()
                for worker in bus.workers:
                    worker.start().wait_for_line(READING, 60)

            bus.first.put("/rules/many", **RULE)
            bus.start()
            yield Running(bus.first, kill)
            return
    hub = Hub(database, mosquitto.port, tmp_path, *(["--workers", "2"] if request.param == "workers" else []))
    try:
        register(hub.start())
        hub.put("/rules/many", **RULE)
        yield Running(hub, partial(_kill, hub))
    finally:
        hub.close()


def _kill(hub: Hub, meanwhile: Callable[[], None]) -> None:
    workers = hub.workers
    for pid in workers.values():
        os.kill(pid, signal.SIGKILL)
    if workers:
        meanwhile()
    else:
        hub.kill()
        meanwhile()
        hub.start()
    wait_until(lambda: not set(workers.values()) & set(hub.workers.values()), "others run in their place")


def _publish(broker: Mosquitto, at: int, value: float, *numbers: int) -> None:
    """A reading of each of these devices, taken at these milliseconds."""
    payload = json.dumps({"ts": at, "n": value}).encode()
    broker.publish([(f"ganzhi/v1/counter-{number}/telemetry", payload) for number in numbers])


def _raised(url: str) -> list[tuple[str, int]]:
    """(device, time of the onset in milliseconds) of each alert that was raised."""
    return fetch(
        url,
        "select d.code, (extract(epoch from a.opened_at) * 1000)::bigint from alert_change c "
        "join alert a on a.id = c.alert_id join device d on d.id = a.device_id where c.kind = 'raised' order by 1",
    )


def _ends_once(url: str, broker: Mosquitto, around: Callable[[Callable[[], None]], None]) -> None:
    began = time.time_ns() // 1_000_000
    _publish(broker, began, 12, *STAYS, CALMS)
    wait_for(url, len(STAYS) + 1)
    around(lambda: _publish(broker, began + 1, 1, CALMS))
    wait_for(url, len(STAYS) + 2)
    expected = [(f"counter-{number}", began + HOLD_S * 1000) for number in STAYS]
    wait_until(lambda: len(_raised(url)) >= len(STAYS), "the hold times end", 60)
    assert _raised(url) == expected
    _publish(broker, began + HOLD_S * 1000 + 1, 13, *STAYS, CALMS)  # decided too, and not beyond for long enough
    wait_for(url, 2 * len(STAYS) + 3)
    assert _raised(url) == expected
    assert not fetch(url, "select reason, detail from dead_letter")


@pytest.mark.heavy
def test_a_hold_does_not_end_while_the_broker_may_have_kept_more(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Where the marker that tells it cannot be published, what was kept ends when the session is quiet."""
    with closing(Hub(database, mosquitto.port, tmp_path)) as hub:
        register(hub.start())
        hub.put("/rules/many", **RULE)
        mosquitto.stop()
        rights = tmp_path / "acl"
        allowed = [f"topic write ganzhi/v1/counter-{number}/telemetry" for number in (*STAYS, CALMS)]
        rights.write_text("\n".join(["topic read #", *allowed, ""]), encoding="utf-8")
        mosquitto.settings["acl_file"] = str(rights)
        mosquitto.start()
        # A mosquitto that has just been started has the rights of a session only once its client has come back.
        # It ends the connection for the first marker.
        wait_until(lambda: hub.text().count("connected to the broker") > 2, "the hub is back and marks no more")
        began = time.time_ns() // 1_000_000
        _publish(mosquitto, began, 12, *STAYS)
        wait_for(database, len(STAYS))
        hub.kill()
        with _never_quiet(mosquitto):
            hub.start()
            over = time.monotonic() + (GRACE + DEAF) / 1e6 + HOLD_S
            wait_until(lambda: time.monotonic() > over, "it would have ended")
            assert not _raised(database)
        expected = [(f"counter-{number}", began + HOLD_S * 1000) for number in STAYS]
        wait_until(lambda: len(_raised(database)) >= len(STAYS), "the hold times end", 60)
        assert _raised(database) == expected


@pytest.mark.heavy
def test_a_hold_does_not_end_while_a_worker_that_stands_still_holds_up_the_rest(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The broker sends only so many messages ahead: the reading that comes next lies there."""
    ahead = 20
    mosquitto.stop()
    mosquitto.settings["max_inflight_messages"] = str(ahead)
    mosquitto.start()
    stopped, silent, heard = _of_worker(1)[0], *_of_worker(2)[:2]
    with closing(Hub(database, mosquitto.port, tmp_path, "--workers", "2")) as hub:
        register(hub.start())
        hub.put("/rules/many", **RULE)
        _publish(mosquitto, time.time_ns() // 1_000_000, 12, silent)
        wait_until(lambda: bool(_raised(database)), "hold times end by themselves", 60)
        told = _raised(database)
        began = time.time_ns() // 1_000_000
        _publish(mosquitto, began, 12, heard)
        wait_for(database, 2)
        worker = hub.workers[1]
        os.kill(worker, signal.SIGSTOP)
        try:
            for number in range(ahead + 1):
                _publish(mosquitto, began + number, 1, stopped)
            _publish(mosquitto, began + 1, 1, heard)
            over = time.monotonic() + HOLD_S + 2
            wait_until(lambda: time.monotonic() > over, "it would have ended")
        finally:
            os.kill(worker, signal.SIGCONT)
        wait_for(database, ahead + 4)
        assert _raised(database) == told
        began = time.time_ns() // 1_000_000
        _publish(mosquitto, began, 12, heard)
        wait_until(lambda: len(_raised(database)) > 1, "hold times end by themselves again", 30)
        assert _raised(database) == sorted([*told, (f"counter-{heard}", began + HOLD_S * 1000)])


def _of_worker(number: int) -> list[int]:
    """Numbers of the devices that a worker of two has."""
    return [one for one in range(DEVICES) if worker_of(f"counter-{one}", 2) == number]


@contextmanager
def _never_quiet(broker: Mosquitto) -> Iterator[None]:
    """Another device sends five times a second."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(0.2):
            _publish(broker, time.time_ns() // 1_000_000, 1, CALMS)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        ended.set()
        sending.join()


@pytest.mark.parametrize("running", [pytest.param(one, marks=HEAVY) for one in DEPLOYMENTS], indirect=True)
def test_a_hold_ends_at_its_time_and_once(running: Running, database: str, mosquitto: Mosquitto) -> None:
    _ends_once(database, mosquitto, lambda meanwhile: meanwhile())


@pytest.mark.parametrize("running", [pytest.param(one, marks=HEAVY) for one in DEPLOYMENTS], indirect=True)
def test_a_hold_ends_after_a_kill_too(running: Running, database: str, mosquitto: Mosquitto) -> None:
    """Of series that are so new that none of their readings has been flushed."""
    _ends_once(database, mosquitto, running.kill)
