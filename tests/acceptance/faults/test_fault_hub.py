"""kill -9 or a pause of the hub, and two hubs with one session: each acknowledged message is stored once."""

from pathlib import Path
from signal import Signals

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.line import Line
from tests.support.numbered import Numbers, check, held, register, wait_for
from tests.support.process import wait_until

SHARES = (0.1, 0.4, 0.7)


def test_hub_killed_in_mid_commit(counting: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    with Numbers(mosquitto.port, messages, stops=SHARES) as numbers:
        for share in SHARES:
            wait_for(database, int(messages * share))
            with held(database, numbers.go_on):
                counting.kill()
            counting.start()
    wait_for(database, messages)
    assert counting.terminate() == 0
    check(database, messages)


def test_two_hubs_with_the_same_client_id(
    counting: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path, messages: int
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    second = Hub(database, mosquitto.port, folder)
    before = len(mosquitto.text())  # the hub itself ends its session of an older version
    try:
        with Numbers(mosquitto.port, messages, stops=SHARES[:1]) as numbers:
            wait_for(database, messages // 10)
            second.launch()
            wait_until(lambda: "in use by another hub" in second.text(), "the second hub says why it waits")
            numbers.go_on()
            counting.kill()
            wait_until(lambda: "this hub takes over" in second.text(), "the second hub takes over")
        wait_for(database, messages)
        assert "already connected" not in mosquitto.text()[before:], "they did not throw each other out"
    finally:
        second.close()
    check(database, messages)


@pytest.mark.heavy
def test_hub_paused_in_mid_commit_while_another_takes_over(
    database: str, mosquitto: Mosquitto, tmp_path: Path, messages: int
) -> None:
    """Its machine stands still with a transaction open, the database gives it up, and then it wakes up."""
    port = int(str(psycopg.conninfo.conninfo_to_dict(database)["port"]))
    folder = tmp_path / "second"
    folder.mkdir()
    with Line(port) as line:
        first = Hub(database.replace(f":{port}/", f":{line.port}/"), mosquitto.port, tmp_path)
        second = Hub(database, mosquitto.port, folder)
        try:
            register(first.start())
            second.launch()
            wait_until(lambda: "in use by another hub" in second.text(), "the second hub says why it waits")
            with Numbers(mosquitto.port, messages, stops=(0.1, 0.5)) as numbers:
                wait_for(database, messages // 10)
                with held(database, numbers.go_on):
                    first.send(Signals.SIGSTOP)
                line.cut()
                wait_until(lambda: "this hub takes over" in second.text(), "the second hub takes over")
                wait_for(database, messages // 2)
                numbers.go_on()
                first.send(Signals.SIGCONT)
                wait_until(lambda: "in use by another hub" in first.text(), "the first hub sees that it is late")
            wait_for(database, messages)
            wait_until(lambda: second.api.get("/readyz").status_code == 200, "the second hub has taken everything")
            assert first.api.get("/readyz").status_code == 503
            assert first.terminate() == second.terminate() == 0
            check(database, messages)
        finally:
            first.send(Signals.SIGCONT)
            first.close()
            second.close()
