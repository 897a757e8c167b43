"""The demo's own servers and processes: started, watched, ended; also what a killed demo leaves behind."""

import json
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from app.demo.broker import USERNAME, start_broker
from app.demo.database import socket_folder, start_database
from app.demo.processes import DemoError, Processes, Stopped, birth, end_leftovers
from app.demo.run import LOCK, own_folder
from hub.mqtt_thread import leave_broker
from simulator.publisher import Broker, Publisher
from tests.support.process import Process, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "logs", tmp_path / "processes.json")


def test_postgresql_keeps_its_data_in_a_folder_with_a_long_name(processes: Processes, tmp_path: Path) -> None:
    folder = tmp_path / ("a b % é " * 12)
    for expected in ([], [("kept",)]):
        with ExitStack() as stack:
            sockets = stack.enter_context(socket_folder())
            stack.enter_context(processes)
            url = start_database(processes, folder, sockets)
            with psycopg.connect(url, autocommit=True) as conn:
                assert conn.execute("show fsync").fetchall() == [("on",)]
                assert conn.execute("select name from organisation").fetchall() == expected
                conn.execute("insert into organisation values ('a', 'kept') on conflict do nothing")
        assert not sockets.exists()
    assert not (folder / "data" / "postmaster.pid").exists(), "it was ended in order"


def _connections(port: int) -> int:
    """How many connections of a port of 127.0.0.1 its server has not closed."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(line[1].endswith(f":{port:04X}") and line[3] in ("01", "08") for line in lines)


def test_iotcore_keeps_what_a_session_missed_or_left_unacknowledged(processes: Processes, tmp_path: Path) -> None:
    got: list[bytes] = []

    def connected(port: int, acknowledging: bool = True) -> Client:
        hub = Client(CallbackAPIVersion.VERSION2, client_id="hub", clean_session=False, manual_ack=not acknowledging)
        hub.on_message = lambda _client, _user, message: got.append(bytes(message.payload))
        hub.on_subscribe = lambda *_: got.append(b"subscribed")
        hub.username_pw_set(USERNAME)
        hub.connect("127.0.0.1", port)
        hub.subscribe("ganzhi/v1/+/telemetry", 1)
        hub.loop_start()
        wait_until(lambda: b"subscribed" in got, "subscribed")
        return hub

    def left(hub: Client, port: int) -> None:
        leave_broker(hub)
        wait_until(lambda: _connections(port) == 1, "the broker has closed it too, and has the sender alone")
        got.clear()

    with processes:
        name, port, _ = start_broker(processes, tmp_path / "broker", mosquitto=None)
        assert name == "iotcore"
        acknowledged: list[int] = []
        with Publisher(Broker("127.0.0.1", port, USERNAME), "sender", acknowledged.append) as sender:

            def published(text: str, count: int) -> set[bytes]:
                payloads = [f"{text} {number}".encode() for number in range(count)]
                for number, payload in enumerate(payloads):
                    sender.publish("ganzhi/v1/a/telemetry", payload, number)
                assert sender.drain(20) == 0
                return set(payloads)

            hub = connected(port)
            heard = published("heard", 1000)
            wait_until(lambda: heard <= set(got), "everything came")
            left(hub, port)
            missed = published("missed", 50)
            hub = connected(port)
            wait_until(lambda: missed <= set(got), "what was missed came")
            left(hub, port)
            hub = connected(port, acknowledging=False)
            unacknowledged = published("unacknowledged", 50)
            wait_until(lambda: unacknowledged <= set(got), "it came")
            left(hub, port)
            hub = connected(port)
            wait_until(lambda: unacknowledged <= set(got), "what was not acknowledged came again")
            leave_broker(hub)


def test_a_child_that_ends_is_told_with_its_last_words(processes: Processes) -> None:
    with processes:
        processes.start("talker", [sys.executable, "-c", "print('the last words'); raise SystemExit(7)"])
        with pytest.raises(DemoError, match=r"(?s)talker has ended with status 7.*the last words"):
            processes.wait_until(lambda: False, "never", 20)


def test_waiting_ends_when_told_to_stop_and_by_a_deadline(processes: Processes) -> None:
    with processes:
        with pytest.raises(DemoError, match=r"not within 0\.1 s: a miracle"):
            processes.wait_until(lambda: False, "a miracle", 0.1)
        processes.stopping = True
        with pytest.raises(Stopped):
            processes.wait_until(lambda: False, "a miracle", 60)


def test_children_end_with_the_block_in_reverse_order(processes: Processes, tmp_path: Path) -> None:
    note = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(note)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    with processes:
        children = [processes.start(name, [sys.executable, "-c", code, name]) for name in ("a", "b", "c")]
        wait_until(lambda: all("up" in child.tail() for child in children), "all are up")
        assert processes.end(children[1]) == 0
    assert note.read_text() == "bca"
    assert all(child.status == 0 for child in children)


def test_what_a_killed_demo_left_is_ended_and_nobody_else(processes: Processes, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    with Process(SLEEP, tmp_path / "left.log") as left, Process(SLEEP, tmp_path / "other.log") as other:
        mine = {"pid": left.pid, "born": birth(left.pid), "ending": 15}
        reused = {"pid": other.pid, "born": "1", "ending": 15}
        gone = {"pid": 2**22 + 1, "born": "1", "ending": 15}
        ledger.write_text(json.dumps([mine, reused, gone]))
        end_leftovers(ledger)
        assert left.wait() == -15
        assert other.running
    ledger.write_text("cut o")
    end_leftovers(ledger)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_children_end_when_the_demo_is_killed_by_force(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    code = (
        "import sys, time; from pathlib import Path; from app.demo.processes import Processes\n"
        "deaf = 'import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)'\n"
        "with Processes(Path(sys.argv[1]), Path(sys.argv[2])) as processes:\n"
        "    child = processes.start('child', [sys.executable, '-c', deaf])\n"
        "    processes.wait_until(lambda: child.tail() == '1', 'it runs', 20)\n"
        "    print('up', flush=True); time.sleep(600)"
    )
    with Process([sys.executable, "-c", code, tmp_path / "logs", ledger], tmp_path / "demo.log") as killed:
        killed.wait_for_line("up")
        [child] = json.loads(ledger.read_text())
        assert birth(child["pid"]) == child["born"], "it runs"
        killed.kill()
        try:
            wait_until(lambda: birth(child["pid"]) != child["born"], "the child has ended", 5)
        finally:
            end_leftovers(ledger)


def test_a_demo_takes_only_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with own_folder(folder, clean=False):
        (folder / "truth").mkdir()
        (folder / "mine.txt").touch()
        with pytest.raises(DemoError, match="another demo runs"), own_folder(folder, clean=False):
            pass
    with own_folder(folder, clean=True):
        assert sorted(path.name for path in folder.iterdir()) == [LOCK, "mine.txt"]
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "logs").mkdir()
    with pytest.raises(DemoError, match="no demo's folder"), own_folder(strange, clean=True):
        pass
    assert (strange / "logs").exists()
    with pytest.raises(DemoError, match="Not a directory"), own_folder(folder / "mine.txt" / "x", clean=False):
        pass


def test_the_folders_above_stay_unreadable(tmp_path: Path, processes: Processes) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root changes to another account")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with socket_folder() as sockets, processes:
        start_database(processes, private / "db", sockets)
    assert private.stat().st_mode & 0o777 == 0o701
