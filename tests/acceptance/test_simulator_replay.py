"""`python -m simulator replay`: real measurements through broker and hub into the store, value for value."""

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from tests.support.broker import Mosquitto, publisher
from tests.support.hub import Hub
from tests.support.process import Process, wait_until

STORED = """
select r.ts, r.value from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id
where d.code = %s and s.metric = %s order by r.ts
"""
Rows = list[tuple[datetime, float]]


def measured(path: Path, rows: int, seed: int) -> Rows:
    """A file of measurements every five minutes, and what it holds."""
    rng, begin = Random(seed), datetime(2015, 9, 1, 13, 45, tzinfo=UTC)
    made = [(begin + timedelta(minutes=5 * number), rng.lognormvariate(2, 1)) for number in range(rows)]
    lines = [f"{at:%Y-%m-%d %H:%M:%S},{value!r}\n" for at, value in made]
    path.write_text("timestamp,value\n" + "".join(lines))
    return made


def replay(folder: Path, *arguments: object) -> Process:
    command = [sys.executable, "-m", "simulator", "replay", *(str(argument) for argument in arguments)]
    return Process(command, folder / f"replay-{len(list(folder.iterdir()))}.log")


def stored(database: str, device: str, metric: str) -> Rows:
    with psycopg.connect(database) as conn:
        return conn.execute(STORED.encode(), [device, metric]).fetchall()


def wait_for_rows(database: str, metric: str, expected: Rows) -> None:
    wait_until(lambda: stored(database, "d-1", metric) == expected, f"{metric} stored value for value")


def test_each_row_of_two_files_is_stored(hub: Hub, mosquitto: Mosquitto, database: str, tmp_path: Path) -> None:
    one, two = tmp_path / "occupancy 6005.csv", tmp_path / "speed.csv"
    rows = {"occupancy-6005": measured(one, 2500, 1), "speed": measured(two, 1000, 2)}
    api, mqtt = f"http://127.0.0.1:{hub.port}", f"127.0.0.1:{mosquitto.port}"
    for _ in range(2):  # a second time changes nothing
        with replay(tmp_path, one, two, "--mqtt", mqtt, "--api", api, "--speed-up", "max", "--device", "d-1") as run:
            assert run.wait(60) == 0, run.text()
            assert "3500 of 3500 rows sent, 3500 acknowledged" in run.text()
        for metric, expected in rows.items():
            wait_for_rows(database, metric, expected)


def test_a_paced_replay_can_be_stopped_and_says_what_it_sent(mosquitto: Mosquitto, tmp_path: Path) -> None:
    path = tmp_path / "slow.csv"
    rows = measured(path, 1000, 3)
    mqtt, got = f"127.0.0.1:{mosquitto.port}", []
    with publisher(mosquitto.host, mosquitto.port) as listener:
        listener.on_message = lambda _client, _user, message: got.append(message.payload)
        listener.subscribe("ganzhi/v1/slow/telemetry", 1)
        # Five minutes at 3,000 times the speed are a tenth of a second.
        with replay(tmp_path, path, "--mqtt", mqtt, "--speed-up", "3000") as run:
            wait_until(lambda: len(got) >= 3, "the first rows came")
            run.send(signal.SIGTERM)
            assert run.wait(30) == 1
            told = run.text()
    assert got[0] == b'{"ts":1441115100000,"values":{"value":' + repr(rows[0][1]).encode() + b"}}"
    assert " of 1000 rows sent" in told
    assert "1000 of 1000" not in told


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("timestamp,value\n2015-09-01,1\n2015-09-02,x\n", [], "line 3: 'x' is no number"),
        ("timestamp,value\n2015-09-01,1\n", ["--mqtt", "127.0.0.1:9"], "no MQTT broker at 127.0.0.1:9"),
        ("timestamp,value\n2015-09-01,1\n", ["--api", "http://127.0.0.1:9"], "no answer from http://127.0.0.1:9"),
        ("timestamp,value\n2015-09-01,1\n", ["--speed-up", "fast"], "neither a number above 0 nor max"),
        ("timestamp,value\n2015-09-01,1\n", ["--zone", "Mars/Base"], "is no time zone"),
    ],
    ids=["bad file", "no broker", "no hub", "bad speed", "bad zone"],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    mosquitto: Mosquitto, tmp_path: Path, text: str, arguments: list[str], told: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with replay(tmp_path, path, "--mqtt", f"127.0.0.1:{mosquitto.port}", *arguments) as run:
        assert run.wait(40) != 0
        assert told in " ".join(run.text().split())
        assert "Traceback" not in run.text()
