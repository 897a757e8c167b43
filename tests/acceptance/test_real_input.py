"""The main job: a file of measurements through mosquitto_pub and mosquitto into the store, the alert at a receiver.

GANZHI_TEST_SERIES names a timestamp,value file of real measurements; without it the test makes one of the same form.
"""

import csv
import json
import math
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from simulator.receiver import receiving
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import free_port, wait_until


def _series(folder: Path) -> Path:
    """A lane's occupancy, a value each five minutes for a week, with a rush hour that is out of bounds."""
    if given := os.environ.get("GANZHI_TEST_SERIES"):
        return Path(given)
    path = folder / "occupancy.csv"
    start = datetime(2026, 3, 2, tzinfo=UTC)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["timestamp", "value"])
        for step in range(7 * 288):
            value = 6 + 5 * math.sin(step / 288 * 2 * math.pi) + (step * 7919 % 101) / 50
            writer.writerow([f"{start + timedelta(minutes=5 * step):%Y-%m-%d %H:%M:%S}", f"{value:.2f}"])
    return path


def _rows(path: Path) -> list[tuple[int, float]]:
    """(milliseconds UTC, value); of rows with the same time the first counts, as in the store."""
    rows: dict[int, float] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
            rows.setdefault(int(at.timestamp()) * 1000, float(row["value"]))
    return sorted(rows.items())


@pytest.fixture
def past(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub in which readings of any age page."""
    hub = Hub(database, mosquitto.port, tmp_path, HUB_RULES__STALE_AFTER_S="null")
    try:
        yield hub.start()
    finally:
        hub.close()


def test_measurements_of_a_file_are_stored_value_for_value(
    past: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    past.register("lane-6005", "occupancy", min=0, max=100)
    rows = _rows(_series(tmp_path))
    highest = max(value for _, value in rows)
    past.put(
        "/rules/jam",
        name="Traffic jam",
        profile="lane-6005",
        metric="occupancy",
        direction="above",
        thresholds={"red": highest},
    )
    secret = past.put("/consumers/desk", url=f"http://127.0.0.1:{(port := free_port())}/")["secret"]
    lines = tmp_path / "lines.json"
    lines.write_text("".join(json.dumps({"ts": ts, "values": {"occupancy": v}}) + "\n" for ts, v in rows))
    mosquitto.pub("ganzhi/v1/lane-6005/telemetry", lines, lines=True)

    def stored() -> list[tuple[int, float]]:
        query = "select (extract(epoch from ts) * 1000)::int8, value from reading order by ts"
        with psycopg.connect(database) as conn:
            return conn.execute(query).fetchall()

    deliveries = tmp_path / "deliveries.jsonl"
    with receiving(port, secret, deliveries):
        wait_until(lambda: len(stored()) >= len(rows), "every row stored", 60)
        assert stored() == rows
        wait_until(lambda: '"ganzhi.alert.raised"' in deliveries.read_text(), "the alert at the receiver", 20)
    first = json.loads(deliveries.read_text().splitlines()[0])
    assert (first["type"], first["level"], first["device"]) == ("ganzhi.alert.raised", "red", "lane-6005")
    opened = datetime.fromisoformat(first["opened_at"]).timestamp() * 1000
    assert opened == min(ts for ts, value in rows if value == highest)


def test_a_reading_out_of_bounds_reaches_the_receiver_signed_and_once(
    hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    hub.register("lane-7", "occupancy", min=0, max=100)
    hub.put(
        "/rules/jam",
        name="Traffic jam",
        profile="lane-7",
        metric="occupancy",
        direction="above",
        thresholds={"yellow": 40, "red": 80},
        hysteresis=5,
    )
    port = free_port()
    secret = hub.put("/consumers/desk", url=f"http://127.0.0.1:{port}/", min_level="blue")["secret"]
    deliveries = tmp_path / "deliveries.jsonl"
    with receiving(port, secret, deliveries):
        for value in (10, 55, 56, 95, 50, 37, 20):
            payload = json.dumps({"ts": int(time.time() * 1000), "values": {"occupancy": value}})
            mosquitto.pub("ganzhi/v1/lane-7/telemetry", payload.encode())

        def told() -> list[tuple[str, str]]:
            lines = [json.loads(line) for line in deliveries.read_text().splitlines()]
            return [(line["type"], line["level"]) for line in lines]

        wait_until(lambda: len(told()) >= 4, "raised, escalated, de-escalated, cleared", 20)
        assert told() == [
            ("ganzhi.alert.raised", "yellow"),
            ("ganzhi.alert.updated", "red"),
            ("ganzhi.alert.updated", "yellow"),
            ("ganzhi.alert.cleared", "yellow"),
        ]

    def outbox() -> list[tuple[str, int]]:
        with psycopg.connect(database) as conn:
            return conn.execute("select state, attempts from outbox order by id").fetchall()

    wait_until(lambda: ("pending", 1) not in outbox(), "the answer of the receiver is noted")
    assert outbox() == [("delivered", 1)] * 4
