"""Metrics that a profile does not know but adds: each reading is stored or refused once, whatever dies meanwhile."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.batches import count, fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

DEVICES, METRICS, MOST = 6, 25, 20
MESSAGES = 900
START_MS = 1_760_000_000_000


@pytest.fixture(
    params=[
        pytest.param((), id="one-process"),
        pytest.param(("--workers", "2"), id="two-workers", marks=pytest.mark.heavy),
    ]
)
def adding(request: pytest.FixtureRequest, database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub whose devices may have MOST metrics, one of them known."""
    hub = Hub(database, mosquitto.port, tmp_path, *request.param)
    try:
        hub.start()
        known = {"m0": {"name": "known", "unit": "1", "min": 0, "max": 1}}
        hub.put("/profiles/open", name="open", metrics=known, unknown_metrics="add", max_metrics=MOST)
        rows = "".join(f"open-{number},open,open\n" for number in range(DEVICES))
        answer = hub.api.post(
            "/api/v1/devices:import", content=f"code,name,profile\n{rows}", headers={"content-type": "text/csv"}
        )
        assert answer.json()["created"] == DEVICES
        hub.wait_for_devices(DEVICES)
        yield hub
    finally:
        hub.close()


def messages(numbers: range) -> Iterator[tuple[str, bytes]]:
    """Message k: the value k of one of METRICS metrics of one of DEVICES devices, at its own time."""
    for number in numbers:
        body = {"ts": START_MS + number, "values": {f"m{number // DEVICES % METRICS}": number}}
        yield f"ganzhi/v1/open-{number % DEVICES}/telemetry", json.dumps(body).encode()


def blocked(url: str) -> bool:
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into series%'"
    return bool(fetch(url, query)[0][0])


def test_a_kill_while_metrics_are_added_loses_and_doubles_nothing(
    adding: Hub, database: str, mosquitto: Mosquitto
) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("lock table series in share row exclusive mode")
        mosquitto.publish(messages(range(MESSAGES // 2)))
        wait_until(lambda: blocked(database), "series are being made")
        adding.kill()
    early = fetch(database, "select value from reading")
    assert all(value < DEVICES for (value,) in early), "nothing is committed before its series are there; m0 is"
    adding.start()
    mosquitto.publish(messages(range(MESSAGES // 2, MESSAGES)))
    wait_until(lambda: count(database, "reading") + count(database, "dead_letter") >= MESSAGES, "all is settled")
    assert adding.terminate() == 0

    stored = [int(value) for (value,) in fetch(database, "select value from reading")]
    refused = fetch(database, "select payload, reason, detail from dead_letter")
    left_out = [int(next(iter(json.loads(payload)["values"].values()))) for payload, _, _ in refused]
    assert sorted(stored + left_out) == list(range(MESSAGES))
    assert len(left_out) == MESSAGES * (METRICS - MOST) // METRICS
    assert {reason for _, reason, _ in refused} == {"too_many_metrics"}
    assert f"may have {MOST} metrics and has them: raise max_metrics" in refused[0][2]
    series = fetch(database, "select count(*) from series group by device_id")
    assert series == [(MOST,)] * DEVICES
    flagged = fetch(
        database, "select distinct metric from reading join series on id = series_id where quality & 2 <> 0"
    )
    assert flagged == [("m0",)], "an added metric has no range"


def test_what_was_too_many_is_taken_once_the_profile_allows_it(
    adding: Hub, database: str, mosquitto: Mosquitto
) -> None:
    mosquitto.publish(messages(range(DEVICES * METRICS)))
    wait_until(lambda: count(database, "reading") + count(database, "dead_letter") == DEVICES * METRICS, "all settled")
    adding.put(
        "/profiles/open", name="open", metrics={"m0": {"name": "known", "unit": "1"}}, unknown_metrics="add",
        max_metrics=METRICS,
    )  # fmt: skip

    def replayed() -> bool:
        answer = adding.api.post("/api/v1/dead-letters:replay", json={"reason": "too_many_metrics"}).json()
        return bool(answer["accepted"] == DEVICES * (METRICS - MOST))

    wait_until(replayed, "the profile is known and the letters are taken")
    assert count(database, "reading") == DEVICES * METRICS
