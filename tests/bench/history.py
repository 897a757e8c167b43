"""How fast history is imported from CSV and Parquet, beside what raw COPY takes of the same rows.

./run bench history --rows 2e6 [--store timescaledb|postgresql] [--series 1000] [--json]

Each part writes into a database of its own: packed COPY of arrays that are made ahead, in the batches of the import
(copy limit); then `hub readings import` as a process of its own, of a Parquet and of a CSV file, with its check, its
progress and (TimescaleDB) the compression of what it has passed; then the same CSV file once more.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich.console import Console
from rich.table import Table

from hub.models import Columns
from hub.settings import Database
from hub.store.binary_copy import copy_readings
from hub.store.pool import open_pool
from tests.support.stores import Store, StoreAbsentError, open_store

BATCH = 200_000
START = 1_735_689_600_000_000  # 2025-01-01: old enough to be compressed
STEP = 60_000_000
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB"}


def main() -> None:
    """Make the files, import them, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=2e6)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--store", choices=("timescaledb", "postgresql"), default="timescaledb")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = int(given.rows)
    try:
        store = open_store(given.store, SETTINGS)
    except StoreAbsentError as absent:
        sys.exit(f"no {given.store}: {absent}")
    try:
        with tempfile.TemporaryDirectory(prefix="ganzhi-bench-") as folder:
            figures = _run(store, Path(folder), rows, given.series)
    finally:
        store.close()
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        table = Table("figure", "value", title=f"import of {rows:,} readings of {given.series:,} series")
        for name, value in figures.items():
            table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
        Console().print(table)


def _run(store: Store, folder: Path, rows: int, series: int) -> dict[str, Any]:
    parquet, text = _files(folder, rows, series)
    figures: dict[str, Any] = {"store": store.mode}
    with store.database() as url:
        figures["copy_limit_rows_per_s"] = round(rows / asyncio.run(_copy_s(url, rows, series)))
    for path in (parquet, text):
        form = path.suffix[1:]
        with store.database() as url:
            _register(url, series)
            seconds = _import_s(url, path)
            _check(url, rows)
            figures[f"{form}_rows_per_s"] = round(rows / seconds)
            figures[f"{form}_ratio_copy"] = round(figures[f"{form}_rows_per_s"] / figures["copy_limit_rows_per_s"], 2)
            if path is text:
                figures["csv_again_rows_per_s"] = round(rows / _import_s(url, path, "--again"))
                _check(url, rows)
    figures["csv_mb"], figures["parquet_mb"] = (round(path.stat().st_size / 1e6) for path in (text, parquet))
    return figures


def _columns(first: int, rows: int, series: int) -> Columns:
    """Rows of the history from `first` on, in the order of time."""
    number = np.arange(first, first + rows, dtype=np.int64)
    ts, ids = START + number // series * STEP, (number % series + 1).astype(np.int32)
    return Columns(ts, ids, np.round(20 + 10 * np.sin(number / 1e4), 2), np.zeros(rows, np.int16))


def _files(folder: Path, rows: int, series: int) -> tuple[Path, Path]:
    given = _columns(0, rows, series)
    names = pa.array([f"device-{number}" for number in range(1, series + 1)])
    table = pa.table(
        {
            "device": names.take(pa.array(given.series - 1)),
            "metric": pa.array(["m"] * rows),
            "ts": pa.array(given.ts, pa.timestamp("us", "UTC")),
            "value": pa.array(given.value),
        }
    )
    parquet, text = folder / "history.parquet", folder / "history.csv"
    pyarrow.parquet.write_table(table, parquet)
    pyarrow.csv.write_csv(table, text)
    return parquet, text


async def _copy_s(url: str, rows: int, series: int) -> float:
    """Seconds of packed COPY in sorted batches into the same table and index; making them does not count."""
    batches = []
    for first in range(0, rows, BATCH):
        part = _columns(first, min(BATCH, rows - first), series)
        order = np.lexsort((part.ts, part.series))
        batches.append(Columns(part.ts[order], part.series[order], part.value[order], part.quality[order]))
    async with open_pool(Database(url=url)) as pool, pool.connection() as conn:
        for month in range(12):
            await conn.execute("select ensure_partition(make_date(2025, %s, 1))", (month + 1,))
        began = time.monotonic()
        for batch in batches:
            await copy_readings(conn, batch)
        return time.monotonic() - began


def _register(url: str, series: int) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('bench', 'bench', '{\"m\": {}}')")
        conn.execute(
            "insert into device (code, name, profile_id) select 'device-' || n, 'bench', p.id"
            " from profile p, generate_series(1, %s) n",
            (series,),
        )


def _import_s(url: str, path: Path, *options: str) -> float:
    """Seconds of the whole command, start of Python included."""
    command = [sys.executable, "-m", "app.main", "readings", "import", str(path), *options]
    began = time.monotonic()
    done = subprocess.run(
        command, env={**os.environ, "HUB_DATABASE__URL": url}, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    Console(stderr=True, highlight=False).print(re.sub(r"^.*/", "", done.stdout.strip()), soft_wrap=True)
    return seconds


def _check(url: str, rows: int) -> None:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from reading").fetchone()
    assert row == (rows,), row


if __name__ == "__main__":
    main()
