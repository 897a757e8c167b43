"""`hub demo` as a stranger starts it: servers of its own, a city, a result; and it leaves nothing running."""

import json
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from app.demo.processes import birth
from tests.support.process import Process, accepts, free_port, wait_until

KEYS = [
    "sent", "stored", "rejected", "lost", "duplicates", "anomalies_injected", "alerts_raised", "alerts_delivered",
    "alert_ms_p50", "alert_ms_p99", "readings_per_s", "video_fires_alerted",
]  # fmt: skip


def demo(folder: Path, *arguments: str) -> Process:
    """The demo, its standard output apart from its progress."""
    command = [sys.executable, "-c", WITH_STDOUT_IN_A_FILE, str(folder / "stdout"), "demo", *arguments]
    (folder / "demo.log").unlink(missing_ok=True)
    return Process([*command, "--data-dir", str(folder / "demo")], folder / "demo.log")


WITH_STDOUT_IN_A_FILE = """
import os, sys
os.dup2(os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
from app.main import main
main()
"""


def told(folder: Path) -> dict[str, float]:
    """The JSON object on the last line of standard output, which holds nothing else."""
    text = (folder / "stdout").read_text()
    assert text.count("\n") == 1, text
    result = json.loads(text)
    assert list(result) == KEYS
    return dict(result)


def test_twelve_seconds_of_a_city_and_a_second_run_in_the_same_folder(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, "--seconds", "12", "--port", str(port)) as process:
        wait_until(lambda: accepts(port), "the page is served", 120)
        assert process.wait(240) == 0, process.text()
        result = told(tmp_path)
        assert result["lost"] == result["duplicates"] == 0
        assert result["sent"] == result["stored"] + result["rejected"]
        assert result["rejected"] > 8
        # Whatever time of the day it is: weather that the past has not shown may raise one more, as it may for people.
        assert result["alerts_raised"] == result["alerts_delivered"] >= result["anomalies_injected"] > 7
        assert re.search(r"seen by no threshold and found +7 of 7 ", process.text()), process.text()
        assert 0 < result["alert_ms_p50"] <= result["alert_ms_p99"]
        assert result["readings_per_s"] > 500
        assert not accepts(port)
    with demo(tmp_path, "--seconds", "5", "--port", str(port)) as process:  # all that it knows of is of its past
        assert process.wait(180) == 0, process.text()
        again = told(tmp_path)
        assert re.search(r"told of the past / stored +([\d,]{6,}) / \1 ", process.text()), process.text()
        assert again["lost"] == again["duplicates"] == 0
        assert re.search(r"seen by no threshold and found +7 of 7 ", process.text()), process.text()


@pytest.mark.heavy
def test_a_stopped_demo_gives_its_result_and_the_next_one_takes_up_its_data(tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with demo(tmp_path, "--port", "0") as process:
            process.wait_for_line(r"the page: http://127.0.0.1:\d+", 60)
            process.wait_for_line(r"[1-9]\d\d messages/s .* [1-9]\d* dead letters", 60)  # the city lives
            ledger = json.loads((tmp_path / "demo" / "processes.json").read_text())
            process.send(number)
            assert process.wait(60) == 0, process.text()
        result = told(tmp_path)
        assert result["lost"] == result["duplicates"] == 0
        assert result["sent"] > 50
        assert len(ledger) >= 4
        assert not any(birth(one["pid"]) == one["born"] for one in ledger)


@pytest.mark.heavy
def test_a_hub_that_dies_ends_the_demo_with_its_log(tmp_path: Path) -> None:
    with demo(tmp_path, "--port", "0") as process:
        process.wait_for_line(r"the page: http://127.0.0.1:\d+", 60)
        ledger = json.loads((tmp_path / "demo" / "processes.json").read_text())
        hub = next(one["pid"] for one in ledger if b"app.main" in Path(f"/proc/{one['pid']}/cmdline").read_bytes())
        Process(["kill", "-9", str(hub)], tmp_path / "kill.log").start().wait()
        assert process.wait(60) == 1
        assert "hub has ended by signal 9" in process.text()
        assert (tmp_path / "stdout").read_text() == ""
        assert not any(birth(one["pid"]) == one["born"] for one in ledger)


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        demo(tmp_path, "--port", str(taken.getsockname()[1])) as process,
    ):
        assert process.wait(30) == 1
        assert "name another one with --port" in " ".join(process.text().split())
