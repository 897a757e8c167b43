"""Whether commits stay as fast when much is stored already.

./run bench fill --rows 1e6 1e7 5e7 [--store timescaledb|postgresql] [--rounds 7] [--step 10] [--chunk "1 day"]
                 [--shared-buffers 1GB] [--plot fill.png] [--json]

10,000 series; batches of 20,000 readings through the hub's own writer, two readings a series, as at full load. A store
is filled to each size in turn; at each size, rounds of commits into it alternate with rounds into a control that was
filled with the first size just before: the machine's other work slows both, so their ratio is what counts. So is that
of the CPU time which the database's session spends on a row, if the database is on this machine.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.stores import Store, StoreAbsentError, open_store
from tests.support.writers import Committer

SERIES = 10_000
BATCH = 20_000
ROUND = 15
"""Batches of a round: 300,000 rows."""
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min"}
err = Console(stderr=True, highlight=False)


class Size(NamedTuple):
    rows: int
    rows_per_s: int
    control_rows_per_s: int
    ratio: float
    """Of rounds that followed each other, the median."""
    spread: float
    """Between the quarter of the rounds with the least and that with the greatest ratio."""
    cpu_us: float
    """Of the database's session, for a row."""
    cpu_ratio: float
    """Of the control's to that: below 1 if a row costs more than it did."""
    table_mb: int
    index_mb: int


class Stored:
    """A database that is filled in the order of time."""

    def __init__(self, url: str, pool: Pool, pid: int, step_s: int) -> None:
        self.url, self._writer, self._step, self._turn = url, Committer(pool), step_s * 1_000_000, 0
        self._pid = pid
        self._start = (int(time.time()) - 30 * 86_400) * 1_000_000
        self.rows = 0

    async def add(self, rows: int, size: int = BATCH) -> tuple[float, float]:
        """Commit so many rows; returns rows a second, and CPU seconds of the database's session."""
        spent, began, until = _cpu_s(self._pid), time.monotonic(), self.rows + rows
        while self.rows < until:
            turns = size // SERIES
            series = np.repeat(np.arange(1, SERIES + 1, dtype=np.int32), turns)
            ts = self._start + (self._turn + np.tile(np.arange(turns, dtype=np.int64), SERIES)) * self._step
            columns = Columns(ts, series, series + ts % 997 / 8, np.zeros(size, np.int16))
            self.rows += await self._writer.commit(Batch([], readings=columns))
            self._turn += turns
        return rows / (time.monotonic() - began), _cpu_s(self._pid) - spent


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process; 0 where it is not on this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7, 5e7])
    parser.add_argument("--store", choices=("timescaledb", "postgresql"), default="timescaledb")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--step", type=int, default=10, help="seconds between two readings of a series")
    parser.add_argument("--chunk", help="width of a chunk of TimescaleDB, instead of the hub's")
    parser.add_argument("--shared-buffers", default=SETTINGS["shared_buffers"])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with _store(given.store, {**SETTINGS, "shared_buffers": given.shared_buffers}) as store:
        err.print(f"store: {store.told}, shared_buffers {given.shared_buffers}")
        sizes = asyncio.run(_measure(store, given))
    if given.plot:
        _plot(sizes, given.plot)
    if given.json:
        sys.stdout.write(json.dumps({"store": store.mode, "sizes": [size._asdict() for size in sizes]}) + "\n")
    else:
        _show(sizes)


@contextmanager
def _store(mode: str, settings: dict[str, str]) -> Iterator[Store]:
    try:
        store = open_store(mode, settings)
    except StoreAbsentError as absent:
        sys.exit(f"no {mode}: {absent}")
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _database(store: Store, chunk: str | None) -> Iterator[str]:
    with store.database() as url:
        if chunk:
            with psycopg.connect(url) as conn:
                conn.execute("select set_chunk_time_interval('reading', %s::interval)", (chunk,))
        yield url


async def _measure(store: Store, given: argparse.Namespace) -> list[Size]:
    found = []
    sizes = [int(rows) for rows in given.rows]
    with ExitStack() as stack:
        url = stack.enter_context(_database(store, given.chunk))
        async with open_pool(Database(url=url)) as pool:
            filled = Stored(url, pool, await _session(pool), given.step)
            for rows in sizes:
                rate, _ = await filled.add(max(0, rows - filled.rows), 10 * BATCH)
                err.print(f"{filled.rows:,} rows stored, {rate:,.0f} rows/s")
                with _database(store, given.chunk) as control_url:
                    async with open_pool(Database(url=control_url)) as control_pool:
                        control = Stored(control_url, control_pool, await _session(control_pool), given.step)
                        await control.add(sizes[0], 10 * BATCH)
                        found.append(await _compare(filled, control, given.rounds))
                err.print(str(found[-1]))
    return found


async def _session(pool: Pool) -> int:
    """The process of the one connection that the pool keeps in use."""
    async with pool.connection() as conn:
        return conn.info.backend_pid


async def _compare(filled: Stored, control: Stored, rounds: int) -> Size:
    """Rounds in turn, which of them first alternating too; the first batches after a checkpoint do not count."""
    rows = filled.rows
    for part in (filled, control):
        with psycopg.connect(part.url, autocommit=True) as conn:
            conn.execute("checkpoint")
        await part.add(5 * BATCH)
    rates: list[tuple[float, float]] = []
    cpu = np.zeros(2)
    for turn in range(rounds):
        first, second = (filled, control) if turn % 2 else (control, filled)
        one, other = await first.add(ROUND * BATCH), await second.add(ROUND * BATCH)
        here, there = (one, other) if turn % 2 else (other, one)
        rates.append((here[0], there[0]))
        cpu += here[1], there[1]
    ratios = [here / there for here, there in rates]
    quarters = statistics.quantiles(ratios, n=4)
    median, control_median = (round(statistics.median(of)) for of in zip(*rates, strict=True))
    return Size(
        rows=rows,
        rows_per_s=median,
        control_rows_per_s=control_median,
        ratio=round(statistics.median(ratios), 3),
        spread=round(quarters[2] - quarters[0], 3),
        cpu_us=round(float(cpu[0]) / (rounds * ROUND * BATCH) * 1e6, 3),
        cpu_ratio=round(float(cpu[1] / cpu[0]), 3) if cpu[0] else 0.0,
        table_mb=_sizes(filled.url)[0],
        index_mb=_sizes(filled.url)[1],
    )


def _sizes(url: str) -> tuple[int, int]:
    """MB of the table and of its index, over all chunks."""
    query = (
        "select sum(pg_table_size(inhrelid))::int8 >> 20, sum(pg_indexes_size(inhrelid))::int8 >> 20"
        " from pg_inherits where inhparent = 'reading'::regclass"
    )
    with psycopg.connect(url) as conn:
        row = conn.execute(query).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _plot(sizes: list[Size], path: Path) -> None:
    from matplotlib import pyplot  # only for who asks for it

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    rows = [size.rows for size in sizes]
    axes.plot(rows, [size.rows_per_s for size in sizes], "o-", label="with so many rows stored")
    axes.plot(rows, [size.control_rows_per_s for size in sizes], "o--", label=f"at the same time, {rows[0]:,.0f} rows")
    axes.set(xscale="log", xlabel="rows stored", ylabel="rows committed a second", title="Commits into a growing store")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.savefig(path, dpi=150)


def _show(sizes: list[Size]) -> None:
    names = ("rows stored", "rows/s", "control rows/s", "ratio", "spread", "CPU us/row", "CPU ratio")
    table = Table(*names, "table MB", "index MB")
    for size in sizes:
        figures = (size.rows, size.rows_per_s, size.control_rows_per_s)
        table.add_row(*(f"{figure:,}" for figure in figures), *(str(figure) for figure in size[3:]))
    Console().print(table)


if __name__ == "__main__":
    main()
