"""A database of an earlier version gets rollups without unusable values; they are right before, while and after."""

import random
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import pytest

from hub.models import from_micros, to_micros
from hub.quality import FINITE_LIMIT, FLAGS, UNUSABLE, Quality
from hub.store.migrate import migrate
from hub.store.pool import connect
from hub.store.rebuild import Rebuild, progress
from tests.support.batches import Row, columns, fetch
from tests.support.old_schema import migrate_to
from tests.support.process import Process, wait_until

BEFORE = 10
"""The newest migration of a database whose rollups count every value."""
SECOND = 1_000_000
DAY = 86_400 * SECOND
ORIGIN = to_micros(datetime.fromisoformat("2000-01-03T00:00:00Z"))
VIEWS = {"reading_1m": 60, "reading_1h": 3600, "reading_1d": 86_400}
ODD = [float("nan"), float("inf"), float("-inf"), 1.7e308, -1.7e308, 1e300]

Bucket = tuple[int, datetime, int, float | None, float | None, float | None, float | None, int, int]


def _rows(seed: int, start: int, end: int, number: int, series: int = 3) -> list[Row]:
    """Readings at random moments with every flag; whole numbers, so that their sums are exact in any order."""
    picks = random.Random(seed)
    moments = {(picks.randint(1, series), picks.randrange(start, end)) for _ in range(number)}
    flags = [0] * 20 + [int(known.flag) for known in FLAGS] + [1 | 2, 4 | 32]
    values = ODD + [None] * 60
    return [
        (
            of,
            ts,
            float(picks.randint(-1000, 1000)) if (odd := picks.choice(values)) is None else odd,
            picks.choice(flags),
        )
        for of, ts in sorted(moments)
    ]


def _insert(url: str, rows: list[Row]) -> None:
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        for month in sorted({from_micros(ts).date().replace(day=1) for _, ts, _, _ in rows}):
            conn.execute("select ensure_partition(%s)", (month,))
        with conn.cursor().copy("copy reading (series_id, ts, value, quality) from stdin") as copy:
            for series, ts, value, quality in rows:
                copy.write_row((series, from_micros(ts), value, quality))


def _buckets(rows: list[Row], seconds: int) -> list[Bucket]:
    """What a rollup must show, computed apart from any database and any mask."""
    given = columns(rows)
    left_out = np.zeros(len(given), bool)
    for known in FLAGS:
        left_out |= (not known.usable) & (given.quality & known.flag != 0)
    usable = ~left_out & np.isfinite(given.value) & (np.abs(given.value) < FINITE_LIMIT)
    start = (given.ts - ORIGIN) // (seconds * SECOND) * (seconds * SECOND) + ORIGIN
    keys, first = np.unique(np.stack([given.series.astype(np.int64), start]), axis=1, return_index=True)
    result: list[Bucket] = []
    for (series, bucket), begin, end in zip(keys.T.tolist(), first, [*first[1:], len(given)], strict=True):
        good = given.value[begin:end][usable[begin:end]]
        figures = (
            (float(good.min()), float(good.max()), float(good.sum()), float(good[-1])) if len(good) else (None,) * 4
        )
        flags = int(np.bitwise_or.reduce(given.quality[begin:end]))
        result.append((series, from_micros(bucket), len(good), *figures, end - begin - len(good), flags))
    return result


def _check(url: str, rows: list[Row]) -> None:
    for view, seconds in VIEWS.items():
        query = (
            f"select series_id, bucket, n, min, max, sum, last, flagged, flags from {view} order by series_id, bucket"
        )
        assert fetch(url, query) == _buckets(rows, seconds), view


def _jobs(url: str, scheduled: bool = True) -> list[int]:
    query = "select job_id from timescaledb_information.jobs where job_id >= 1000 and scheduled = %s order by 1"
    with psycopg.connect(url) as conn:
        return [job for (job,) in conn.execute(query, (scheduled,)).fetchall()]


def _run_jobs(url: str) -> None:
    """What TimescaleDB's workers do at their own time, but not what is paused."""
    for job in _jobs(url):
        _run_job(url, job)


def _run_job(url: str, job: int) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("call run_job(%s)", (job,))


@pytest.fixture
def now() -> int:
    return to_micros(datetime.now().astimezone())


@pytest.fixture
def stored(empty_url: str, store_mode: str, now: int) -> list[Row]:
    """Months of readings in a database of an earlier version, part of them compressed, with rollups over them."""
    migrate_to(empty_url, store_mode, BEFORE)
    rows = sorted(_rows(1, now - 100 * DAY, now, 4_000) + _rows(2, now - DAY // 2, now, 2_000, series=2))
    usual = [row for row in rows if abs(row[2]) < FINITE_LIMIT]
    _insert(empty_url, usual)
    if store_mode == "timescaledb":
        _run_jobs(empty_url)
    odd = [row for row in rows if not abs(row[2]) < FINITE_LIMIT]
    _insert(empty_url, odd)  # after the jobs: a sum over two of these fails in the rollups of that version
    return rows


async def _step(url: str, until: int | None = None) -> None:
    """Steps of a rebuild: until a share is done, or until it is finished."""
    rebuild = Rebuild(rests=0.0, range_takes_s=1.0)
    async with await connect(url) as conn:
        while (now := await progress(conn)) is not None and (until is None or now.percent < until):
            await rebuild(conn)


async def test_an_upgraded_database_answers_rightly(
    empty_url: str, store_mode: str, stored: list[Row], now: int
) -> None:
    assert await migrate(empty_url) == store_mode
    _check(empty_url, stored)
    if store_mode == "postgresql":
        assert fetch(empty_url, "select count(*) from rollup_rebuild") == [(0,)]
        return
    paused = _jobs(empty_url, scheduled=False)
    assert len(paused) == 6
    seen, rows = [], stored
    for number, share in enumerate((5, 30, 60, 95)):
        await _step(empty_url, share)
        seen += fetch(empty_url, "select sum(done_until - from_at) from rollup_rebuild")
        for job in _jobs(empty_url):
            _run_job(empty_url, job)
            _check(empty_url, rows)
        arrived = _rows(10 + number, now, now + 10**9, 50)
        _insert(empty_url, arrived)
        rows = sorted(rows + [row for row in arrived if row[:2] not in {given[:2] for given in rows}])
        _check(empty_url, rows)
    assert seen == sorted(set(seen))
    late = [
        row for row in _rows(20, now - 99 * DAY, now - 98 * DAY, 100) if row[:2] not in {given[:2] for given in rows}
    ]
    _insert(empty_url, late)
    await _step(empty_url)
    assert _jobs(empty_url, scheduled=False) == []
    assert set(paused) <= set(_jobs(empty_url))
    _run_jobs(empty_url)
    _check(empty_url, sorted(rows + late))
    assert fetch(empty_url, "select count(*) from rollup_rebuild where finished_at >= started_at") == [(3,)]
    _check_stored(empty_url)


def _check_stored(url: str) -> None:
    """All that the policies care for is stored, not computed when asked."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        for view, seconds in VIEWS.items():
            conn.execute(f"alter materialized view {view} set (timescaledb.materialized_only = true)")
            row = conn.execute(f"select count(distinct bucket), max(bucket) from {view}").fetchone()
            assert row is not None
            assert row[0] >= {"reading_1m": 3_000, "reading_1h": 1_000, "reading_1d": 95}[view]
            assert row[1].timestamp() > time.time() - 4 * seconds - 3600, view


@pytest.mark.heavy
@pytest.mark.parametrize("store_mode", ["timescaledb"])
async def test_a_rebuild_survives_being_killed(empty_url: str, stored: list[Row], tmp_path: Path) -> None:
    await migrate(empty_url)
    code = (
        "import asyncio, sys; from hub.store.leader import lead; from hub.store.rebuild import Rebuild; "
        "asyncio.run(lead(sys.argv[1], 'rollups', Rebuild(rests=0.1, range_takes_s=0.02)))"
    )
    done = _done(empty_url)
    for _ in range(4):
        process = Process([sys.executable, "-c", code, empty_url], tmp_path / "leader.log").start()
        try:
            wait_until(partial(_beyond, empty_url, done), "the rebuild goes on", 60)
        finally:
            process.kill()
        assert _done(empty_url) > done
        done = _done(empty_url)
        assert _jobs(empty_url, scheduled=False)
        _check(empty_url, stored)
    await _step(empty_url)
    _run_jobs(empty_url)
    _check(empty_url, stored)
    _check_stored(empty_url)


def _beyond(url: str, done: list[datetime]) -> bool:
    return _done(url) > done


def _done(url: str) -> list[datetime]:
    return [
        at
        for (at,) in fetch(
            url,
            "select done_until from rollup_rebuild order by array_position("
            "array['reading_1h', 'reading_1d', 'reading_1m'], view)",
        )
    ]


async def test_a_new_database_has_nothing_to_rebuild(store_url: str, store_mode: str) -> None:
    async with await connect(store_url) as conn:
        assert await progress(conn) is None
        assert await Rebuild()(conn) > 0
    if store_mode == "timescaledb":
        assert _jobs(store_url, scheduled=False) == []


async def test_each_flag_is_usable_or_left_out_everywhere(store_url: str, store_mode: str, now: int) -> None:
    """The migrations hold the mask as a number: it must be that of the vocabulary."""
    hour = (now - DAY) // (3600 * SECOND) * (3600 * SECOND)
    rows = [(number, hour, float(number), int(known.flag)) for number, known in enumerate(FLAGS, 1)]
    _insert(store_url, rows)
    _check(store_url, rows)
    left_out = fetch(
        store_url, "select bit_or(flags)::int from reading_1h where n = 0 and flagged = 1 and last is null"
    )
    assert left_out == [(int(UNUSABLE),)]
    assert fetch(store_url, "select count(*) from reading_1h") == [(len(list(Quality)),)]


@pytest.mark.parametrize("store_mode", ["timescaledb"])
async def test_readings_that_came_are_counted_with_the_flagged(store_url: str, now: int) -> None:
    rows = _rows(3, now - 3 * DAY, now, 500)
    _insert(store_url, rows)
    counted = fetch(store_url, "select series_id, n from readings_counted(now() - interval '4 days', now()) order by 1")
    assert counted == [(series, sum(row[0] == series for row in rows)) for series in (1, 2, 3)]


@pytest.mark.parametrize("store_mode", ["timescaledb"])
async def test_retention_reaches_rollups_that_were_made_anew(
    empty_url: str, store_mode: str, stored: list[Row]
) -> None:
    await migrate(empty_url)
    await _step(empty_url, 40)
    fetch(empty_url, "select drop_readings_before(now() - interval '30 days')")
    await _step(empty_url)
    _run_jobs(empty_url)
    left = {
        (series, from_micros(ts))
        for series, ts in fetch(empty_url, "select series_id, (extract(epoch from ts) * 1000000)::int8 from reading")
    }
    assert 500 < len(left) < len(stored)
    _check(empty_url, [row for row in stored if (row[0], from_micros(row[1])) in left])
    assert fetch(empty_url, "select count(*) > 0 from timescaledb_information.chunks where is_compressed") == [(True,)]
