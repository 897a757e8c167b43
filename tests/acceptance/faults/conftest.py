"""What the faults have in common: the shipped window of the broker, and a hub that knows the numbered devices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.hub import Hub, run_hub
from tests.support.numbered import register


@pytest.fixture
def mosquitto(mosquitto: Mosquitto) -> Mosquitto:
    """A broker with the window that docker/mosquitto.conf ships."""
    mosquitto.stop()
    mosquitto.settings["max_inflight_messages"] = "20000"
    return mosquitto.start()


@pytest.fixture
def counting(hub: Hub) -> Hub:
    """A running hub that knows the numbered devices."""
    register(hub)
    return hub


@pytest.fixture
def own_database(own_cluster: Cluster, tmp_path: Path) -> str:
    """The URL of a migrated database on a server of the test's own."""
    status, said = run_hub("migrate", env={"HUB_DATABASE__URL": own_cluster.url}, folder=tmp_path)
    assert status == 0, said
    return own_cluster.url


@pytest.fixture
def own_counting(own_database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """As `counting`, on the server of the test's own."""
    hub = Hub(own_database, mosquitto.port, tmp_path)
    try:
        register(hub.start())
        yield hub
    finally:
        hub.close()
