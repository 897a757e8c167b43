"""Late and repeated data at the store: a month filled in after its chunks were compressed, and what staging keeps."""

from collections.abc import AsyncIterator

import numpy as np
import psycopg
import pytest

from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.batches import NOW, RAW, fetch, grid, readings, rows_of
from tests.support.writers import Committer

MINUTE = 60_000_000
SERIES = 10
MONTH = 30 * 1440


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


def _minutes(minutes: np.ndarray, shift: int = 0) -> Columns:
    """A reading of each series in each of these minutes of the month; the value tells series and time."""
    series = np.repeat(np.arange(1, SERIES + 1, dtype=np.int32), len(minutes))
    ts = NOW + np.tile(minutes.astype(np.int64), SERIES) * MINUTE + shift
    value = series + (ts - NOW) / 1e9
    return Columns(ts, series, value, np.zeros(len(ts), np.int16))


def _together(*parts: Columns) -> Columns:
    ts, series = np.concatenate([part.ts for part in parts]), np.concatenate([part.series for part in parts])
    value, quality = np.concatenate([part.value for part in parts]), np.concatenate([part.quality for part in parts])
    order = np.lexsort((ts, series))
    return Columns(ts[order], series[order], value[order], quality[order])


def _compress(url: str, mode: str) -> None:
    if mode == "timescaledb":
        assert len(fetch(url, "select compress_chunk(c) from show_chunks('reading') c")) >= 4


def _holds(url: str, expected: Columns) -> None:
    stored = np.array(
        fetch(url, "select series_id, (extract(epoch from ts) * 1000000)::int8, value from reading order by 1, 2"),
        dtype=[("series", "i4"), ("ts", "i8"), ("value", "f8")],
    )
    assert len(stored) == len(expected)
    for name in ("series", "ts", "value"):
        assert np.array_equal(stored[name], getattr(expected, name)), name


@pytest.mark.parametrize(
    "share",
    [pytest.param(0.0), *(pytest.param(share, marks=pytest.mark.heavy) for share in (0.5, 1.0))],
    ids=["nothing", "half", "all"],
)
async def test_a_month_into_compressed_chunks(pool: Pool, store_url: str, store_mode: str, share: float) -> None:
    """Of the month that is filled in so much was stored before, in each compressed batch; nothing of it is lost."""
    writer = Committer(pool)
    minutes = np.arange(0, MONTH, 3)
    before = _minutes(minutes)
    assert await writer.commit(Batch([RAW], before)) == len(before)
    _compress(store_url, store_mode)
    again = np.random.default_rng(5).random(len(minutes)) < share
    new = _minutes(minutes[~again], shift=MINUTE)
    filled = _together(_minutes(minutes[again]), new)
    filled.value[np.isin(filled.ts, before.ts)] = -1.0  # what came first stays
    step = 20_000
    order = np.random.default_rng(6).permutation(len(filled))
    stored = 0
    for start in range(0, len(filled), step):
        part = np.sort(order[start : start + step])
        columns = Columns(filled.ts[part], filled.series[part], filled.value[part], filled.quality[part])
        stored += await writer.commit(Batch([RAW], columns))
    assert stored == len(new)
    _holds(store_url, _together(before, new))


@pytest.mark.heavy
async def test_decompression_limit_does_not_hold_up_commits(pool: Pool, store_url: str, store_mode: str) -> None:
    """A limit that an administrator set for others must not make the pipeline try the same batch for ever."""
    writer = Committer(pool)
    before = _minutes(np.arange(0, MONTH, 10))
    await writer.commit(Batch([RAW], before))
    _compress(store_url, store_mode)
    if store_mode == "timescaledb":
        with psycopg.connect(store_url, autocommit=True) as conn:
            name = conn.info.dbname
            conn.execute(f'alter database "{name}" set timescaledb.max_tuples_decompressed_per_dml_transaction = 1')
    async with open_pool(Database(url=store_url)) as limited:
        new = _minutes(np.arange(1, MONTH, 20))
        assert await Committer(limited).commit(Batch([RAW], _together(before, new))) == len(new)
        if store_mode == "timescaledb":
            async with limited.connection() as conn:
                limit = await (
                    await conn.execute("show timescaledb.max_tuples_decompressed_per_dml_transaction")
                ).fetchone()
            assert limit == ("0",)
    _holds(store_url, _together(before, new))


async def test_staging_is_empty_after_each_commit(pool: Pool, store_url: str) -> None:
    """Readings of an earlier commit do not come back with a later one that is staged too."""
    writer = Committer(pool)
    first = grid(range(1, 4), range(10))
    for _ in range(2):
        await writer.commit(readings(first))  # the second time through staging
    with psycopg.connect(store_url, autocommit=True) as conn:
        conn.execute("delete from reading")
    second = grid(range(7, 9), range(10))
    assert await writer.commit(readings(second)) == len(second)
    await writer.commit(readings(second))
    assert rows_of(store_url) == sorted(second)
    async with pool.connection() as conn:
        row = await (await conn.execute("select count(*) from reading_staging")).fetchone()
    assert row == (0,)
