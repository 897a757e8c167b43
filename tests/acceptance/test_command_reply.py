"""Commands from the command line to a device on a real broker and back, in each deployment, and when things break."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.lamps import Lamp, register_lamps
from tests.support.line import Line
from tests.support.process import Process, wait_until

DIM = {"name": "set_brightness", "params": {"brightness": 40}}


def _dim(hub: Hub, code: str, wait_s: float = 15, **more: Any) -> httpx.Response:
    return hub.api.post(f"/api/v1/devices/{code}/commands", json={**DIM, **more}, params={"wait_s": wait_s})


def _command(hub: Hub, id_: str) -> dict[str, Any]:
    return dict(hub.api.get(f"/api/v1/commands/{id_}").json())


def _letters(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from dead_letter").fetchone()
    assert row is not None
    return int(row[0])


def _check_both_ways(hub: Hub, mosquitto: Mosquitto) -> None:
    """A lamp of its own and one on a pole do as they are told; one that does not answer is timed out."""
    with Lamp(mosquitto.port, "lamp-1") as lamp, Lamp(mosquitto.port, "pole/child/arm") as arm:
        answer = wait_until(lambda: (found := _dim(hub, "lamp-1")).status_code == 200 and found, "a reply")
        assert (answer.json()["state"], answer.json()["reply"]) == ("replied", {"result": {"brightness": 40}})
        began = time.monotonic()
        assert _dim(hub, "lamp-1").json()["state"] == "replied"
        assert time.monotonic() - began < 2
        assert _dim(hub, "arm", params={"brightness": 70}).json()["state"] == "replied"
        assert arm.told[-1]["params"] == {"brightness": 70}
        lamp.answer = lambda _: None
        answer = _dim(hub, "lamp-1", timeout_s=1)
        assert (answer.status_code, answer.json()["state"]) == (200, "timed_out")
        lamp.reply({"id": answer.json()["id"], "result": "at last"})
        wait_until(lambda: _command(hub, answer.json()["id"])["late"], "the late reply")
        lamp.reply({"id": str(uuid4())})
        wait_until(lambda: hub.api.get("/api/v1/dead-letters?reason=unknown_command").json()["items"], "a dead letter")


def test_the_command_line(hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    register_lamps(database, "lamp-1")
    wait_until(lambda: hub.counter("ganzhi_devices_known") == 1, "known")
    env = {"HUB_URL": f"http://127.0.0.1:{hub.port}"}

    def run(*arguments: str) -> tuple[int, str]:
        return run_hub("devices", *arguments, env=env, folder=tmp_path)

    with Lamp(mosquitto.port, "lamp-1") as lamp:
        status, text = run("command", "lamp-1", "set_brightness", '{"brightness": 70}', "--wait", "15")
        assert (status, 'done: {"brightness": 70}' in text) == (0, True), text
        assert [told["params"] for told in lamp.told] == [{"brightness": 70}]
        status, text = run("command", "lamp-1", "set_brightness", '{"brightness": 700}')
        assert (status, "maximum of 100" in text) == (1, True), text
        lamp.answer = lambda _: None
        status, text = run("command", "lamp-1", "reboot", "--timeout", "1")
        assert (status, "timed out: no reply within 1 s" in text) == (1, True), text
        lamp.reply({"id": lamp.told[-1]["id"], "result": "at last"})
        wait_until(lambda: _command(hub, lamp.told[-1]["id"])["late"], "the late reply")
    status, text = run("commands", "lamp-1")
    assert status == 0
    assert "no reply within 1 s; replied later" in text
    assert '"at last"' in text


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"]], ids=["alone", "with-workers"])
def test_direct(database: str, mosquitto: Mosquitto, tmp_path: Path, arguments: list[str]) -> None:
    register_lamps(database, "lamp-1", "pole")
    register_lamps(database, "arm", parent="pole")
    hub = Hub(database, mosquitto.port, tmp_path, *arguments)
    try:
        _check_both_ways(hub.start(), mosquitto)
        assert hub.terminate() == 0
    finally:
        hub.close()


def test_over_the_bus(database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path) -> None:
    register_lamps(database, "lamp-1", "pole")
    register_lamps(database, "arm", parent="pole")
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mosquitto.port), **kafka.env}
    api = Hub(database, mosquitto.port, tmp_path, "--roles", "api", **kafka.env)
    command = [sys.executable, "-m", "app.main", "serve", "--roles"]
    processes = [Process([*command, role], tmp_path / f"{role}.log", env) for role in ("edge", "worker")]
    try:
        for process in processes:
            process.start()
        api.start()
        processes[0].wait_for_line("connected to the broker")
        _check_both_ways(api, mosquitto)
    finally:
        api.close()
        for process in processes:
            if process.running:
                process.kill()


def test_nothing_is_sent_after_the_broker_was_away(hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    register_lamps(database, "lamp-1")
    wait_until(lambda: hub.counter("ganzhi_devices_known") == 1, "known")
    with Lamp(mosquitto.port, "lamp-1") as lamp:
        assert _dim(hub, "lamp-1").json()["state"] == "replied"
        mosquitto.stop()
        wait_until(lambda: "commands cannot be sent" in hub.text(), "the hub noticed")
        answer = _dim(hub, "lamp-1", params={"brightness": 1})
        assert answer.status_code == 503
        assert "is not sent later" in answer.json()["detail"]
        mosquitto.start()
        wait_until(lambda: "commands can be sent" in hub.text(), "the hub is back")
        wait_until(lambda: _dim(hub, "lamp-1", timeout_s=1).json().get("state") == "replied", "the lamp is back too")
        assert {told["params"]["brightness"] for told in lamp.told} == {40}
    items = hub.api.get("/api/v1/devices/lamp-1/commands?state=failed").json()["items"]
    assert [(item["params"], item["sent_at"]) for item in items] == [({"brightness": 1}, None)]


@pytest.fixture
def asked(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[tuple[Hub, Line, Lamp, str]]:
    """A hub behind a line, a lamp that was told something and is yet to reply, and the id of that."""
    register_lamps(database, "lamp-1")
    with Line(mosquitto.port) as line, Lamp(mosquitto.port, "lamp-1", lambda _: None) as lamp:
        hub = Hub(database, line.port, tmp_path)
        try:
            hub.start()
            sent = lambda: (found := _dim(hub, "lamp-1", 0, timeout_s=300)).status_code == 202 and found  # noqa: E731
            answer = wait_until(sent, "the command is sent")
            wait_until(lambda: lamp.told, "the lamp was told")
            yield hub, line, lamp, answer.json()["id"]
        finally:
            hub.close()


def test_killed_before_a_reply_is_committed(asked: tuple[Hub, Line, Lamp, str], database: str) -> None:
    hub, line, lamp, id_ = asked
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as observer:
        holder.execute("select from command for update")
        lamp.reply({"id": id_, "result": 7})
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%unnest%'"
        wait_until(lambda: observer.execute(waits).fetchone() != (0,), "its commit waits")
        hub.kill()
        line.cut()
        holder.rollback()
    hub.start()
    wait_until(lambda: _command(hub, id_)["state"] == "replied", "the reply is delivered again")
    assert _command(hub, id_)["reply"] == {"result": 7}
    assert _letters(database) == 0


def test_killed_before_a_reply_is_acknowledged(asked: tuple[Hub, Line, Lamp, str], database: str) -> None:
    hub, line, lamp, id_ = asked
    line.swallow.set()
    before = line.swallowed
    stranger = str(uuid4())
    lamp.reply({"id": id_, "result": 7})
    lamp.reply({"id": stranger, "result": json.dumps(8)})
    wait_until(lambda: _command(hub, id_)["state"] == "replied" and _letters(database) == 1, "both are committed")
    wait_until(lambda: line.swallowed > before, "an acknowledgement swallowed")
    settled = _command(hub, id_)
    hub.kill()
    line.cut()
    line.swallow.clear()
    hub.start()
    wait_until(lambda: hub.counter("ganzhi_messages_total") >= 2, "both are delivered again")
    assert _command(hub, id_) == settled
    assert _letters(database) == 1, "the reply to nothing is one letter"


def test_a_lamp_of_the_city_shines_as_it_is_told(hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    city = [sys.executable, "-m", "simulator", "city", "--api", f"http://127.0.0.1:{hub.port}"]
    city += [
        "--mqtt",
        f"127.0.0.1:{mosquitto.port}",
        "--devices",
        "12",
        "--rate",
        "40",
        "--seconds",
        "300",
        "--truth",
        str(tmp_path),
    ]
    with Process(city, tmp_path / "city.log"), psycopg.connect(database, autocommit=True) as conn:
        of_lamp = (
            "select value from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
            " where d.code = 'pole-001-lamp' and s.metric = 'brightness' and r.value = 37"
        )
        wait_until(lambda: conn.execute("select 1 from reading limit 1").fetchone(), "the city lives", 60)
        answer = _dim(hub, "pole-001-lamp", params={"brightness": 37})
        assert answer.json().get("reply") == {"result": {"brightness": 37}}, answer.text
        wait_until(lambda: conn.execute(of_lamp).fetchone(), "it is measured, too")
        answer = _dim(hub, "pole-001-lamp", params={"brightness": 370})
        assert answer.status_code == 422
