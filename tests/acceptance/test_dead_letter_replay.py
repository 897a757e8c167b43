"""After a fix, dead letters are stored as if they had just been right: with their own times, once."""

import json
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

COUNT = 700
"""More than one request of the command."""


def letters(url: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select reason, replays from dead_letter order by received_at, reason").fetchall()


def hub_says(hub: Hub, folder: Path, *arguments: str) -> str:
    env = hub.env | {"HUB_URL": str(hub.api.base_url)}
    status, said = run_hub("dead-letters", *arguments, env=env, folder=folder)
    assert status == 0, said
    return said


@pytest.fixture
def strange(hub: Hub, database: str, mosquitto: Mosquitto) -> Hub:
    """A hub that was sent messages of a device that it does not know; those without a time are told by their value."""
    timeless = [("ganzhi/v1/air-1/telemetry", b'{"pm25": %d}' % number) for number in range(COUNT)]
    broken = [("ganzhi/v1/air-1/telemetry", b"pm25=1"), ("ganzhi/v1/air-1/telemetry", b"x" * 70_000)]
    timed = [("ganzhi/v1/air-1/event", b'{"id": "1", "ts": "2026-01-01T00:00:00Z", "kind": "smoke"}')]
    mosquitto.publish([*timeless, *broken, *timed])
    wait_until(lambda: len(letters(database)) == COUNT + 3, "everything is a dead letter")
    return hub


def test_a_device_is_registered_late(strange: Hub, database: str, tmp_path: Path) -> None:
    said = hub_says(strange, tmp_path, "replay", "--reason", "unknown_device", "--dry-run")
    assert f"{COUNT + 2} can be replayed; 1 cannot" in said
    with psycopg.connect(database) as conn:
        came = conn.execute(
            "select received_at from dead_letter where payload like '{\"pm25%' order by received_at"
        ).fetchall()
    strange.register("air-1", "pm25")
    said = hub_says(strange, tmp_path, "replay", "--reason", "unknown_device", "--limit", "5")
    assert "5 stored, 0 refused again" in said
    said = hub_says(strange, tmp_path, "replay", "--reason", "unknown_device")
    assert f"{COUNT - 5 + 1} stored, 1 refused again, 1 left" in said
    assert "Refused again: not_json 1" in said
    with psycopg.connect(database) as conn:
        stored = conn.execute("select value::int, ts from reading order by value").fetchall()
        events = conn.execute("select kind, ts = '2026-01-01T00:00:00Z' from event").fetchall()
    assert [value for value, _ in stored] == [*range(COUNT)]
    assert [(ts,) for _, ts in stored] == came
    assert events == [("smoke", True)]
    assert letters(database) == [("not_json", 1), ("unknown_device", 0)]
    assert "0 stored, 1 refused again, 1 left" in hub_says(strange, tmp_path, "replay")
    assert letters(database) == [("not_json", 2), ("unknown_device", 0)]


def test_one_letter_by_its_id(strange: Hub, database: str, tmp_path: Path) -> None:
    api = strange.api
    wanted: dict[str, str | int] = {"device": "air-1", "limit": 1000}
    listed = {one["id"]: one for one in api.get("/api/v1/dead-letters", params=wanted).json()["items"]}
    [cut] = [id_ for id_, one in listed.items() if one["payload_size"] == 70_000]
    [event] = [id_ for id_, one in listed.items() if one["address"].endswith("/event")]
    shown = hub_says(strange, tmp_path, "show", event)
    assert "unknown_device" in shown
    assert '"kind": "smoke"' in shown
    assert json.loads(hub_says(strange, tmp_path, "show", event, "--json").splitlines()[-1])["id"] == event

    refused = api.post(f"/api/v1/dead-letters/{event}/replay").json()
    assert [(one["id"], one["reason"]) for one in refused["refused"]] == [(event, "unknown_device")]
    assert api.get(f"/api/v1/dead-letters/{event}").json()["replays"] == 1
    strange.register("air-1", "pm25")
    assert api.post(f"/api/v1/dead-letters/{event}/replay").json()["accepted"] == 1
    assert api.get(f"/api/v1/dead-letters/{event}").status_code == 404
    assert api.post(f"/api/v1/dead-letters/{event}/replay").status_code == 404

    answer = api.post(f"/api/v1/dead-letters/{cut}/replay")
    assert answer.status_code == 409
    assert "cut" in answer.json()["detail"]
    status, said = run_hub("dead-letters", "show", str(uuid4()), env=strange.env, folder=tmp_path)
    assert status == 1
    assert "there is no dead letter" in said
    with psycopg.connect(database) as conn:
        assert conn.execute("select kind from event").fetchall() == [("smoke",)]
        noted = conn.execute("select count(*) from audit where action = 'dead_letters.replay'").fetchone()
    assert noted == (2,)


def test_a_page_of_the_api_goes_on_where_the_last_one_ended(strange: Hub, database: str) -> None:
    strange.register("air-1", "pm25")
    asked: dict[str, object] = {"limit": 300}
    accepted, pages = 0, 0
    while True:
        told = strange.api.post("/api/v1/dead-letters:replay", json=asked).json()
        accepted, pages = accepted + told["accepted"], pages + 1
        if told["next"] is None:
            break
        asked["cursor"] = told["next"]
    assert (accepted, pages) == (COUNT + 1, 3)
    assert len(letters(database)) == 2


def test_without_a_hub_the_command_says_so(tmp_path: Path) -> None:
    status, said = run_hub("dead-letters", "replay", "--url", "http://127.0.0.1:9", env={}, folder=tmp_path)
    assert status == 1
    assert "no hub answers at http://127.0.0.1:9" in said
    assert "Traceback" not in said
