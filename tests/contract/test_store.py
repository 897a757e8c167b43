"""What a store must do, whatever it runs on: keep exactly what it was given, once."""

import asyncio
import math
import random
import struct
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from hub.errors import StoreRefused, Superseded
from hub.models import Batch, Level, Position, from_micros, to_micros
from hub.repeats import Repeats
from hub.settings import Database
from hub.stage import Stage, run_steps
from hub.store.arrivals import KEEP, Arrivals, Fresh
from hub.store.dead_letter_stage import DEAD_LETTER_BYTES
from hub.store.migrate import migrate
from hub.store.pool import Pool, open_pool
from hub.store.positions import load_positions
from tests.support.batches import (
    NOW,
    RAW,
    Row,
    arrival,
    change,
    columns,
    count,
    event,
    everything,
    fetch,
    grid,
    letter,
    readings,
    register,
    rows_of,
)
from tests.support.writers import Committer


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


@pytest.fixture
def writer(pool: Pool) -> Committer:
    return Committer(pool)


def _bits(rows: list[Row]) -> list[tuple[int, int, bytes, int]]:
    return [(series, ts, struct.pack(">d", value), quality) for series, ts, value, quality in rows]


async def test_values_come_back_bit_by_bit(writer: Committer, store_url: str) -> None:
    values = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308]
    values += [0.1, 1 / 3, 2.0**53 + 1, 1e-300, math.pi, math.nextafter(1, 2), -273.15]
    picks = random.Random(7)
    anything = (struct.unpack(">d", picks.randbytes(8))[0] for _ in range(5000))
    values += [value for value in anything if math.isfinite(value)]
    rows: list[Row] = [(1, NOW + number, value, number % 8) for number, value in enumerate(values)]
    assert await writer.commit(readings(rows)) == len(rows)
    assert _bits(rows_of(store_url)) == _bits(rows)


async def test_times_around_borders_come_back_to_the_microsecond(writer: Committer, store_url: str) -> None:
    week = 7 * 86_400_000_000  # chunks of TimescaleDB begin at whole weeks since the epoch
    borders = ["2000-01-01", "2024-02-29", "2024-03-01", "2025-01-01", "2026-02-28", "2026-03-01", "2100-12-31"]
    times = [to_micros(datetime.fromisoformat(border + "T00:00:00Z")) for border in borders]
    times += [to_micros(datetime.fromisoformat("2026-02-28T16:00:00Z")), NOW // week * week, NOW // week * week + week]
    rows: list[Row] = [
        (series, ts + step, float(series), 0) for ts in times for step in (-1, 0, 1) if ts + step >= times[0]
        for series in (1, 2)
    ]  # fmt: skip
    assert await writer.commit(readings(rows)) == len(rows)
    assert rows_of(store_url) == sorted(rows)


async def test_readings_of_2001_and_of_now_in_one_batch(writer: Committer, store_url: str) -> None:
    old = to_micros(datetime.fromisoformat("2001-02-03T04:05:06.000007Z"))
    rows: list[Row] = [(1, old, 1.0, 1), (1, NOW, 2.0, 0), (2, old, 3.0, 1)]
    assert await writer.commit(readings(rows)) == 3
    assert rows_of(store_url) == sorted(rows)


async def test_empty_batch_is_nothing(writer: Committer, store_url: str) -> None:
    assert await writer.commit(Batch([RAW])) == 0
    assert rows_of(store_url) == []


async def test_batch_twice_is_once(writer: Committer, pool: Pool, store_url: str) -> None:
    register(store_url)
    news = [await writer.commit(everything(1)) for _ in range(3)]
    news.append(await Committer(pool).commit(everything(1)))  # after a restart of the hub
    assert news == [500, 0, 0, 0]
    _holds_once(store_url, 1, 500)


def _holds_once(url: str, batches: int, rows: int) -> None:
    """The store holds `batches` batches made by everything(0..), each thing once."""
    stored = rows_of(url)
    assert len(stored) == len({row[:2] for row in stored}) == batches * rows
    tables = ("event", "dead_letter", "alert", "arrival", "alert_change", "outbox")
    assert [count(url, table) for table in tables] == [batches] * 4 + [2 * batches] * 2


async def test_overlapping_batches_keep_what_came_first(writer: Committer, store_url: str) -> None:
    first = grid(range(1, 4), range(100))
    second = [(series, ts, -1.0, 2) for series, ts, _, _ in grid(range(2, 6), range(50, 150))]
    third = grid(range(10, 12), range(10))
    expected = {row[:2]: row for row in [*third, *second, *first]}
    news = [await writer.commit(readings(rows)) for rows in (first, second, third, third)]
    assert news == [300, 400 - 100, 20, 0]
    assert rows_of(store_url) == [expected[key] for key in sorted(expected)]


async def test_large_batch_of_which_a_part_is_stored(writer: Committer, store_url: str) -> None:
    rows = grid(range(1, 201), range(100))
    before = random.Random(3).sample(rows, 7_000)
    assert await writer.commit(readings(before)) == 7_000
    assert await writer.commit(readings(rows)) == 13_000
    assert rows_of(store_url) == sorted(rows)


async def test_writers_at_once_with_the_same_rows(pool: Pool, store_url: str) -> None:
    rows = grid(range(1, 101), range(50))
    both = await asyncio.gather(*(Committer(pool).commit(readings(rows)) for number in range(2)))
    assert sum(both) == 5_000
    picks = random.Random(5)
    more = grid(range(1, 101), range(40, 90))
    parts = [picks.sample(more, 3_000) for _ in range(4)]
    await asyncio.gather(*(Committer(pool).commit(readings(part)) for number, part in enumerate(parts)))
    assert rows_of(store_url) == sorted({*rows, *(row for part in parts for row in part)})


async def test_month_that_retention_dropped_can_be_written_again(writer: Committer, pool: Pool, store_url: str) -> None:
    old = to_micros(datetime.fromisoformat("2025-01-15T00:00:00Z"))

    async def drop() -> None:
        async with pool.connection() as conn:
            await conn.execute("select drop_readings_before('2025-06-01')")

    for repeats in (False, True):
        rows: list[Row] = [(1, old, 1.0, 0), (1, NOW + repeats, 2.0, 0)]
        await writer.commit(readings(rows))
        if repeats:
            await writer.commit(readings(rows))  # from here on the writer expects repeats
        await drop()
        assert (1, old, 1.0, 0) not in rows_of(store_url)
        assert await writer.commit(readings([(1, old, 3.0, 0)])) == 1
        assert (1, old, 3.0, 0) in rows_of(store_url)
        await drop()


async def test_event_comes_back_whole_and_once(writer: Committer, store_url: str) -> None:
    register(store_url)
    attributes = {"room": "12", "deep": {"er": [1, None, 2.5, "温度", "\\u0000"]}, "big": 10**30}
    given = event("e", state="active", level=4, attributes=attributes)
    plain = event("p")
    await writer.commit(Batch([RAW], events=[given, plain, given]))
    await writer.commit(Batch([RAW], events=[given]))
    stored = fetch(store_url, "select id, device_id, ts, received_at, kind, state, level, attributes from event")
    assert len(stored) == 2
    rows = {row[0]: row[1:] for row in stored}
    moment, arrived = from_micros(given.ts), from_micros(given.received)
    assert rows[given.id] == (1, moment, arrived, "smoke", "active", 4, attributes)
    assert rows[plain.id] == (1, moment, arrived, "smoke", None, None, {})


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b"", b""),
        (bytes(range(256)), bytes(range(256))),
        (b"\0" * 10, b"\0" * 10),
        (b"x" * 10_000_000, b"x" * DEAD_LETTER_BYTES),
    ],
    ids=["empty", "each byte", "nul", "10 MB"],
)
async def test_dead_letter_holds_any_bytes(writer: Committer, store_url: str, payload: bytes, kept: bytes) -> None:
    batch = Batch([RAW], refused={0: letter("l", payload)})
    await writer.commit(batch)
    await writer.commit(batch)
    query = "select payload, payload_size, transport, address, device, reason, detail from dead_letter"
    assert fetch(store_url, query) == [(kept, len(payload), "mqtt", "ganzhi/v1/d1/telemetry", "d1", "not_json", "why")]


async def test_dead_letter_never_is_refused_itself(writer: Committer, store_url: str) -> None:
    texts = ["a\0b", "\ud800", "\U0001f525 火", ""]
    batch = Batch([RAW], refused={n: letter(str(n), b"x", text, text) for n, text in enumerate(texts)})
    await writer.commit(batch)
    assert count(store_url, "dead_letter") == len(texts)
    assert ("\U0001f525 火",) in fetch(store_url, "select detail from dead_letter")


async def test_refused_content_leaves_nothing(writer: Committer, store_url: str) -> None:
    register(store_url)
    batch = everything(1)
    batch.events.append(event("bad", state="undecided"))
    with pytest.raises(StoreRefused):
        await writer.commit(batch)
    _holds_once(store_url, 0, 500)
    batch.events.pop()
    assert await writer.commit(batch) == 500
    _holds_once(store_url, 1, 500)


async def test_alert_runs_its_course_once(writer: Committer, store_url: str) -> None:
    register(store_url)
    course = [
        change("1", "a", "raised", Level.YELLOW, 1),
        change("2", "a", "updated", Level.RED, 2),
        change("3", "a", "updated", Level.BLUE, 3),
        change("4", "a", "cleared", Level.BLUE, 4),
        change("5", "b", "raised", Level.ORANGE, 5),
        change("6", "c", "raised", Level.RED, 6),  # of what is active already
        change("7", "a", "cleared", Level.BLUE, 7),  # of what has cleared already
        change("8", "nobody", "updated", Level.RED, 8),
    ]
    for batch in (course[:3], course[:5], course, course):
        await writer.commit(Batch([RAW], changes=batch))
    alerts = fetch(store_url, "select level, peak_level, state, cleared_at, seq, value from alert order by opened_at")
    assert alerts == [
        (1, 4, "cleared", from_micros(NOW + 4_000_000), 4, 80.5),
        (3, 3, "open", None, 1, 80.5),
    ]
    query = "select kind, seq, picture->>'level', picture->>'device' from alert_change order by cursor"
    assert fetch(store_url, query) == [
        ("raised", 1, "yellow", "d1"),
        ("updated", 2, "red", "d1"),
        ("updated", 3, "blue", "d1"),
        ("cleared", 4, "blue", "d1"),
        ("raised", 1, "orange", "d1"),
    ]
    assert count(store_url, "outbox") == 5


async def test_arrivals_are_remembered_over_a_restart_and_forgotten_in_time(pool: Pool, store_url: str) -> None:
    writer = Committer(pool)
    for first in range(0, KEEP + 30_000, 10_000):
        numbers = range(first, first + 10_000)
        arrivals = [arrival(number)._replace(token=number % 65_536) for number in numbers]
        for _ in range(2):
            batch = Batch([RAW])
            batch.put(Fresh({"a": arrivals}))
            await writer.commit(batch)
    newest = {number % 65_536: (number * 7919, NOW + number) for number in range(first + 10_000)}
    restarted = Arrivals()
    async with pool.connection() as conn:
        await restarted.restore(conn)
    assert {source: remembered.tokens for source, remembered in restarted.known.items()} == {"a": newest}
    assert count(store_url, "arrival") <= KEEP // 10_000 + 2


async def test_migrating_twice_changes_nothing(store_url: str, store_mode: str) -> None:
    query = "select version, name, mode, applied_at from schema_migration order by 1"
    before = fetch(store_url, query)
    assert await migrate(store_url, store_mode) == store_mode
    assert await migrate(store_url) == store_mode
    assert fetch(store_url, query) == before
    assert {row[2] for row in before} == {store_mode}


def offsets(url: str) -> list[tuple[str, int, int]]:
    return fetch(url, "select topic, partition, next_offset from kafka_offset order by 1, 2")


async def test_a_position_moves_only_from_where_its_reader_began(pool: Pool, store_url: str) -> None:
    one, other = Committer(pool), Committer(pool)

    def read(start: int, end: int) -> Batch:
        return Batch(
            [RAW], readings=columns(grid(range(1, 2), range(start, end))), positions=[Position("t", 3, start, end)]
        )

    first = read(0, 100)
    assert await one.commit(first) == 100
    assert await one.commit(first) == 100, "its answer was lost: it is recognised"
    assert await one.commit(read(0, 100)) == 0
    with pytest.raises(Superseded):
        await other.commit(read(0, 50))
    assert await other.commit(read(100, 150)) == 50
    with pytest.raises(Superseded):
        await one.commit(read(100, 200))
    assert offsets(store_url) == [("t", 3, 150)]
    await one.commit(Batch([RAW], positions=[Position("t", 3, 150, 160), Position("t", 3, 160, 170)]))
    assert offsets(store_url) == [("t", 3, 170)]


async def test_of_two_readers_one_commits_what_has_no_messages(pool: Pool, store_url: str) -> None:
    """They know the same state of the partition; whoever comes second decided by what is not the newest any more."""
    one, other = Committer(pool), Committer(pool)
    await one.commit(Batch([], positions=[Position("t", 0, 5, 10)]))
    known = (await load_positions(pool))["t", 0]
    timer = Batch([], positions=[Position("t", 0, known.offset, known.offset, known.timers)])
    await one.commit(timer)
    await one.commit(timer)  # its answer was lost
    for start, end in ((10, 10), (10, 20)):
        late = Batch(
            [RAW], columns(grid(range(1, 2), range(5))), positions=[Position("t", 0, start, end, known.timers)]
        )
        with pytest.raises(Superseded):
            await other.commit(late)
    assert count(store_url, "reading") == 0
    known = (await load_positions(pool))["t", 0]
    await other.commit(Batch([], positions=[Position("t", 0, 10, 20, known.timers)]))
    with pytest.raises(Superseded):
        await one.commit(Batch([], positions=[Position("t", 0, 10, 10, known.timers)]))
    assert offsets(store_url) == [("t", 0, 20)]


async def test_what_a_superseded_worker_read_is_not_stored(pool: Pool, store_url: str) -> None:
    await Committer(pool).commit(Batch([RAW], positions=[Position("t", 0, 0, 10)]))
    late = Batch([RAW], readings=columns(grid(range(1, 2), range(5))), positions=[Position("t", 0, 0, 5)])
    with pytest.raises(Superseded):
        await Committer(pool).commit(late)
    assert count(store_url, "reading") == 0


async def test_what_is_stored_already_is_told_apart_from_what_conflicts_with_it(pool: Pool, store_url: str) -> None:
    register(store_url)
    writer = Committer(pool)
    await writer.commit(Batch([RAW], columns(grid(range(1, 3), range(4))), events=[event("e")]))
    rows = grid(range(1, 4), range(5))
    given = [(series, ts, value + (1 if series == 2 else 0), quality) for series, ts, value, quality in rows]
    batch = Batch([RAW], columns(given), events=[event("e"), event("f"), event("f")])
    assert await writer.commit(batch) == 7
    repeats = batch.of(Repeats)
    assert set(repeats.readings.series.tolist()) == {1}
    assert set(repeats.conflicts.readings.series.tolist()) == {2}
    assert (len(repeats.readings), len(repeats.conflicts)) == (4, 4)
    assert [one.id for one in repeats.events] == [event("e").id, event("f").id]
    assert [one.id for one in batch.events] == [event("f").id]


async def test_what_is_stored_already_decides_nothing(pool: Pool, store_url: str) -> None:
    class Decides(Stage):
        def steps(self, batch: Batch) -> Iterator[None]:
            batch.changes = [change(f"{ts}", f"{ts}", "raised", Level.RED) for ts in batch.readings.ts.tolist()][:1]
            yield

    register(store_url)
    writer = Committer(pool, deciding=[Decides()])
    await writer.commit(readings(grid(range(1, 2), range(3))))
    again = readings(grid(range(1, 2), range(3)))
    run_steps(Decides(), again)
    assert len(again.changes) == 1
    await writer.commit(again)
    assert again.changes == []
