"""The servers that other tests stand on do what those tests take for granted."""

import shutil
import signal
import sys
import time
from itertools import count as counting
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker
from tests.support import process
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.process import HUB, Process, free_port, wait_until


def _count(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from organisation").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(database: str, turn: int) -> None:
    assert _count(database) == 0
    with psycopg.connect(database) as conn:
        conn.execute("insert into organisation values ('o', 'O')")


def test_store_of_each_mode_has_the_schema(store_url: str, store_mode: str) -> None:
    assert _count(store_url) == 0
    with psycopg.connect(store_url) as conn:
        extension = conn.execute("select 1 from pg_extension where extname = 'timescaledb'").fetchone()
    assert (extension is not None) == (store_mode == "timescaledb")


def test_killed_cluster_comes_back_with_what_was_committed(own_cluster: Cluster) -> None:
    with psycopg.connect(own_cluster.url) as conn:
        conn.execute("create table kept as select 1 as one")
    own_cluster.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_cluster.url, connect_timeout=2)
    own_cluster.start()
    with psycopg.connect(own_cluster.url) as conn:
        assert conn.execute("select one from kept").fetchall() == [(1,)]


def _subscriber(broker: Mosquitto, got: list[bytes]) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="keeps-session", clean_session=False)
    client.on_message = lambda _client, _data, message: got.append(bytes(message.payload))
    client.connect(broker.host, broker.port)
    client.subscribe("t/#", qos=1)
    return client


def test_broker_keeps_a_sleeping_session_over_its_own_restart(mosquitto: Mosquitto, tmp_path: Path) -> None:
    got: list[bytes] = []
    first = _subscriber(mosquitto, got)

    def leave(*_: object) -> None:
        first.disconnect()

    first.on_subscribe = leave
    first.loop_forever()
    mosquitto.pub("t/a", b"from the command line")
    mosquitto.pub("t/a", b"one\ntwo\n", lines=True)
    assert mosquitto.publish([("t/b", b"%d" % number) for number in range(2000)]) == 2000
    mosquitto.stop()
    mosquitto.start()
    second = _subscriber(mosquitto, got)
    second.loop_start()
    wait_until(lambda: len(got) >= 2003, "all messages of the session")
    leave_broker(second)
    assert got == [b"from the command line", b"one", b"two", *[b"%d" % number for number in range(2000)]]


def test_process_that_ends_early_shows_what_it_wrote(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "echo cannot go on; exit 3"], tmp_path / "log").start()
    with pytest.raises(AssertionError, match="cannot go on"):
        process.wait_for_line("ready")
    assert process.wait() == 3


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_processes_of_a_killed_test_run_end_too(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from tests.support.process import Process\n"
        "child = Process(['sleep', '300'], pathlib.Path(sys.argv[1])).start(); print('child', child.pid, flush=True)\n"
        "time.sleep(300)"
    )
    run = Process([sys.executable, "-c", code, str(tmp_path / "child.log")], tmp_path / "run.log").start()
    pid = int(run.wait_for_line(r"^child (\d+)$")[1])
    wait_until(lambda: Path(f"/proc/{pid}/comm").read_text().strip() == "sleep", "the child is what it shall be")
    run.kill()
    wait_until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_zombie(pid), "the child has ended")


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def _hub(log: Path, *arguments: str, **env: str) -> Process:
    return Process([*HUB, *arguments], log, env)


@pytest.mark.heavy
@pytest.mark.parametrize("forked", [True, False], ids=["forked", "executed"])
def test_a_forked_hub_is_as_one_that_was_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: bool
) -> None:
    if not forked:
        monkeypatch.setenv("HUB_TEST_EXEC", "1")
    monkeypatch.setenv("HUB_MQTT__PORT", "none")
    told = _hub(tmp_path / "config.log", "check")
    assert told.start().wait() == 1
    assert "HUB_MQTT__PORT" in told.text()
    usage = _hub(tmp_path / "usage.log", "no-such-verb", HUB_MQTT__PORT="1883")
    assert usage.start().wait() == 2
    away = {"HUB_MQTT__PORT": "1", "HUB_DATABASE__URL": "postgresql://127.0.0.1:1/", "HUB_API__PORT": str(free_port())}
    serving = _hub(tmp_path / "serve.log", "serve", **away)
    for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0), (signal.SIGINT, 0)):
        serving.start().wait_for_line("cannot be reached")
        assert Path(f"/proc/{serving.pid}/cwd").readlink() == Path.cwd()
        serving.send(number)
        assert serving.wait() == status, serving.text()
        assert not serving.running
        serving.log.unlink()


def test_a_hub_is_forked_whatever_terminal_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")  # as readline sets it in a process that runs tests for another
    with _hub(tmp_path / "help.log", "serve", HUB_DATABASE__URL="postgresql://127.0.0.1:1/") as serving:
        serving.wait_for_line("cannot be reached")
        assert "tests.support.forks" in Path(f"/proc/{serving.pid}/cmdline").read_text(encoding="utf-8")


def test_what_stands_still_is_given_up_and_what_moves_is_not() -> None:
    with pytest.raises(AssertionError, match=r"nothing moved for 0\.1 s .*: the moon"):
        wait_until(lambda: False, "the moon", 0.1)
    began, moves = time.monotonic(), counting()
    assert wait_until(lambda: time.monotonic() > began + 0.5, "half a second", 0.1, lambda: next(moves))


def test_time_without_a_processor_counts_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_quiet", lambda: 0.0)
    began = time.monotonic()
    with pytest.raises(AssertionError, match="the moon"):
        wait_until(lambda: False, "the moon", 0.1)
    assert time.monotonic() - began > 0.9
