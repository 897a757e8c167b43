"""`hub readings import` is killed with -9 in the middle, twice: run again it goes on, and every row is there once."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from tests.support.hub import run_hub
from tests.support.process import Process, wait_until

ROWS = 600_000
DEVICES = 200
START = datetime(2026, 1, 1, tzinfo=UTC)


def _file(path: Path) -> None:
    """Row `number` is of device number % DEVICES, a second after its last one, and its value is its number."""
    with path.open("w", encoding="utf-8") as out:
        out.write("ts,device,n\n")
        for turn in range(ROWS // DEVICES):
            at = (START + timedelta(seconds=turn)).isoformat()
            out.writelines(f"{at},d{device},{turn * DEVICES + device}\n" for device in range(DEVICES))


def _register(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('p', 'P', %s)", (json.dumps({"n": {}}),))
        query = "insert into device (code, name, profile_id) select 'd' || n, 'x', 1 from generate_series(0, %s) n"
        conn.execute(query, (DEVICES - 1,))


def _line(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select coalesce(max(line), 0) from import_progress").fetchone()
    assert row is not None
    return int(row[0])


def _kill_after_a_block(process: Process, url: str) -> None:
    before = _line(url)
    process.start()
    wait_until(lambda: _line(url) > before, "a block stored", 60)
    process.kill()
    assert before < _line(url) <= ROWS


@pytest.mark.heavy
def test_import_that_is_killed_goes_on_and_stores_each_row_once(store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    _file(path)
    _register(store_url)
    env = {"HUB_DATABASE__URL": store_url}
    command = [sys.executable, "-m", "app.main", "readings", "import", str(path)]
    for _ in range(2):
        _kill_after_a_block(Process(command, tmp_path / "import.log", env), store_url)
    status, text = run_hub("readings", "import", str(path), env=env, folder=tmp_path)
    assert status == 0, text
    assert "went on after line" in text
    assert f"{ROWS:,} readings, {ROWS:,} new, 0 there before" in text
    query = (
        "select r.value, substr(d.code, 2)::int, extract(epoch from r.ts)::int8 from reading r"
        " join series s on s.id = r.series_id join device d on d.id = s.device_id order by 1"
    )
    with psycopg.connect(store_url) as conn:
        stored: NDArray[np.float64] = np.array(conn.execute(query).fetchall())
    number = np.arange(ROWS)
    assert np.array_equal(stored[:, 0], number)
    assert np.array_equal(stored[:, 1], number % DEVICES)
    assert np.array_equal(stored[:, 2], int(START.timestamp()) + number // DEVICES)
    status, text = run_hub("readings", "import", str(path), env=env, folder=tmp_path)
    assert status == 0, text
    assert "nothing changed" in text
    assert len(stored) == ROWS


def test_command_tells_what_is_wrong(store_url: str, tmp_path: Path) -> None:
    _register(store_url)
    path = tmp_path / "bad.csv"
    path.write_text("ts,device,n\n2026-01-01T00:00:00Z,d0,1\n2026-01-01T00:00:01Z,d999,2\n")
    env = {"HUB_DATABASE__URL": store_url}
    status, text = run_hub("readings", "import", str(path), env=env, folder=tmp_path)
    assert status == 1
    assert "1 bad rows" in text
    assert "bad.csv.errors.csv" in text
    report = path.with_name("bad.csv.errors.csv").read_text()
    assert "3,device,no device 'd999' is registered" in report
    status, text = run_hub("readings", "import", str(path), "--skip-bad", env=env, folder=tmp_path)
    assert status == 0, text
    assert "1 readings, 1 new, 0 there before, 1 bad rows" in text
    status, text = run_hub("readings", "import", str(path), "--time-unit", "h", env=env, folder=tmp_path)
    assert status == 2
    status, text = run_hub("readings", "import", str(path), "--zone", "Mars/Olympus", env=env, folder=tmp_path)
    assert status == 2
    assert "Mars/Olympus" in text
