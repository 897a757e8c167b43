"""Rules on silence and on flat series on a real store: what is known after a kill, and what nobody could hear."""

import json
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from analytics.rules.reception import Everything
from analytics.rules.slots import NEVER
from app.serve.reception import OwnReception
from hub.alerts.titles import title_in
from hub.models import Batch, Micros
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

START: Micros = 1_772_352_000_000_000
S = 1_000_000
HOUR = 3600
SEED = """
insert into profile (code, name, metrics, max_future_s, on_conflict) values ('gauge', 'G', '{
    "level": {"name": "Level", "unit": "m", "min": 0, "max": 500}}', 0, 'last_wins');
insert into device (code, name, profile_id) values ('d1', 'D1', 1), ('d2', 'D2', 1);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, clear_s)
    values ('silent', 'Silent', 1, 'level', 'silence', 'above', '{"blue": 3600, "yellow": 7200}', 60);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, tolerance)
    values ('stuck', 'Stuck', 1, 'level', 'flat', 'above', '{"orange": 21600}', 0.02);
"""
TOLD = """
select r.code, c.kind, c.picture ->> 'level', (extract(epoch from (c.picture ->> 'changed_at')::timestamptz) - %s)::int,
       c.picture ->> 'title'
from alert_change c join alert a on a.id = c.alert_id join rule r on r.id = a.rule_id
order by c.cursor
"""
WORK_AT: Micros = int(time.time()) * S - 8 * HOUR * S
"""Windows that were over days ago are not known any more."""
WORKED = """
insert into organisation (code, name) values ('water', 'Water');
insert into area (code, name, kind, divisions) values ('bay', 'Bay', 'area', '{330106}');
update device set region = '330106001002', organisation = 'water' where code = 'd1';
"""
Told = list[tuple[str, str, str, int]]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(SEED.encode())
        yield opened


async def started(pool: Pool, since: Micros | None = None, owns: bool = True) -> StagedHub:
    """A hub that hears everything, or everything since a time."""
    hub = StagedHub(pool)
    hub.made.rules.reception = Everything() if since is None else OwnReception(lambda: since, lambda: NEVER)
    if not owns:
        hub.made.rules.reception.owns = lambda device: False  # type: ignore[method-assign]
    return await hub.restore()


async def hear(
    hub: StagedHub, *readings: tuple[int, float], device: str = "d1", received: int | None = None, at: Micros = START
) -> None:
    raws = []
    for second, value in readings:
        body = json.dumps({"ts": at // 1000 + second * 1000, "values": {"level": value}}).encode()
        came = at + (second if received is None else received) * S
        raws.append(raw_of("mqtt", f"ganzhi/v1/{device}/telemetry", body, came))
    await taken(hub, Batch(raws, now=raws[-1].received))


async def taken(hub: StagedHub, batch: Batch) -> None:
    await hub.take(hub.read(batch))


async def wait(hub: StagedHub, until: int, at: Micros = START) -> None:
    """Until then nothing comes: each timer that the rules ask for makes a batch."""
    for _ in range(20):
        due = hub.made.rules.due(at + until * S)
        if due is None or due > at + until * S:
            return
        await taken(hub, Batch([], now=at + until * S))
    raise AssertionError("it asks for ever")


def told(database: str, of: str | None = None, at: Micros = START) -> Told:
    rows = fetch(database, TOLD.replace("%s", str(at // S)))
    return [(*row[:3], row[3] - 0) for row in rows if of is None or row[4].startswith(of)]


async def test_silence_is_told_once_whatever_is_killed_and_ends_with_readings(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    await wait(hub, HOUR - 1)
    assert told(database) == []
    hub = await started(pool)
    batch = hub.read(Batch([], now=START + HOUR * S))
    assert [change.title for change in batch.changes] == ["D1: no reading of Level for 1 h (blue)"]
    hub = await started(pool)  # killed before the commit
    await wait(hub, HOUR)
    for _ in range(2):
        hub = await started(pool)
        await wait(hub, 3 * HOUR)
    expected = [("silent", "raised", "blue", HOUR), ("silent", "updated", "yellow", 2 * HOUR)]
    assert told(database) == expected
    await hear(hub, (4 * HOUR, 3.1))
    hub = await started(pool)  # what is back is known
    await wait(hub, 4 * HOUR + 59)
    assert told(database) == expected
    await hear(hub, (4 * HOUR + 30, 3.2))
    hub = await started(pool)
    await wait(hub, 4 * HOUR + 60)
    assert told(database) == [*expected, ("silent", "cleared", "yellow", 4 * HOUR + 60)]
    hub = await started(pool)
    await wait(hub, 5 * HOUR + 30)
    assert told(database)[3:] == [("silent", "raised", "blue", 5 * HOUR + 30)]


async def test_what_could_not_be_heard_is_no_silence(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    since = [START + 5 * HOUR * S]
    for _ in range(2):
        hub = await started(pool, since[0])
        await wait(hub, 6 * HOUR - 1)
        assert told(database) == []
    hub.made.rules.reception = OwnReception(lambda: None, lambda: NEVER)  # away again
    await wait(hub, 7 * HOUR)
    hub.made.rules.reception = OwnReception(lambda: START + 7 * HOUR * S, lambda: NEVER)
    await wait(hub, 8 * HOUR - 1)
    assert told(database) == []
    await wait(hub, 8 * HOUR)
    assert told(database) == [("silent", "raised", "blue", 8 * HOUR)]
    hub, hears = StagedHub(pool), list[Micros | None]([None])
    hub.made.rules.reception = OwnReception(lambda: hears[0], lambda: NEVER)
    await hub.restore()  # it hears nothing yet, and nothing comes when it does
    await wait(hub, 12 * HOUR)
    hears[0] = START + 12 * HOUR * S
    await wait(hub, 14 * HOUR - 1)
    assert len(told(database)) == 1
    await wait(hub, 14 * HOUR)
    assert told(database)[1:] == [("silent", "updated", "yellow", 14 * HOUR)]


async def test_only_the_worker_that_receives_a_device_tells_its_silence(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    other = await started(pool, owns=False)
    assert other.made.rules.due(START + 9 * HOUR * S) is None
    moved = await started(pool)
    await wait(moved, HOUR)
    assert told(database) == [("silent", "raised", "blue", HOUR)]
    again = await started(pool)
    await wait(again, HOUR)
    assert len(told(database)) == 1


@pytest.mark.parametrize("state", ["pending", "suspended", "retired"])
async def test_devices_that_are_not_in_use_and_those_never_heard_are_not_silent(
    pool: Pool, database: str, state: str
) -> None:
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    async with pool.connection() as conn:
        await conn.execute("update device set state = %s where code = 'd1'", [state])
    await hub.registry.refresh(pool)
    await wait(hub, 9 * HOUR)
    await wait(await started(pool), 9 * HOUR)
    assert told(database) == []
    async with pool.connection() as conn:
        await conn.execute("update device set state = 'active' where code = 'd1'")
    [(since,)] = fetch(
        database, "select (extract(epoch from active_since) * 1000000)::bigint from device where code = 'd1'"
    )
    assert since > START
    async with pool.connection() as conn:
        await conn.execute(
            "update device set active_since = to_timestamp(%s) where code = 'd1'", [START // S + 9 * HOUR]
        )
    await hub.registry.refresh(pool)
    for _ in range(2):
        await wait(hub, 9 * HOUR)  # nothing comes
        await wait(hub, 10 * HOUR - 1)
        assert hub.made.rules.due(START + 9 * HOUR * S) == START + 10 * HOUR * S
        assert told(database) == [], "it has its whole time again, whatever is killed"
        hub = await started(pool)
    await wait(hub, 11 * HOUR)
    assert told(database) == [("silent", "raised", "blue", 10 * HOUR), ("silent", "updated", "yellow", 11 * HOUR)]


@pytest.mark.parametrize("where", ["d1", "33", "water", "@bay"])
async def test_who_works_on_a_device_puts_its_silence_off_by_its_whole_time(
    pool: Pool, database: str, where: str
) -> None:
    """From half an hour to 5 h after the reading; killed at any time."""
    async with pool.connection() as conn:
        await conn.execute(WORKED.encode())
        await conn.execute(
            """insert into maintenance (device_id, region, organisation, area, from_at, to_at, note)
               select (select id from device where code = %(where)s), case when %(where)s ~ '^[0-9]' then %(where)s end,
                      case when %(where)s = 'water' then 'water' end,
                      case when %(where)s ~ '^@' then substr(%(where)s, 2) end,
                      to_timestamp(%(from)s), to_timestamp(%(to)s), 'works'""",
            {"where": where, "from": WORK_AT // S + 1800, "to": WORK_AT // S + 5 * HOUR},
        )
    hub = await started(pool)
    await hear(hub, (0, 3.0), at=WORK_AT)
    await hear(hub, (0, 3.0), device="d2", at=WORK_AT)
    for until in (3 * HOUR, 5 * HOUR, 6 * HOUR - 1):
        hub = await started(pool)
        await wait(hub, until, at=WORK_AT)
        assert told(database, "D1", WORK_AT) == []
    if where != "d1":
        hub = await started(pool)
    await wait(hub, 7 * HOUR, at=WORK_AT)
    assert told(database, "D1", WORK_AT) == [
        ("silent", "raised", "blue", 6 * HOUR), ("silent", "updated", "yellow", 7 * HOUR)
    ]  # fmt: skip
    assert [row[3] for row in told(database, "D2", WORK_AT)] == [HOUR, 2 * HOUR], "nobody works there"


async def test_a_rule_that_is_switched_on_knows_what_is_silent_and_one_that_is_off_says_nothing(
    pool: Pool, database: str
) -> None:
    async with pool.connection() as conn:
        await conn.execute("update rule set enabled = false")
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    await wait(hub, 9 * HOUR)
    assert told(database) == []
    async with pool.connection() as conn:
        await conn.execute("update rule set enabled = true")
    await hub.made.rules.refresh(pool)
    await taken(hub, Batch([], now=START + 9 * HOUR * S))
    await wait(hub, 9 * HOUR)
    assert [row[3] for row in told(database)] == [HOUR, 2 * HOUR]
    async with pool.connection() as conn:
        await conn.execute('update rule set thresholds = \'{"blue": 3600, "red": 43200}\'')
    await hub.made.rules.refresh(pool)
    await taken(hub, Batch([], now=START + 9 * HOUR * S))
    await wait(hub, 12 * HOUR)
    assert told(database)[2:] == [("silent", "updated", "red", 12 * HOUR)]


async def test_a_clock_that_is_slow_and_packs_that_come_late_are_allowed_for(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (0, 3.0), received=1800)
    await wait(hub, HOUR + 1799)
    assert told(database) == []
    await wait(hub, HOUR + 1800)
    assert told(database) == [("silent", "raised", "blue", HOUR)]
    await hear(hub, *((second, 3.0 + second) for second in range(600, HOUR, 600)), received=HOUR + 1900)
    assert told(database)[1:] == [("silent", "cleared", "blue", HOUR)], "what was missing is there"


async def test_a_silence_before_a_reading_that_waits_is_told_after_a_kill_and_ends_with_it(
    pool: Pool, database: str
) -> None:
    async with pool.connection() as conn:
        await conn.execute("update profile set allowed_lateness_s = 1800")
    hub = await started(pool)
    await hear(hub, (0, 3.0))
    await hear(hub, (5400, 3.1))  # waits; that before it is judged
    for _ in range(2):
        hub = await started(pool)
    await wait(hub, 3 * HOUR)
    assert told(database) == [("silent", "raised", "blue", HOUR)], (
        "and not what would follow without the one that waits"
    )
    await hear(hub, (7300, 3.2))
    await wait(hub, 3 * HOUR)
    assert told(database)[1:] == [("silent", "cleared", "blue", 5460)]


FLAT: Sequence[tuple[int, float]] = [(second, 3.0 + second % 3 / 100) for second in range(0, 6 * HOUR, 301)]


async def test_how_long_a_value_has_been_flat_is_known_after_a_kill(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (-100, 4.0))
    for place, reading in enumerate(FLAT):
        await hear(hub, reading)
        if place % 24 == 20:
            hub = await started(pool)
    [(saved, since)] = fetch(database, "select count(*), min(since) from rule_flat")
    assert (saved, since) == (1, START)
    assert told(database) == []
    await hear(hub, (6 * HOUR + 5, 3.0))
    assert told(database) == [("stuck", "raised", "orange", 6 * HOUR + 5)]
    [(title, value, threshold)] = fetch(database, "select title, value, threshold from alert")
    assert (title, value, threshold) == ("D1: Level unchanged at 3 for 6 h (orange)", 6 * HOUR + 5, 6 * HOUR)
    alert = {"title": title, "value": value, "threshold": threshold, "device_name": "D1", "event_kind": None,
             "cleared_at": None, "level": "orange", "metric": "level"}  # fmt: skip
    rule, names = {"direction": "above", "signal": "flat"}, {"name": "水位", "name_en": "Level"}
    assert title_in("zh", alert, rule, names) == "D1：水位 停在 3 已 6 小时没有变化（橙色）"
    hub = await started(pool)
    await hear(hub, (6 * HOUR + 300, 3.5))
    assert told(database)[1:] == [("stuck", "cleared", "orange", 6 * HOUR + 300)]


async def test_rows_of_flat_series_are_written_now_and_then_and_a_start_reads_what_came_since(
    pool: Pool, database: str
) -> None:
    hub = await started(pool)
    written = []
    for second in (0, 60, 599, 600, 1199, 1200):
        await hear(hub, (second, 3.0))
        [(until,)] = fetch(database, "select until from rule_flat")
        written.append((until - START) // S)
    assert written == [0, 0, 0, 600, 600, 1200]
    await hear(hub, (1210, 5.0))
    await hear(hub, (1220, 3.0))
    hub = await started(pool)  # what the row does not know yet is among the readings
    await hear(hub, (6 * HOUR + 1, 3.0))
    assert "stuck" not in {row[0] for row in told(database)}
    await hear(hub, (6 * HOUR + 2, 3.0))
    hub = await started(pool)
    await hear(hub, (6 * HOUR + 1221, 3.0))
    assert [row[:2] for row in told(database) if row[0] == "stuck"] == [("stuck", "raised")]


async def test_what_a_correction_says_is_stored_at_once(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await hear(hub, (1200, 3.0))
    await hear(hub, (1260, 3.0))
    await hear(hub, (1260, 4.0))
    await hear(hub, (1260, 3.0))
    assert fetch(database, "select since, until from rule_flat") == [(START + 1260 * S,) * 2]
    hub = await started(pool)
    await hear(hub, (1260 + 6 * HOUR - 1, 3.0))
    assert "stuck" not in {row[0] for row in told(database)}
    await hear(hub, (1260 + 6 * HOUR, 3.0))
    assert [row[:2] for row in told(database) if row[0] == "stuck"] == [("stuck", "raised")]
    async with pool.connection() as conn:
        await conn.execute("update rule set enabled = false")
    assert fetch(database, "select count(*) from rule_flat") == [(0,)], "it begins anew when it is on again"
