"""What is unusual raises an alert by a rule on the score, also after a kill -9 of the process that had learned."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import register
from tests.support.process import wait_until

STEP_MS = 10_000
TITLES = "select c.kind, c.picture ->> 'title' from alert_change c order by c.cursor"


@pytest.fixture(params=[pytest.param((), id="one process"), pytest.param(("--workers", "4"), id="4 workers")])
def any_hub(request: pytest.FixtureRequest, database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub: each worker reads what is known of its own devices."""
    hub = Hub(database, mosquitto.port, tmp_path, *request.param)
    try:
        yield hub.start()
    finally:
        hub.close()


def test_a_rule_on_the_score_pages_after_a_kill(any_hub: Hub, mosquitto: Mosquitto, database: str) -> None:
    hub = any_hub
    register(hub)
    hub.put(
        "/rules/odd", name="Odd", profile="counter", metric="n", signal="score", direction="above",
        thresholds={"yellow": 0.99},
    )  # fmt: skip
    began = time.time_ns() // 1_000_000 - 80 * STEP_MS
    course = [(number, 100 + number % 5) for number in range(70)]

    def send(some: list[tuple[int, int]]) -> None:
        mosquitto.publish(
            [
                ("ganzhi/v1/counter-1/telemetry", b'{"ts":%d,"values":{"n":%d}}' % (began + STEP_MS * number, value))
                for number, value in some
            ]
        )

    send(course)
    wait_until(lambda: fetch(database, "select count(*) from reading") == [(70,)], "the course is stored")
    hub.kill()
    hub.start()
    send([(70, 900), (71, 101)])
    wait_until(lambda: len(fetch(database, TITLES)) == 2, "it is raised and cleared", 60)
    (raised, high), (cleared, back) = fetch(database, TITLES)
    assert (raised, cleared) == ("raised", "cleared")
    assert "unusual: score " in high
    assert "as usual: score" in back
    [alert] = hub.api.get("/api/v1/alerts").json()["items"]
    assert (alert["signal"], alert["unit"]) == ("score", "1")
    told = hub.api.get(f"/api/v1/alerts/{alert['id']}?lang=zh").json()
    assert "恢复常态：异常分" in told["title"]
