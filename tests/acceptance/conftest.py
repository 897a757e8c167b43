"""How much load a proof is made with, and a hub that asks for its token."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub


@pytest.fixture(params=[pytest.param(10_000, id="10k"), pytest.param(50_000, id="50k", marks=pytest.mark.heavy)])
def messages(request: pytest.FixtureRequest) -> int:
    """So many messages: enough for each guarantee to be broken by; five times as many in the long proof."""
    return int(request.param)


@pytest.fixture
def closed_hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub with a token, and its client with it."""
    hub = Hub(database, mosquitto.port, tmp_path, HUB_API__TOKEN="sesame")
    hub.api.headers["authorization"] = "Bearer sesame"
    try:
        yield hub.start()
    finally:
        hub.close()
