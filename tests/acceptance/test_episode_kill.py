"""A camera repeats what it sees while the hub is killed: one event, one alert, each time counted once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.models import now_micros
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

TIMES = 400
COUNTED = "select coalesce(max(count), 0)::int from episode"
EVENTS = "select state, count(*)::int from event group by state order by state"
CHANGES = "select c.kind from alert_change c order by c.cursor"


@pytest.fixture(params=[(), pytest.param(("--workers", "2"), marks=pytest.mark.heavy)], ids=["one process", "workers"])
def served(database: str, mosquitto: Mosquitto, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    hub = Hub(database, mosquitto.port, tmp_path, *request.param)
    try:
        yield hub.start()
    finally:
        hub.close()


def test_what_is_repeated_while_the_hub_is_killed_is_one_event_and_counted_once(
    served: Hub, database: str, mosquitto: Mosquitto
) -> None:
    served.put("/rules/intrusion", name="Intrusion", event_kind="intrusion", level="yellow")
    served.register("camera", "n")
    began = now_micros() // 1000 - 60_000

    def said(first: int, last: int, state: str = "active") -> None:
        """In messages of their own."""
        bodies = (
            {"ts": began + at, "kind": "intrusion", "state": state, "continues": True} for at in range(first, last)
        )
        mosquitto.publish([("ganzhi/v1/camera/event", json.dumps(body).encode()) for body in bodies])

    def counted(least: int) -> None:
        wait_until(lambda: fetch(database, COUNTED)[0][0] >= least, f"{least} are counted")

    said(0, TIMES // 2)
    counted(1)
    served.kill()
    said(TIMES // 2, TIMES - 10)
    served.start()
    counted(TIMES // 2)
    served.kill()
    served.start()
    said(TIMES - 10, TIMES)
    counted(TIMES)
    assert fetch(database, EVENTS) == [("active", 1)]
    said(TIMES, TIMES + 1, "inactive")
    wait_until(lambda: fetch(database, EVENTS) == [("active", 1), ("inactive", 1)], "its end is stored")
    assert fetch(database, "select count::int, why from episode") == [(TIMES, "told")]
    assert [kind for (kind,) in fetch(database, CHANGES)] == ["raised", "cleared"]
    assert fetch(database, "select count(*)::int from dead_letter") == [(0,)]
