"""Aggregates are the same on every store, and the same as numpy's: also for late data, also once compressed."""

import random
from collections.abc import AsyncIterator
from datetime import datetime

import numpy as np
import psycopg
import pytest

from hub.models import from_micros, to_micros
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.batches import NOW, Row, columns, fetch, grid, readings, rows_of
from tests.support.writers import Committer

SECOND = 1_000_000
ORIGIN = to_micros(datetime.fromisoformat("2000-01-03T00:00:00Z"))
OLD = to_micros(datetime.fromisoformat("2001-02-03T04:05:06Z"))
VIEWS = {"reading_1m": 60, "reading_1h": 3600, "reading_1d": 86_400}

Bucket = tuple[int, datetime, int, float, float, float, float]


@pytest.fixture
async def writer(store_url: str) -> AsyncIterator[Committer]:
    async with open_pool(Database(url=store_url)) as pool:
        yield Committer(pool)


def _rows(seed: int, start: int, end: int, number: int = 3_000) -> list[Row]:
    """Readings at random moments; whole numbers, so that their sums are exact in any order."""
    picks = random.Random(seed)
    moments = {(picks.randint(1, 3), picks.randrange(start, end)) for _ in range(number)}
    return [(series, ts, float(picks.randint(-1000, 1000)), 0) for series, ts in sorted(moments)]


def _buckets(rows: list[Row], seconds: int) -> list[Bucket]:
    """What an aggregate must show, computed apart from any database."""
    given = columns(rows)
    start = (given.ts - ORIGIN) // (seconds * SECOND) * (seconds * SECOND) + ORIGIN
    keys, first = np.unique(np.stack([given.series.astype(np.int64), start]), axis=1, return_index=True)
    result = []
    for (series, bucket), part in zip(keys.T.tolist(), np.split(given.value, first[1:]), strict=True):
        figures = len(part), float(part.min()), float(part.max()), float(part.sum()), float(part[-1])
        result.append((series, from_micros(bucket), *figures))
    return result


def _check_views(url: str, rows: list[Row]) -> None:
    for view, seconds in VIEWS.items():
        query = f"select series_id, bucket, n, min, max, sum, last from {view} order by series_id, bucket"
        assert fetch(url, query) == _buckets(rows, seconds), view


def _let_jobs_run(url: str, mode: str) -> None:
    """What TimescaleDB's background workers do at their own time: refresh aggregates, compress old chunks."""
    if mode != "timescaledb":
        return
    with psycopg.connect(url, autocommit=True) as conn:
        jobs = conn.execute(
            "select job_id from timescaledb_information.jobs where job_id >= 1000 order by 1"
        ).fetchall()
        assert len(jobs) >= 4
        for (job,) in jobs:
            conn.execute("call run_job(%s)", (job,))


async def test_aggregates_equal_numpy(writer: Committer, store_url: str, store_mode: str) -> None:
    now = to_micros(datetime.now().astimezone())
    rows = (
        _rows(1, NOW - 3 * 86_400 * SECOND, NOW) + _rows(2, now - 7200 * SECOND, now) + _rows(3, OLD, OLD + 10**10, 200)
    )
    await writer.commit(readings(rows))
    _check_views(store_url, rows)
    _let_jobs_run(store_url, store_mode)
    _check_views(store_url, rows)


async def test_late_data_corrects_aggregates(writer: Committer, store_url: str, store_mode: str) -> None:
    now = to_micros(datetime.now().astimezone())
    rows = _rows(1, now - 90 * 86_400 * SECOND, now, 2_000)
    await writer.commit(readings(rows))
    _let_jobs_run(store_url, store_mode)
    known = {row[:2] for row in rows}
    late = [row for row in _rows(2, now - 89 * 86_400 * SECOND, now, 2_000) if row[:2] not in known]
    late += _rows(3, OLD, OLD + 10**10, 200)
    await writer.commit(readings(late))
    _let_jobs_run(store_url, store_mode)
    assert rows_of(store_url) == sorted(rows + late)
    _check_views(store_url, rows + late)


async def test_repeated_and_late_data_in_compressed_chunks(writer: Committer, store_url: str, store_mode: str) -> None:
    rows = grid(range(1, 21), range(0, 2000, 2))
    await writer.commit(readings(rows))
    if store_mode == "timescaledb":
        compressed = fetch(store_url, "select compress_chunk(chunk) from show_chunks('reading') as chunk")
        assert compressed
    late = grid(range(1, 25), range(0, 2000, 3))
    new = {row[:2] for row in late} - {row[:2] for row in rows}
    changed = [(series, ts, -1.0, 1) for series, ts, _, _ in rows[:500]]
    assert await writer.commit(readings(late)) == len(new)
    assert await writer.commit(readings(changed)) == 0
    assert await writer.commit(readings(late)) == 0
    assert rows_of(store_url) == sorted({*rows, *late})


@pytest.mark.parametrize("width", ["1 second", "1 minute", "5 minutes", "7 hours", "1 day", "7 days"])
async def test_time_bucket_is_one_function(store_url: str, width: str) -> None:
    picks = random.Random(4)
    moments = [picks.randrange(OLD - 10**15 // 2, NOW + 10**15) for _ in range(200)] + [ORIGIN, ORIGIN - 1]
    with psycopg.connect(store_url) as conn:
        conn.execute("set timezone to 'UTC'")
        seconds = conn.execute("select extract(epoch from %s::interval)::int8", (width,)).fetchone()
        assert seconds is not None
        step = seconds[0] * SECOND
        for ts in moments:
            row = conn.execute("select time_bucket(%s::interval, %s::timestamptz)", (width, from_micros(ts))).fetchone()
            assert row == (from_micros((ts - ORIGIN) // step * step + ORIGIN),)
