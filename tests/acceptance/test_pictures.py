"""A camera's picture goes with its event, behind the gate, or says why not; and lasts as its event does."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.test_street_pictures import detail
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.pictures import decoded, jpeg, noisy, street
from tests.support.process import wait_until

STREET = street(640, 360)
OTHER = "/9j/" + base64.b64encode(b"of somebody's face").decode()
ROWS = "select e.kind, p.why, p.width, p.content, p.file from event e left join event_picture p on p.event_id = e.id"


def event(kind: str, picture: bytes, **more: Any) -> bytes:
    return json.dumps({"kind": kind, "image": base64.b64encode(picture).decode(), **more}).encode()


def stored(database: str, kind: str) -> list[Any]:
    with psycopg.connect(database) as conn:
        return conn.execute(f"{ROWS} where e.kind = %s order by e.received_at", (kind,)).fetchall()


@pytest.mark.parametrize("kept", ["table", "folder"])
def test_a_picture_is_stored_beside_its_event(database: str, mosquitto: Mosquitto, tmp_path: Path, kept: str) -> None:
    folder = tmp_path / "pictures"
    more = {"HUB_PICTURES__STORE": "folder", "HUB_PICTURES__FOLDER": str(folder)} if kept == "folder" else {}
    hub = Hub(database, mosquitto.port, tmp_path, **more)
    try:
        hub.start().register("cam-1")

        def passed() -> bool:  # on a busy machine, and while the gate starts, events go without
            mosquitto.publish(
                [("ganzhi/v1/cam-1/event", event("smoke", jpeg(noisy(STREET, 1)), id=str(time.time_ns())))]
            )
            return any(row[1] is None for row in stored(database, "smoke"))

        wait_until(passed, "a picture has passed the gate")
        [_, why, width, content, file] = next(row for row in stored(database, "smoke") if row[1] is None)
        assert (why, width, (content is None, file is None)) == (None, 640, (kept == "folder", kept == "table"))
        picture = bytes(content) if content is not None else (folder / file).read_bytes()
        across, down = detail(decoded(picture))
        assert (across < 8 < detail(STREET)[0], down < 8) == (True, True), (
            "nothing is known of the place: it is in blocks"
        )
        bad = event("tamper", jpeg(STREET)[:-200], attributes={"note": OTHER, "shot": OTHER[:40]})
        mosquitto.publish([("ganzhi/v1/cam-1/event", bad)])
        mosquitto.publish([("ganzhi/v1/cam-1/event", event("tamper", jpeg(STREET)) + b"}")])
        wait_until(lambda: stored(database, "tamper"), "an event whose picture is refused is stored")
        assert stored(database, "tamper") == [("tamper", "refused: truncated", 0, None, None)]
        with psycopg.connect(database) as conn:
            wait_until(lambda: conn.execute("select 1 from dead_letter").fetchall(), "what is no JSON is a letter")
            for table in ("event", "dead_letter"):
                [(text,)] = conn.execute(f"select coalesce(string_agg(t::text, ' '), '') from {table} t").fetchall()
                assert OTHER not in text, table
                assert base64.b64encode(jpeg(STREET)).decode()[:400] not in text, table
        assert hub.terminate() == 0
    finally:
        hub.close()


def test_a_hub_that_is_killed_between_gate_and_commit_stores_event_and_picture_once(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    hub = Hub(database, mosquitto.port, tmp_path)
    waiting = "select 1 from pg_locks where not granted and relation = 'event_picture'::regclass"
    fire = event("fire", jpeg(STREET), id="7", ts=time.time_ns() // 1_000_000)
    try:
        hub.start().register("cam-1")
        with psycopg.connect(database) as lock, psycopg.connect(database, autocommit=True) as looks:
            lock.execute("lock table event_picture in exclusive mode")
            mosquitto.publish([("ganzhi/v1/cam-1/event", fire)])
            wait_until(lambda: looks.execute(waiting).fetchall(), "the commit has begun")
            assert stored(database, "fire") == []
            hub.kill()
        hub.start()
        wait_until(lambda: stored(database, "fire"), "the broker has delivered it again")
        mosquitto.publish([("ganzhi/v1/cam-1/event", fire), ("ganzhi/v1/cam-1/event", event("smoke", jpeg(STREET)))])
        wait_until(lambda: stored(database, "smoke"), "what came later is stored")
        [(_, why, width, _, _)] = stored(database, "fire")
        assert (why, width) in ((None, 640), ("too_slow", 0)), "a cold gate may be too slow, and says so"
    finally:
        hub.close()
