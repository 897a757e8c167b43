"""A stranger whose device does not work: at each step the diagnosis names the fault and the remedy, in the shell."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import Process, wait_until

TOPIC = "ganzhi/v1/air-01/telemetry"
AIR = {"pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000}}


def now_ms() -> int:
    return int(time.time() * 1000)


def reading(ts: float) -> str:
    return json.dumps({"ts": int(ts), "values": {"pm25": 35}})


class Bench:
    """A hub with one registered device, and the commands that its integrator uses."""

    def __init__(self, hub: Hub, broker: Mosquitto) -> None:
        self._hub, self.broker = hub, broker
        hub.put("/profiles/air", name="Air", metrics=AIR, interval_s=60)
        hub.put("/devices/air-01", name="文三路", profile="air")
        hub.wait_for_devices(1)
        self.env = {**hub.env, "HUB_URL": f"http://127.0.0.1:{hub.port}"}

    def asks(self, code: str = "air-01", *options: str) -> tuple[int, str]:
        """What `hub devices diagnose` prints, and its exit status."""
        done = CliRunner().invoke(app, ["devices", "diagnose", code, *options], env=self.env)
        return done.exit_code, done.output

    def publishes(self, payload: str, topic: str = TOPIC) -> None:
        self.broker.pub(topic, payload.encode())

    def finds(self, code: str, level: str = "fault", payload: Callable[[], str] | None = None) -> None:
        """Wait until the diagnosis has a finding; meanwhile the device sends what `payload` gives."""

        def found() -> bool:
            if payload is not None:
                self.publishes(payload())
            body = self._hub.api.get("/api/v1/devices/air-01/diagnosis").json()
            return any(each["code"] == code and each["level"] == level for each in body["findings"])

        wait_until(found, f"{code} is a {level}")


@pytest.fixture
def bench(hub: Hub, mosquitto: Mosquitto) -> Bench:
    return Bench(hub, mosquitto)


def test_each_mistake_is_named_with_its_remedy(bench: Bench) -> None:
    status, said = bench.asks()
    assert status == 1
    assert "Nothing has ever arrived" in said
    assert f"-t {TOPIC}" in said

    bench.publishes("{'pm25': 35}")
    bench.finds("refused_not_json")
    status, said = bench.asks()
    assert status == 1
    assert "names and texts stand in double quotes" in said
    assert "{'pm25': 35}\n       ^" in said

    bench.publishes('{"PM2.5": 35}')
    bench.finds("refused_unknown_metric")
    assert "PM2.5 -> pm25" in bench.asks()[1]

    bench.publishes(reading(time.time()))
    bench.finds("refused_time_out_of_range")
    said = bench.asks()[1]
    assert "looks like seconds; send milliseconds" in said
    assert "1. Send ts as epoch milliseconds" in said

    bench.publishes(reading(now_ms() + 3_600_000))
    bench.finds("refused_future_time")
    said = bench.asks()[1]
    assert "1. Its clock is 1 h ahead, 1 whole hour: a wrong time zone" in said
    assert "NTP" in said

    bench.publishes(reading(now_ms()), "ganzhi/v1/air-O1/telemetry")
    bench.finds("mistyped")
    assert f"1. Did you mean air-01? Then publish to {TOPIC} instead of" in bench.asks()[1]
    status, said = bench.asks("air-O1")
    assert status == 1
    assert "No device air-O1 is registered. Did you mean air-01?" in said
    assert '{"ts":' in said

    bench.finds("clock_ok", "ok", lambda: reading(now_ms()))
    status, said = bench.asks()
    assert status == 0, said
    assert "air-01 works." in said
    assert "What to do next" not in said
    status, said = bench.asks("air-01", "--lang", "zh")
    assert "air-01 工作正常。" in said
    assert json.loads(bench.asks("air-01", "--json")[1])["works"] is True


def test_the_tail_shows_what_the_hub_makes_of_each_message(bench: Bench, hub: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.main", "devices", "tail", "air-01", "--json", "--number", "5"]
    with Process(command, tmp_path / "tail.log", bench.env) as tail:
        tail.wait_for_line("listening to ganzhi/v1/air-01")
        bench.publishes("{'pm25': 35}")
        bench.publishes('{"pm25": 3500, "licensePlate": "X1"}')
        bench.broker.pub("ganzhi/v1/air-01/event", b'{"kind": "smoke", "level": "red"}')
        sent = {"ts": now_ms(), "values": {"pm25": 3}}
        assert hub.api.post("/api/v1/devices/air-01/telemetry", json=sent).status_code == 202
        assert hub.api.post("/api/v1/devices/air-01/telemetry", json={"pm25": "x"}).status_code == 422
        assert tail.wait(30) == 0
        shown = [json.loads(line) for line in tail.text().splitlines()]
    messages = [each for each in shown if each["event"] == "message"]
    by_mqtt = [each for each in messages if each["transport"] == "mqtt"]
    assert [each["verdict"] for each in by_mqtt] == ["refused", "stored", "stored"]
    assert (by_mqtt[0]["payload"], by_mqtt[0]["reason"]) == ("{'pm25': 35}", "not_json")
    assert by_mqtt[0]["flaws"][0]["byte"] == 1
    assert (by_mqtt[1]["payload"], by_mqtt[1]["encoding"]) == ("", "withheld")
    assert "X1" not in tail.text()
    assert "out of range" in by_mqtt[1]["readings"][0]["note"]
    assert by_mqtt[2]["events"][0]["kind"] == "smoke"
    (posted,) = [each for each in messages if each["transport"] == "http"]
    assert posted["reason"] == "value_not_a_number"
    assert [each["value"] for each in shown if each["event"] == "reading"] == [3.0]


def test_a_flood_is_sampled_and_counted(bench: Bench, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.main", "devices", "tail", "air-01", "--json"]
    with Process(command, tmp_path / "tail.log", bench.env) as tail:
        tail.wait_for_line("listening to")
        begin = now_ms()
        payloads = [b'{"ts": %d, "values": {"pm25": 1}}' % (begin + number) for number in range(500)]
        bench.broker.publish([(TOPIC, payload) for payload in payloads])

        def counted() -> int:
            told = [json.loads(line) for line in tail.text().splitlines() if line.endswith("}")]
            return sum(each["event"] == "message" or each.get("count", 0) for each in told)

        wait_until(lambda: counted() >= 500, "all are shown or counted")
        assert counted() == 500
        messages = sum('"event": "message"' in line for line in tail.text().splitlines())
        assert 20 <= messages <= 60


def test_a_payload_is_checked_without_a_hub(tmp_path: Path) -> None:
    def checks(payload: bytes, *options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["frame", "check", *options], input=payload, env={"COLUMNS": "200"})
        return done.exit_code, done.output

    status, said = checks(b'{"ts": 1767225600, "values": {"pm25": 35.2}}')
    assert status == 1
    assert "$.ts, line 1, column 8, byte 7" in said
    profile = tmp_path / "air.json"
    profile.write_text(json.dumps({"name": "Air", "metrics": AIR}), encoding="utf-8")
    status, said = checks(b'{"PM2.5": 1, "pm25": 7}', "--profile", str(profile))
    assert status == 1
    assert "did you mean pm25?" in said
    assert "ug/m3" in said
    assert checks(b"7b 22 61 22 3a 31 7d", "--hex")[0] == 0
    status, said = checks(b'[{"n": "a", "v": 1}, {"n": "b"}]', "--json")
    assert status == 1
    assert json.loads(said)["flaws"][0]["record"] == 1
    assert checks(b"{}", "--form", "morse")[0] == 1
    assert "no such file" in checks(b"{}", "--profile", "nowhere.json")[1]
