"""What detection costs a hub that commits: 100,000 series that have learned, and the start after a kill.

./run bench detection [--json]

Batches of 20,000 single readings in random order go through the stages that store and detect, on a store of their own.
Told are the processor time that detection takes a reading beside that of storing it, in this process; what the commit
waits for states to be saved; the log that they make of the store (WAL), how long a start takes, the readings since
included, and the share of a core that looking at neighbours takes, here and in the store: each device has some.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import psycopg

from analytics.detection.stage import SAVED_A_COMMIT, Detection
from analytics.detectors import excess
from app.serve.engine import NEIGHBOURS_S
from devices.registry.registry import Registry
from hub.models import Batch, Columns, now_micros
from hub.settings import Database
from hub.stage import Connection, Stage, run_steps
from hub.store.latest import Latest
from hub.store.pool import Pool, open_pool
from hub.store.readings import Readings
from hub.store.writer import Writer
from tests.support.batches import RAW
from tests.support.measure import cpu_s
from tests.support.stores import open_any_store

SERIES, ROWS, STEP = 100_000, 20_000, 60_000_000
METRICS = 10
LEARNED, MEASURED = 12, 4
"""Rounds of a reading each that are learned before, and measured."""
LOOKS = 5
SEED = f"""
insert into profile (code, name, metrics)
    select 'bench', 'bench', jsonb_object_agg('m' || m, '{{}}'::jsonb) from generate_series(0, {METRICS - 1}) m;
insert into device (code, name, profile_id, lon, lat)
    select format('bench-%s', lpad(n::text, 5, '0')), 'bench', p.id, 120 + n % 100 * 0.005, 30 + n / 100 * 0.005
    from profile p, generate_series(1, {SERIES // METRICS}) n order by n;
"""


class Timed(Stage):
    """A stage with the seconds that its parts take: of this process, and of the clock while it writes."""

    def __init__(self, stage: Stage, seconds: dict[str, float]) -> None:
        self._stage, self._seconds, self._name = stage, seconds, type(stage).__name__

    def steps(self, batch: Batch) -> Iterator[None]:
        """As the stage's."""
        began = time.process_time()
        run_steps(self._stage, batch)
        self._seconds[self._name] += time.process_time() - began
        return iter(())

    async def write(self, conn: Connection, batch: Batch) -> None:
        """As the stage's."""
        began, clock = time.process_time(), time.monotonic()
        await self._stage.write(conn, batch)
        self._seconds[self._name] += time.process_time() - began
        self._seconds[f"{self._name} writes"] += time.monotonic() - clock

    def adopt(self, batch: Batch) -> None:
        """As the stage's."""
        began = time.process_time()
        self._stage.adopt(batch)
        self._seconds[self._name] += time.process_time() - began


def _wal(url: str) -> int:
    with psycopg.connect(url) as conn:
        ((wal,),) = conn.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchall()
        return int(wal)


async def _run(url: str, detecting: bool) -> tuple[dict[str, float], float]:
    """Seconds by stage of the measured rounds, and the log that they made."""
    seconds: dict[str, float] = defaultdict(float)
    async with open_pool(Database(url=url)) as pool:
        registry, latest = Registry(), Latest()
        await registry.refresh(pool)
        stages: list[Stage] = [Readings(), latest, *([Detection(registry)] if detecting else [])]
        writer = Writer(pool, timed := [Timed(stage, seconds) for stage in stages])
        random, start, wal = np.random.default_rng(1), (int(time.time()) - 86_400) * 1_000_000, 0
        for number in range(LEARNED + MEASURED):
            if number == LEARNED:
                await latest.flush(pool)
                seconds.clear()
                wal = _wal(url)
            for some in np.split(random.permutation(SERIES) + 1, SERIES // ROWS):
                series = np.sort(some).astype(np.int32)
                ts = np.full(ROWS, start + number * STEP) + random.integers(0, STEP // 2, ROWS)
                value = np.round(series % 50 + 5 * np.sin(number) + random.normal(0, 1, ROWS), 1)
                batch = Batch([RAW], Columns(ts, series, value, np.zeros(ROWS, np.int16)), now=start + number * STEP)
                for stage in timed:
                    run_steps(stage, batch)
                await writer.commit(batch)
                for stage in timed:
                    stage.adopt(batch)
        return seconds, float(_wal(url) - wal)


async def _start(url: str) -> dict[str, float]:
    """Seconds until a killed hub detects again, of the clock and of a processor; again with all states saved."""
    figures: dict[str, float] = {}
    async with open_pool(Database(url=url)) as pool:
        for name in ("start", "start_all_saved"):
            registry = Registry()
            await registry.refresh(pool)
            detection = Detection(registry)
            async with pool.connection() as conn:
                clock, began = time.monotonic(), time.process_time() + cpu_s([conn.info.backend_pid])
                await detection.restore(conn)
                spent = time.process_time() + cpu_s([conn.info.backend_pid]) - began
                figures |= {f"{name}_s": round(time.monotonic() - clock, 2), f"{name}_processor_s": round(spent, 2)}
            await _save_all(pool, detection)
    return figures


async def _looks(url: str) -> dict[str, float]:
    """The share of a core that is spent on what neighbours show, as if all series had learned for long enough."""
    excess.DAYS = 0
    async with open_pool(Database(url=url)) as pool:
        registry = Registry()
        await registry.refresh(pool)
        detection, spent = Detection(registry), list[float]()
        async with pool.connection() as conn:
            await detection.restore(conn)
            for _ in range(LOOKS + 1):
                began = time.process_time() + cpu_s([conn.info.backend_pid])
                await detection.look(conn)
                spent.append(time.process_time() + cpu_s([conn.info.backend_pid]) - began)
        return {
            "first_look_processor_s": round(spent[0], 2),  # who is near is found with it
            "looks_share_of_a_core": round(sum(spent[1:]) / LOOKS / NEIGHBOURS_S, 4),
        }


async def _save_all(pool: Pool, detection: Detection) -> None:
    """Commits without readings, until no state is left to be saved."""
    for _ in range(SERIES // SAVED_A_COMMIT + 1):
        batch = Batch([], now=now_micros())
        async with pool.connection() as conn, conn.transaction():
            await detection.write(conn, batch)
        detection.adopt(batch)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    asked = parser.parse_args()
    readings = SERIES * MEASURED
    with open_any_store(asked.store, {"shared_buffers": "1GB", "max_wal_size": "8GB"}) as store:
        found, wals = dict[str, float](), list[float]()
        for detecting in (False, True):
            with store.database() as url:
                with psycopg.connect(url, autocommit=True) as conn:
                    conn.execute(SEED.encode())
                seconds, wal = asyncio.run(_run(url, detecting))
                wals.append(wal)
                found |= {f"{name}_us": round(each / readings * 1e6, 3) for name, each in seconds.items()}
                if detecting:
                    starts = asyncio.run(_start(url)) | asyncio.run(_looks(url))
                    with psycopg.connect(url) as conn:
                        ((saved,),) = conn.execute("select count(*) from detector_state").fetchall()
    figures = {
        "series": SERIES,
        "us_by_stage": found,
        "wal_bytes_per_reading": round(wals[0] / readings),
        "wal_bytes_per_reading_detecting": round(wals[1] / readings),
        "saved_series": saved,
        **starts,
    }
    sys.stdout.write(json.dumps(figures) + "\n" if asked.json else "".join(f"{k}: {v}\n" for k, v in figures.items()))


if __name__ == "__main__":
    main()
