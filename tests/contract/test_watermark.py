"""A clock that is ahead mutes nothing: what comes after it is right again is newest, and pages, also after a kill."""

import json
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import psycopg
import pytest

from hub.models import Batch, Raw
from hub.quality import Quality
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.batches import NOW, fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

S = 1_000_000
MINUTE = 60
SEED = """
insert into profile (code, name, metrics) values ('p', 'P', '{"v": {"name": "V"}, "w": {"name": "W"}}');
insert into device (code, name, profile_id) values ('a', 'A', 1), ('b', 'B', 1);
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('high', 'High', 1, 'v', 'above', '{"yellow": 50, "red": 100}');
insert into rule (code, name, profile_id, metric, direction, thresholds, hold_s)
    values ('held', 'Held', 1, 'v', 'above', '{"red": 100}', 5);
insert into rule (code, name, event_kind, event_level) values ('door', 'Door', 'door_open', 3);
"""
CHANGES = """
select r.code, c.kind, c.picture ->> 'level', a.target, a.opened_at
from alert_change c join alert a on a.id = c.alert_id join rule r on r.id = a.rule_id
order by a.opened_at, a.target, r.code, c.seq
"""
READINGS = "select series_id, ts, value, quality from reading order by 1, 2"
LATEST = "select series_id, ts, value, watermark from latest order by 1"
DEVICE_LATEST = "select value from latest where series_id = 1"


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(store_url, autocommit=True) as conn:
        conn.execute(SEED.encode())
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


def reading(second: float, ahead: float, value: float, device: str = "a", metric: str = "v") -> Raw:
    """A reading that arrives at a second, with a time that is so many seconds ahead."""
    received = NOW + round(second * S)
    payload = json.dumps({"ts": (received + round(ahead * S)) // 1000, "values": {metric: value}})
    return raw_of("mqtt", f"ganzhi/v1/{device}/telemetry", payload.encode(), received)


def event(second: float, ahead: float, state: str) -> Raw:
    received = NOW + round(second * S)
    payload = json.dumps({"ts": (received + round(ahead * S)) // 1000, "kind": "door_open", "state": state})
    return raw_of("mqtt", "ganzhi/v1/a/event", payload.encode(), received)


async def live(pool: Pool, batches: Iterable[Sequence[Raw]], between: str = "") -> StagedHub:
    """Take batches one after the other; `between` them nothing happens, or the hub is killed, flushed or not."""
    hub = await StagedHub(pool).restore()
    for raws in batches:
        await hub.take(hub.read(Batch(list(raws), now=raws[-1].received)))
        if between == "flushed":
            await hub.made.latest.flush(pool)
        if between:
            hub = await StagedHub(pool).restore()
    return hub


@pytest.mark.parametrize("between", ["", "killed", "flushed"])
async def test_what_comes_after_a_reading_ahead_is_not_late_and_pages(pool: Pool, store_url: str, between: str) -> None:
    raws = [reading(0, -0.1, 10), reading(10, 9 * MINUTE, 20), reading(20, -0.1, 70), reading(30, -0.1, 120)]
    hub = await live(pool, [[raw] for raw in raws], between)
    assert {quality & Quality.LATE for *_, quality in fetch(store_url, READINGS)} == {0}
    assert [row[:3] for row in fetch(store_url, CHANGES)] == [("high", "raised", "yellow"), ("high", "updated", "red")]
    await hub.made.latest.flush(pool)
    assert fetch(store_url, DEVICE_LATEST) == [(120.0,)]


async def test_in_one_batch_as_in_several(pool: Pool, store_url: str) -> None:
    raws = [reading(10, 9 * MINUTE, 120), reading(20, -0.1, 10), reading(21, -0.1, 11)]
    hub = await live(pool, [raws])
    assert {quality & Quality.LATE for *_, quality in fetch(store_url, READINGS)} == {0}
    high = [row[:2] for row in fetch(store_url, CHANGES) if row[0] == "high"]
    assert high == [("high", "raised"), ("high", "cleared")]
    await hub.made.latest.flush(pool)
    assert fetch(store_url, DEVICE_LATEST) == [(11.0,)]


async def test_a_clock_that_stays_ahead_is_newest_by_its_arrival(pool: Pool, store_url: str) -> None:
    raws = [reading(second, 9 * MINUTE, 100.0 + second) for second in range(5)]
    hub = await live(pool, [[raw] for raw in raws])
    await hub.made.latest.flush(pool)
    ((_, ts, value, watermark),) = fetch(store_url, LATEST)
    assert (value, (ts - watermark).total_seconds()) == (104.0, 9 * MINUTE)


async def test_what_is_late_stays_late(pool: Pool, store_url: str) -> None:
    raws = [reading(10, 9 * MINUTE, 20), reading(20, -0.1, 30), reading(30, -60, 200)]
    for between in ("", "killed"):
        await live(pool, [[raw] for raw in raws], between)
    flags = [quality & Quality.LATE for *_, quality in fetch(store_url, READINGS)]
    assert flags == [Quality.LATE, 0, 0]
    assert fetch(store_url, CHANGES) == []


@pytest.mark.parametrize("between", ["", "killed"])
async def test_events_after_one_ahead_count(pool: Pool, store_url: str, between: str) -> None:
    raws = [event(0, 9 * MINUTE, "active"), event(10, -0.1, "inactive"), event(20, -0.1, "active")]
    await live(pool, [[raw] for raw in raws], between)
    assert sorted(row[1] for row in fetch(store_url, CHANGES)) == ["cleared", "raised", "raised"]


def _history(seed: int) -> list[Raw]:
    """A minute of two devices whose clocks are now right, now ahead, now behind."""
    chance = random.Random(seed)
    raws, second = [], 0.0
    for _ in range(60):
        second += chance.choice((0.2, 1.0, 3.0))
        ahead = chance.choice((-0.1, -0.1, -0.1, 0.7, 120.0, 540.0, -30.0))
        value = chance.choice((10.0, 60.0, 110.0, 120.0))
        raws.append(reading(second, ahead, value, chance.choice("ab"), chance.choice("vvvw")))
    return raws


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in (1, 2))])
async def test_kills_and_batches_make_no_difference(pool: Pool, store_url: str, seed: int) -> None:
    raws, found = _history(seed), list[Any]()
    for way in ("one by one", "in batches", "killed", "killed and flushed"):
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute("truncate reading, latest, latest_note, alert, alert_change, outbox, dead_letter cascade")
        chance, batches = random.Random(seed), list[list[Raw]]()
        for raw in raws:
            if not batches or way != "in batches" or chance.random() < 0.3:
                batches.append([])
            batches[-1].append(raw)
        hub = await live(pool, batches, {"killed": "killed", "killed and flushed": "flushed"}.get(way, ""))
        await hub.made.latest.flush(pool)
        flags = [(series, ts, value, quality) for series, ts, value, quality in fetch(store_url, READINGS)]
        changes = [row for row in fetch(store_url, CHANGES) if row[0] == "high"]
        found.append((flags, changes, fetch(store_url, LATEST)))
        assert found[-1] == found[0], way
    assert any(quality & Quality.LATE for *_, quality in found[0][0])
    assert found[0][1]
