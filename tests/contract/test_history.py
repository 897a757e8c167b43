"""History from files: every form is stored value for value, once, whatever ends an import in between."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.types.json import Jsonb

from devices.registry.registry import Registry
from hub.errors import HistoryRefused, Superseded
from hub.models import to_micros
from hub.quality import Quality
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from ingest.history import files
from ingest.history.importer import Importer, Result, Wanted
from ingest.history.layout import Naming
from ingest.history.store import History, Progress
from tests.support.batches import columns, fetch, grid, rows_of

START = datetime(2026, 3, 1, tzinfo=UTC)
METRICS = {"t": {"min": -50, "max": 60}, "h": {}}
Stored = list[tuple[str, str, datetime, float, int]]


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    _register(store_url)
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


def _register(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('air', 'Air', %s)", (Jsonb(METRICS),))
        for code, zone in (("a", "Asia/Shanghai"), ("b", "Europe/Berlin"), ("c", "UTC")):
            conn.execute("insert into device (code, name, profile_id, zone) values (%s, 'x', 1, %s)", (code, zone))


async def _import(pool: Pool, path: Path, naming: Naming | None = None, **more: Any) -> Result:
    registry = Registry()
    await registry.refresh(pool)
    return await Importer(pool, registry, lambda doing, share, rows: None).run(path, Wanted(naming or Naming(), **more))


def _stored(url: str) -> Stored:
    query = (
        "select d.code, s.metric, r.ts, r.value, r.quality from reading r join series s on s.id = r.series_id"
        " join device d on d.id = s.device_id order by 1, 2, 3"
    )
    return fetch(url, query)


def _long(path: Path, rows: int = 600, seconds: int = 60) -> Stored:
    """A long file in the order of time; what must be stored of it."""
    expected: Stored = []
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["device", "metric", "ts", "value"])
        for number in range(rows):
            device, metric = "abc"[number % 3], "th"[number // 3 % 2]
            at, value = START + timedelta(seconds=number // 6 * seconds), number / 8 - 20
            writer.writerow([device, metric, at.isoformat(), value])
            outside = metric == "t" and not -50 <= value <= 60
            expected.append((device, metric, at, value, Quality.OUT_OF_RANGE if outside else 0))
    return sorted(expected)


async def test_long_file_in_many_blocks_and_twice(
    pool: Pool, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 2000)
    path = tmp_path / "long.csv"
    expected = _long(path)
    result = await _import(pool, path)
    assert (result.progress.readings, result.progress.stored, result.progress.bad) == (600, 600, 0)
    assert _stored(store_url) == expected
    twice = await _import(pool, path)
    assert twice.done_before
    again = await _import(pool, path, again=True)
    assert (again.progress.readings, again.progress.stored) == (600, 0)
    assert _stored(store_url) == expected
    newest = {(device, metric): (at, value) for device, metric, at, value, _ in expected}
    query = (
        "select d.code, s.metric, l.ts, l.value from latest l join series s on s.id = l.series_id"
        " join device d on d.id = s.device_id"
    )
    assert {row[:2]: row[2:] for row in fetch(store_url, query)} == newest
    assert not path.with_name("long.csv.errors.csv").exists()


async def test_another_value_for_a_stored_time_is_told_and_changes_nothing(
    pool: Pool, store_url: str, tmp_path: Path
) -> None:
    """Nor does one for a time that the file has twice, or another spelling of the same value."""
    path = tmp_path / "first.csv"
    path.write_text("device,ts,t\na,2026-03-01T00:00:00Z,1\na,2026-03-01T00:01:00Z,2\n", encoding="utf-8")
    first = await _import(pool, path)
    assert (first.progress.stored, first.progress.conflicting) == (2, 0)
    other = tmp_path / "other.csv"
    times = ("00:00:00Z,1.0", "00:01:00Z,7", "00:02:00Z,3", "00:02:00Z,3", "00:02:00Z,4")
    other.write_text("device,ts,t\n" + "".join(f"a,2026-03-01T{time}\n" for time in times), encoding="utf-8")
    progress = (await _import(pool, other)).progress
    assert (progress.readings, progress.stored, progress.conflicting) == (3, 1, 2)
    assert [row[3] for row in sorted(_stored(store_url), key=lambda row: row[2])] == [1.0, 2.0, 3.0]
    assert fetch(store_url, "select conflicting from import_progress order by conflicting") == [(0,), (2,)]


async def test_the_delimiter_is_what_the_header_has(pool: Pool, store_url: str, tmp_path: Path) -> None:
    values = []
    for number, between in enumerate(",;\t|，；"):
        path = tmp_path / f"{number}.csv"
        rows = ["device,metric,ts,value", f"a,t,2026-01-01T00:00:0{number}Z,{number}.5"]
        path.write_text("\n".join(rows).replace(",", between) + "\n", encoding="utf-8")
        result = await _import(pool, path)
        assert (result.progress.stored, result.progress.bad) == (1, 0), between
        values.append(number + 0.5)
        assert (await _import(pool, path)).done_before
    assert [value for *_, value, _ in _stored(store_url)] == values
    path.write_text("device；metric；ts；value\na；t；2026-01-01T00:00:09Z；1；2\n", encoding="utf-8")
    with pytest.raises(HistoryRefused):
        await _import(pool, path, delimiter=",")
    with pytest.raises(HistoryRefused, match="1 bad row"):
        await _import(pool, path)


async def test_wide_file_with_gaps_in_the_devices_own_zones(pool: Pool, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_bytes(
        b"\xef\xbb\xbfTime,Device,t,h,remark\r\n"
        b"2026-03-29 01:30:00,a,1.5,,x\r\n"
        b'2026-03-29 03:30:00,b,,40,"x, y"\r\n'  # summer time in Berlin since half an hour
        b"2026-03-29 01:30:00,b,-5,41,\r\n"
        b"\r\n"
        b"2026-03-29T01:30:00.123456,c,7,8,z\r\n"
    )
    with pytest.raises(HistoryRefused):
        await _import(pool, path)
    report = path.with_name("wide.csv.errors.csv").read_text(encoding="utf-8")
    assert "2,remark,'remark' is no metric" in report
    assert _stored(store_url) == []
    result = await _import(pool, path, Naming(ignore=("remark",)))
    assert not path.with_name("wide.csv.errors.csv").exists()
    berlin, shanghai = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
    assert result.progress.stored == 6
    assert _stored(store_url) == [
        ("a", "t", datetime(2026, 3, 29, 1, 30, tzinfo=shanghai), 1.5, 0),
        ("b", "h", datetime(2026, 3, 29, 1, 30, tzinfo=berlin), 41.0, 0),
        ("b", "h", datetime(2026, 3, 29, 3, 30, tzinfo=berlin), 40.0, 0),
        ("b", "t", datetime(2026, 3, 29, 1, 30, tzinfo=berlin), -5.0, 0),
        ("c", "h", datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC), 8.0, 0),
        ("c", "t", datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC), 7.0, 0),
    ]


async def test_file_of_times_and_values_as_two_devices(pool: Pool, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "lane.csv"
    path.write_text("timestamp,value\n2026-03-01 08:00:00,1\n2026-03-01 08:05:00,2.5\n")
    with pytest.raises(HistoryRefused, match="--device"):
        await _import(pool, path)
    with pytest.raises(HistoryRefused, match="--metric"):
        await _import(pool, path, Naming(device="a"))
    await _import(pool, path, Naming(device="a", metric="t"))
    other = await _import(pool, path, Naming(device="c", metric="h"), zone=ZoneInfo("Asia/Tokyo"))
    assert other.progress.stored == 2
    assert _stored(store_url) == [
        ("a", "t", datetime(2026, 3, 1, 0, 0, tzinfo=UTC), 1.0, 0),
        ("a", "t", datetime(2026, 3, 1, 0, 5, tzinfo=UTC), 2.5, 0),
        ("c", "h", datetime(2026, 2, 28, 23, 0, tzinfo=UTC), 1.0, 0),
        ("c", "h", datetime(2026, 2, 28, 23, 5, tzinfo=UTC), 2.5, 0),
    ]


@pytest.mark.parametrize("form", ["utc", "local", "ms", "dictionary"])
async def test_parquet(pool: Pool, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(files, "BLOCK_VALUES", 2000)
    rows, path = 5_000, tmp_path / "x.parquet"
    times = [START + timedelta(seconds=number) for number in range(rows)]
    ts = {
        "utc": pa.array(times, pa.timestamp("ns", "UTC")),
        "local": pa.array([at.replace(tzinfo=None) for at in times], pa.timestamp("ms")),
        "ms": pa.array([to_micros(at) // 1000 for at in times], pa.int64()),
        "dictionary": pa.array(times, pa.timestamp("us", "Asia/Shanghai")),
    }[form]
    device = pa.array(["c"] * rows)
    table = pa.table(
        {
            "device": device.dictionary_encode() if form == "dictionary" else device,
            "ts": ts,
            "t": pa.array([number / 100 if number % 7 else None for number in range(rows)], pa.float32()),
            "h": pa.array(range(rows), pa.int32()),
        }
    )
    pq.write_table(table, path, row_group_size=700)
    result = await _import(pool, path, time_unit="ms" if form == "ms" else None)
    temperatures = [
        ("c", "t", times[n], float(pa.scalar(n / 100, pa.float32()).as_py()), 0) for n in range(rows) if n % 7
    ]
    assert result.progress.stored == rows + len(temperatures)
    assert _stored(store_url) == [("c", "h", times[n], float(n), 0) for n in range(rows)] + temperatures


async def test_bad_rows_are_told_with_line_and_remedy_and_nothing_is_stored(
    pool: Pool, store_url: str, tmp_path: Path
) -> None:
    path, report = tmp_path / "bad.csv", tmp_path / "bad.csv.errors.csv"
    good = "c,t,2026-03-01T00:00:0{}Z,1\n"
    bad = [
        "nobody,t,2026-03-01T00:00:00Z,1",
        "c,wind,2026-03-01T00:00:00Z,1",
        'c,t,2026-03-01T00:00:00Z,"3,5"',
        "c,t,2026-03-01T00:00:00Z,",
        "c,t,2026-03-01T00:00:00Z,NaN",
        "c,t,2026-03-01T00:00:00Z,1e999",
        "c,t,yesterday,1",
        "c,t,2026-02-30T00:00:00Z,1",
        "c,t,2999-01-01T00:00:00Z,1",
        "c,t,0001-01-01T00:00:00,1",
        "c,t,2026-03-01T00:00:00Z",
        "c,t,2026-03-01T00:00:00Z,1,1",
        "c,t,2026-03-01T00:00:00Z,1_0",
    ]
    lines = [good.format(0), *(row + "\n" for row in bad), "\n", good.format(1)]
    path.write_bytes(b"device,metric,ts,value\n" + "".join(lines).encode() + b"\xff,t,2026-03-01T00:00:00Z,1\n")
    with pytest.raises(HistoryRefused, match="14 bad rows"):
        await _import(pool, path)
    assert _stored(store_url) == []
    with report.open(encoding="utf-8", newline="") as file:
        told = {int(row["line"]): row for row in csv.DictReader(file)}
    assert sorted(told) == [*range(3, 16), 18]
    columns = {line: row["column"] for line, row in told.items()}
    assert columns == {
        3: "device", 4: "metric", 5: "value", 6: "value", 7: "value", 8: "value", 9: "ts", 10: "ts", 11: "ts",
        12: "ts", 13: "", 14: "", 15: "value", 18: "device",
    }  # fmt: skip
    assert "3.5" in told[5]["what would be right"]
    assert all(row["what is wrong"] and row["what would be right"] for row in told.values())
    dry = await _import(pool, path, dry_run=True, skip_bad=True)
    assert (dry.progress.readings, dry.progress.bad) == (2, 14)
    assert _stored(store_url) == []
    assert fetch(store_url, "select sum(readings) from import_progress") == [(0,)]
    skipped = await _import(pool, path, skip_bad=True)
    assert (skipped.progress.stored, skipped.progress.bad) == (2, 14)
    assert len(_stored(store_url)) == 2
    assert len(report.read_text(encoding="utf-8", errors="replace").splitlines()) == 15
    # Once the device is there the same file brings what was left out.
    with psycopg.connect(store_url, autocommit=True) as conn:
        conn.execute("insert into device (code, name, profile_id) values ('nobody', 'x', 1)")
    more = await _import(pool, path, skip_bad=True)
    assert (more.progress.stored, more.progress.bad) == (1, 13)


async def test_times_in_numbers_are_not_guessed(pool: Pool, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("device,metric,ts,value\nc,t,1772323200,1\n")
    with pytest.raises(HistoryRefused, match="--time-unit"):
        await _import(pool, path)
    with pytest.raises(HistoryRefused, match="1 bad"):
        await _import(pool, path, time_unit="ms")
    assert "check --time-unit" in path.with_name("n.csv.errors.csv").read_text()
    await _import(pool, path, time_unit="s")
    assert _stored(store_url) == [("c", "t", START, 1.0, 0)]


async def test_check_ends_after_a_hundred_bad_rows(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 4000)
    path = tmp_path / "bad.csv"
    path.write_text("device,metric,ts,value\n" + "x,t,2026-03-01T00:00:00Z,1\n" * 5000)
    with pytest.raises(HistoryRefused, match="the check ended there"):
        await _import(pool, path)
    assert 100 <= len(path.with_name("bad.csv.errors.csv").read_text().splitlines()) < 400


async def test_import_goes_on_where_it_was(
    pool: Pool, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off after any block: the next attempt reads on there, and stores neither less nor more."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 2000)
    path = tmp_path / "long.csv"
    expected = _long(path)
    store, blocks = History.store, 0

    async def cut_off(self: History, *given: Any) -> Progress:
        nonlocal blocks
        blocks += 1
        if blocks % 3 == 0:
            if blocks % 2:
                await store(self, *given)  # committed, but nobody heard of it
            raise ConnectionError
        return await store(self, *given)

    monkeypatch.setattr(History, "store", cut_off)
    attempts, before = 0, -1
    while True:
        attempts += 1
        try:
            result = await _import(pool, path)
        except ConnectionError:
            ((line,),) = fetch(store_url, "select line from import_progress")
            assert line > before
            before = line
            assert len(_stored(store_url)) <= line
        else:
            break
    assert attempts > 3
    assert result.resumed > 0
    assert (result.progress.readings, result.progress.stored) == (600, 600)
    assert _stored(store_url) == expected


async def test_two_processes_with_the_same_file(pool: Pool, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    expected = _long(path)
    store = History.store
    registry = Registry()
    await registry.refresh(pool)
    begun: list[tuple[Any, ...]] = []

    async def held(self: History, *given: Any) -> Progress:
        begun.append(given)
        if len(begun) == 1:  # another process does the whole import meanwhile
            await _import(pool, path)
        return await store(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(History, "store", held)
        with pytest.raises(Superseded):
            await _import(pool, path)
    assert _stored(store_url) == expected


async def test_a_step_counts_only_from_where_its_reader_began(pool: Pool, store_url: str) -> None:
    one, other = (History(pool, b"the same", Path("x.csv")) for _ in range(2))
    start = await one.begin(again=False)
    first = grid(range(1, 3), range(5))
    assert (await one.store(columns(first), start, start._replace(position=100, line=5))).stored == len(first)
    with pytest.raises(Superseded):
        await other.store(columns(grid(range(1, 3), range(100, 105))), start, start._replace(position=200, line=9))
    assert rows_of(store_url) == sorted(first)
    assert (await other.begin(again=False)).position == 100


async def test_old_chunks_are_compressed_as_the_import_passes_them(
    pool: Pool, store_url: str, store_mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 4000)
    path = tmp_path / "year.csv"
    old = START - timedelta(days=400)
    with path.open("w") as out:
        out.write("device,metric,ts,value\n")
        for hour in range(24 * 90):
            out.write(f"c,t,{(old + timedelta(hours=hour)).isoformat()},{hour % 50}\n")
    result = await _import(pool, path)
    assert result.progress.stored == 24 * 90
    assert len(_stored(store_url)) == 24 * 90
    if store_mode == "timescaledb":
        chunks = "select bool_and(is_compressed) from timescaledb_information.chunks where hypertable_name = 'reading'"
        assert fetch(store_url, chunks) == [(True,)]
        assert result.compressed >= 12
    again = await _import(pool, path, again=True)
    assert (again.progress.readings, again.progress.stored) == (24 * 90, 0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "name the columns"),
        (b"a,b\n1,2\n", "time"),
        (b"ts,value,ts\n", "more than one column"),
        (b"ts,timestamp,device,t\n", "choose with --time-column"),
        (b"\xff\xfe,\n", "UTF-8"),
        (b"PAR1nonsense", "Parquet"),
        (b"ts,device,t\n" + b"x" * (3 << 20), "longer than"),
    ],
)
async def test_what_is_no_table_of_readings(pool: Pool, tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(HistoryRefused, match=told):
        await _import(pool, path)
