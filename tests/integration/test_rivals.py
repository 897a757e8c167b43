"""Two clients with one client id on a real broker: told in words, nothing lost, nothing stored twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.line import Line
from tests.support.numbered import Numbers, check, register, wait_for
from tests.support.process import wait_until
from tests.support.sessions import client_id

MESSAGES = 30_000
FEW = 3_000


@pytest.fixture
def lined(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[tuple[Hub, Line]]:
    """A running hub that reaches its broker over a line that can swallow."""
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path)
        try:
            yield hub.start(), line
        finally:
            hub.close()


@pytest.fixture
def second(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """Another hub on the same database and broker, not started."""
    folder = tmp_path / "second"
    folder.mkdir()
    hub = Hub(database, mosquitto.port, folder)
    try:
        yield hub
    finally:
        hub.close()


def _ready(hub: Hub) -> bool:
    return hub.api.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "arguments", [[], pytest.param(["--workers", "2"], marks=pytest.mark.heavy)], ids=["alone", "with-workers"]
)
def test_a_second_hub_waits_and_takes_over(
    lined: tuple[Hub, Line], second: Hub, database: str, mosquitto: Mosquitto, arguments: list[str]
) -> None:
    hub, line = lined
    register(hub)
    before = len(mosquitto.text())  # the hub itself ends its session of an older version
    with Numbers(mosquitto.port, MESSAGES, None, rate=5_000):
        second.launch(*arguments)
        wait_until(lambda: "in use by another hub" in second.text(), "the second hub says why it waits")
        answer = second.api.get("/readyz")
        assert answer.status_code == 503
        assert "another hub has mqtt.client_id 'ganzhi-hub'" in answer.text
        wait_for(database, MESSAGES // 3)
        assert "already connected" not in mosquitto.text()[before:], "nobody was thrown out"
        line.swallow.set()  # committed, but the broker is not told: it delivers to the second hub again
        before = line.swallowed
        wait_until(lambda: line.swallowed > before, "acknowledgements lost")
        hub.kill()
        wait_until(lambda: _ready(second), "the second hub takes over")
    assert "this hub takes over" in second.text()
    wait_for(database, MESSAGES)
    assert second.terminate() == 0
    check(database, MESSAGES, None)


@pytest.mark.heavy
def test_edges_with_a_database_wait_for_each_other_too(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path
) -> None:
    hubs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        hubs.append(Hub(database, mosquitto.port, tmp_path / name, "--roles", "edge,worker,api", **kafka.env))
    first, second = hubs
    try:
        register(first.start())
        before = len(mosquitto.text())
        second.launch()
        wait_until(lambda: "in use by another hub" in second.text(), "the second one says why it waits")
        with Numbers(mosquitto.port, FEW, None, stops=(0.5,)) as numbers:
            wait_for(database, FEW // 3)
            first.kill()
            numbers.go_on()
            wait_until(lambda: _ready(second), "the second one takes over", 60)
        assert "already connected" not in mosquitto.text()[before:], "nobody was thrown out"
        wait_for(database, FEW)
        assert second.terminate() == 0
        check(database, FEW, None)
    finally:
        for hub in hubs:
            hub.close()


@pytest.mark.heavy
def test_a_stranger_with_the_same_client_id(hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    register(hub)
    rival = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id(database), clean_session=False, manual_ack=True,
        protocol=paho.MQTTv311,
    )  # fmt: skip
    rival.reconnect_delay_set(1, 1)
    seen: list[Any] = []
    rival.on_message = lambda _client, _data, message: seen.append(message.mid)
    rival.connect(mosquitto.host, mosquitto.port)
    rival.loop_start()
    try:
        with Numbers(mosquitto.port, MESSAGES, rate=5_000):
            wait_until(lambda: "another hub or client uses mqtt.client_id 'ganzhi-hub'" in hub.text(), "told why", 30)
            assert "takes the session over" in hub.api.get("/readyz").text
    finally:
        leave_broker(rival)
    wait_until(lambda: _ready(hub), "the hub has its session again", 60)
    wait_for(database, MESSAGES)
    assert seen  # the rival was sent messages; as it acknowledged none, the hub got them in the end
    assert hub.text().count("another hub or client uses") == 1
    assert "othing is lost" not in hub.text()
    status, told = run_hub("check", env=hub.env, folder=tmp_path)
    assert (status, "another client used the hub's client id" in told) == (0, True), told
    assert hub.terminate() == 0
    check(database, MESSAGES)
