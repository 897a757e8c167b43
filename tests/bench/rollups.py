"""./run bench rollups: how fast rollups are made anew after an upgrade, and what ingest loses by it."""

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from statistics import median

import numpy as np
import psycopg

from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.migrate import migrate
from hub.store.pool import connect, open_pool
from hub.store.readings import Readings
from hub.store.rebuild import Rebuild, progress
from hub.store.writer import Writer
from tests.support.batches import RAW, fetch
from tests.support.old_schema import migrate_to
from tests.support.process import Process
from tests.support.stores import open_any_store

SERIES = 1_000
BATCH = 20_000
LEADER = (
    "import asyncio, sys; from hub.store.leader import lead; from hub.store.rebuild import Rebuild; "
    "asyncio.run(lead(sys.argv[1], 'rollups', Rebuild()))"
)


def fill(url: str, readings: int) -> None:
    """Readings of an earlier version, one a minute of each series until a day ago; days before the last compressed."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        conn.execute(
            """insert into reading (series_id, ts, value, quality)
               select s, date_trunc('minute', now()) - interval '1 day' - m * interval '1 minute', m + s,
                      case when m %% 50 = 0 then 2 else 0 end
               from generate_series(1, %s) s, generate_series(1, %s / %s) m""",
            (SERIES, readings, SERIES),
        )
        conn.execute("select compress_chunk(c) from show_chunks('reading', older_than => interval '2 days') c")
        conn.execute("analyze reading")


async def ingest(url: str, seconds: float, first: int) -> float:
    """Readings a second that a writer commits, of series from `first` on, one series a batch."""
    async with open_pool(Database(url=url)) as pool:
        writer, done, began = Writer(pool, [Readings()]), 0, time.monotonic()
        base = int(time.time()) * 1_000_000
        while time.monotonic() - began < seconds:
            ts = base + np.arange(BATCH, dtype=np.int64) * 1_000
            series = np.full(BATCH, first + done, np.int32)
            values, quality = np.arange(BATCH, dtype=np.float64), np.zeros(BATCH, np.int16)
            await writer.commit(Batch([RAW], Columns(ts, series, values, quality)))
            done += 1
        return done * BATCH / (time.monotonic() - began)


async def pairs(url: str, number: int, seconds: float) -> list[float]:
    """Ingest beside a rebuild as a share of ingest alone, in pairs whose order changes."""
    shares, first, log = [], SERIES + 1, Path(os.devnull)
    for pair in range(number):
        rates = {}
        for beside in (True, False) if pair % 2 else (False, True):
            with Process([sys.executable, "-c", LEADER, url], log) if beside else nullcontext():
                await asyncio.sleep(3.0)  # what starting costs is not the rebuild
                rates[beside] = await ingest(url, seconds, first)
            first += 100_000
        shares.append(rates[True] / rates[False])
        sys.stderr.write(f"pair {pair + 1}: alone {rates[False]:,.0f}, beside {rates[True]:,.0f} readings/s\n")
    return shares


async def rest(url: str) -> dict[str, float]:
    """What is left, without any rest: readings a second of a view."""
    left = fetch(
        url,
        "select sum(n)::int8 from rollup_rebuild b"
        " cross join lateral"
        " (select count(*) as n from reading where ts >= b.done_until"
        " and ts < now() - interval '1 day') r where finished_at is null",
    )[0][0]
    rebuild, began = Rebuild(rests=0.0), time.monotonic()
    async with await connect(url) as conn:
        while await progress(conn) is not None:
            await rebuild(conn)
    took_s = time.monotonic() - began
    return {"readings": left, "seconds": round(took_s, 1), "readings_per_s": round(left / took_s)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--readings", type=int, default=10_000_000)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--seconds", type=float, default=8.0)
    given = options.parse_args()
    with open_any_store("timescaledb") as store, store.empty() as url:
        migrate_to(url, store.mode, 10)
        began = time.monotonic()
        fill(url, given.readings)
        sys.stderr.write(f"filled in {time.monotonic() - began:.0f} s\n")
        asyncio.run(migrate(url))
        shares = asyncio.run(pairs(url, given.pairs, given.seconds))
        figures = {"ingest_beside_to_alone": [round(share, 3) for share in shares], "median": round(median(shares), 3)}
        sys.stdout.write(json.dumps(figures | asyncio.run(rest(url))) + "\n")


if __name__ == "__main__":
    main()
