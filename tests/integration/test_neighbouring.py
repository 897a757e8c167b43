"""Series that are held against their neighbours, by one process and by two that share the devices."""

import json
from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import numpy as np
import pytest

from analytics.detection.stage import Detection
from analytics.rules.history import RuleHistory
from analytics.rules.reception import Everything
from hub.models import Batch, Micros, from_micros
from hub.settings import Database
from hub.signals import Signals
from hub.store.pool import Pool, open_pool
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

START: Micros = 1_772_352_000_000_000
QUARTER: Micros = 15 * 60_000_000
A_DAY = 96
DAYS = 31
"""14 until they are known, and 14 with neighbours that are."""
CODES = [f"d{n}" for n in range(6)]
SEED = """
insert into profile (code, name, metrics, max_future_s) values
    ('gauge', 'G', '{"level": {"name": "Level", "unit": "m", "min": 0, "max": 500}}', 0);
insert into device (code, name, profile_id, lon, lat)
    select 'd' || n, 'D' || n, 1, 120, 30 + 0.003 * n from generate_series(0, 5) n;
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, hysteresis, clear_s)
    values ('ever', 'Ever', 1, 'level', 'excess', 'above', '{"blue": 2}', 0.5, 7200),
           ('alone', 'Alone', 1, 'level', 'unshared', 'above', '{"blue": 2}', 0.5, 7200);
"""
ALERTS = "select r.code, a.target from alert a join rule r on r.id = a.rule_id order by 1, 2"
WHY = """select c.details -> 'why' from alert_change c join alert a on a.id = c.alert_id join rule r on r.id = a.rule_id
         where r.code = 'alone' and c.kind = 'raised'"""

RAISED = "select a.opened_at from alert a join rule r on r.id = a.rule_id where r.code = 'alone'"


class Some(Everything):
    """A process that receives what some devices send."""

    def __init__(self, codes: Collection[str]) -> None:
        self.codes = codes

    def owns(self, device: str) -> bool:
        return device in self.codes


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(SEED.encode())
        yield opened


async def started(pool: Pool, codes: Collection[str]) -> StagedHub:
    hub = StagedHub(pool)
    hub.made.rules.reception = Some(codes)
    return await hub.restore()


def level(device: str, quarter: int, rise: float) -> float:
    """A day's course, noise of each device, and what is added."""
    noise = float(np.random.default_rng([CODES.index(device), quarter]).normal(0, 0.3))
    return round(20 + 3 * float(np.sin(quarter * 2 * np.pi / A_DAY)) + noise + rise, 2)


def pack(devices: Collection[str], quarters: range, rises: dict[str, float]) -> Batch:
    """What devices measure in some quarters of an hour, received at the end of them."""
    end, raws = START + quarters[-1] * QUARTER + 1_000_000, []
    for number, device in enumerate(devices):
        samples = [
            {"ts": (START + q * QUARTER) // 1000, "values": {"level": level(device, q, rises.get(device, 0.0))}}
            for q in quarters
        ]
        raws.append(raw_of("mqtt", f"ganzhi/v1/{device}/telemetry", json.dumps(samples).encode(), end + number))
    return Batch(raws, now=end + len(raws))


async def take(hub: StagedHub, batch: Batch) -> Signals:
    """What is told of a batch; what it taught is saved half a minute later."""
    signals = hub.read(batch).of(Signals)
    await hub.take(batch)
    later = Batch([], now=batch.now + 31_000_000)
    await hub.take(hub.read(later))
    return signals


async def look(hub: StagedHub) -> None:
    async with hub.pool.connection() as conn:
        await hub.made.detection.look(conn)


@pytest.mark.parametrize("processes", [1, 2])
async def test_what_all_neighbours_show_is_told_of_none_and_what_one_shows_is(
    pool: Pool, database: str, processes: int
) -> None:
    shares = [CODES] if processes == 1 else [CODES[::2], CODES[1::2]]
    hubs = [await started(pool, codes) for codes in shares]

    async def all_take(quarters: range, rises: dict[str, float]) -> None:
        for hub, codes in zip(hubs, shares, strict=True):
            await take(hub, pack(codes, quarters, rises))
        for hub in hubs:
            await look(hub)

    for day in range(DAYS):
        await all_take(range(day * A_DAY, (day + 1) * A_DAY), {})
    assert fetch(database, ALERTS) == []
    now = DAYS * A_DAY
    for quarter in range(now, now + 48):  # a front, that grows over hours
        await all_take(range(quarter, quarter + 1), dict.fromkeys(CODES, 0.15 * (quarter - now)))
    assert fetch(database, ALERTS) == [("ever", f"{code}/level") for code in CODES]
    now += 48
    for quarter in range(now, now + 24):  # it stays, and one of them goes on alone
        await all_take(range(quarter, quarter + 1), dict.fromkeys(CODES, 7.2) | {"d3": 7.2 + 3.0 * (quarter - now)})
    alone, ever = fetch(database, ALERTS)[:1], fetch(database, ALERTS)[1:]
    assert (alone, len(ever)) == ([("alone", "d3/level")], len(CODES))
    [(why,)] = fetch(database, WHY)
    assert why["unshared"] >= 2
    assert why["unshared"] < why["excess"]
    if processes == 1:
        await _tried(pool, database)


async def _tried(pool: Pool, database: str) -> None:
    """A trial over what is stored now says the same of the days after the first."""
    [[row]] = fetch(database, "select to_jsonb(r) || '{\"label\": \"Level\"}' from rule r where code = 'alone'")
    since, until = (from_micros(START + quarter * QUARTER) for quarter in (DAYS * A_DAY, DAYS * A_DAY + 72))
    trial = await RuleHistory()(pool.connection, row, since, until)
    [would] = trial.alerts
    [(raised,)] = fetch(database, RAISED)
    assert (would.device, trial.things, trial.looked_at, trial.complete) == ("d3", len(CODES), 72 * len(CODES), True)
    assert abs(from_micros(would.at) - raised) <= timedelta(minutes=30)
    await _alone(pool)
    apart = await RuleHistory()(pool.connection, row, since, until)
    assert {each.device for each in apart.alerts} == set(CODES), "none has neighbours now: it is the excess"


async def _alone(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("update device set lat = 20 + id")


async def test_a_process_reads_what_is_known_of_its_own_devices_and_of_others_once_they_come_to_it(
    pool: Pool,
) -> None:
    first = await started(pool, CODES)
    for day in range(DAYS - 1):
        await take(first, pack(CODES, range(day * A_DAY, (day + 1) * A_DAY), {}))
    mine = await started(pool, CODES[:2])
    known = mine.made.detection._states
    assert len(known) == 2
    now = (DAYS - 1) * A_DAY
    told = await take(mine, pack(["d4"], range(now, now + 1), {}))  # it was renamed, and is this one's now
    assert np.isnan(told.gap[0]), "nothing is known of it"
    assert mine.made.detection.must_restore
    async with pool.connection() as conn:
        await mine.made.detection.restore(conn)
    assert not mine.made.detection.must_restore
    whole = await started(pool, CODES)
    then = [pack(["d0", "d4"], range(now + 1, now + 3), {}) for _ in range(2)]
    one, other = (hub.read(batch).of(Signals) for hub, batch in zip((mine, whole), then, strict=True))
    assert (one.gap == 900).sum() >= 3
    np.testing.assert_allclose(one.excess, other.excess, rtol=1e-9)
    assert one.excess.min() > 0


async def test_days_that_the_calendar_names_later_count(pool: Pool) -> None:
    hub = await started(pool, CODES)
    [detection] = [stage for stage in hub.stages if isinstance(stage, Detection)]
    assert not len(detection._watched.swapped)
    async with pool.connection() as conn:
        await conn.execute("insert into calendar_day (date, workday, name) values ('2026-03-02', false, 'A feast')")
    await look(hub)
    assert len(detection._watched.swapped) == 1
