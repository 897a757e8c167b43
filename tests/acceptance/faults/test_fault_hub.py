"""kill -9 of the hub, and two hubs that take each other's session: each acknowledged message is stored once."""

from pathlib import Path

from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import Numbers, check, held, wait_for
from tests.support.process import wait_until

MESSAGES = 100_000


def test_hub_killed_in_mid_commit(counting: Hub, database: str, mosquitto: Mosquitto) -> None:
    with Numbers(mosquitto.port, MESSAGES, rate=10_000):
        for share in (0.1, 0.4, 0.7):
            wait_for(database, int(MESSAGES * share))
            with held(database):
                counting.kill()
            counting.start()
    wait_for(database, MESSAGES)
    assert counting.terminate() == 0
    check(database, MESSAGES)


def test_two_hubs_with_the_same_client_id(counting: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    second = Hub(database, mosquitto.port, folder)
    try:
        with Numbers(mosquitto.port, MESSAGES):
            wait_for(database, MESSAGES // 10)
            second.launch()
            wait_until(lambda: "in use by another hub" in second.text(), "the second hub says why it waits")
            counting.kill()
            wait_until(lambda: "this hub takes over" in second.text(), "the second hub takes over")
        wait_for(database, MESSAGES)
        assert "already connected" not in mosquitto.text()  # they did not throw each other out
    finally:
        second.close()
    check(database, MESSAGES)
