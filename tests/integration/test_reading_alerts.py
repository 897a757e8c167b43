"""What is withheld where readings wait for others: told at its own time, and asked for when that can be known."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.alerts.desk_steps import details_told
from hub.models import Batch, Micros
from hub.quality import Quality
from hub.settings import Database, Rules, Settings
from hub.store.pool import Pool, open_pool
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

S = 1_000_000
AT: Micros = 0
SEED = """
insert into profile (code, name, metrics, allowed_lateness_s) values ('gauge', 'G', '{"level": {"name": "Level"}}', 30);
insert into device (code, name, profile_id) values ('d1', 'D1', 1);
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('high', 'High', 1, 'level', 'above', '{"yellow": 3, "orange": 5}');
"""
WORK = "insert into maintenance (device_id, from_at, to_at, note) values (1, to_timestamp(%s), to_timestamp(%s), 'x')"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five minutes before the test, not before the suite was imported: the database looks at its own clock."""
    monkeypatch.setattr(f"{__name__}.AT", int(time.time()) * S - 300 * S)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(SEED.encode())
            await conn.execute(WORK.encode(), (AT // S - 60, AT // S + 100))
        yield opened


async def started(pool: Pool) -> StagedHub:
    return await StagedHub(pool, settings=Settings(rules=Rules(stale_after_s=600))).restore()


async def hear(hub: StagedHub, second: int, value: float) -> None:
    body = json.dumps({"ts": AT // 1000 + second * 1000, "values": {"level": value}}).encode()
    raw = raw_of("mqtt", "ganzhi/v1/d1/telemetry", body, AT + second * S)
    await hub.take(hub.read(Batch([raw], now=raw.received)))


async def wait(hub: StagedHub, until: int) -> int:
    """Until then nothing comes; how many batches the stages ask for."""
    now = AT + until * S
    for asked in range(20):
        if all((due := stage.due(now)) is None or due > now for stage in hub.stages):
            return asked
        await hub.take(hub.read(Batch([], now=now)))
    raise AssertionError("it asks for ever")


def told(database: str) -> list[tuple[Any, ...]]:
    return fetch(
        database,
        f"""select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - {AT // S})::int, kind,
                   picture ->> 'level' from alert_change order by cursor""",
    )


async def test_an_opening_before_which_a_reading_waits_is_asked_for_when_that_is_judged(
    pool: Pool, database: str
) -> None:
    hub = await started(pool)
    await hear(hub, 0, 4.0)
    await wait(hub, 31)
    assert fetch(database, "select count(*) from rule_withheld") == [(1,)]
    await hear(hub, 90, 4.5)
    hub = await started(pool)
    assert await wait(hub, 101) <= 2, "and not each tenth of a second"
    assert told(database) == []
    due = hub.made.rules.due(AT + 101 * S)
    assert due is not None
    assert due > AT + 110 * S
    await wait(hub, 900)
    await wait(hub, 950)
    assert told(database) == [(100, "raised", "yellow")]


async def test_what_opened_between_readings_that_waited_is_told_at_its_own_time_however_long_the_hub_was_away(
    pool: Pool, database: str
) -> None:
    async with pool.connection() as conn:
        await conn.execute("update profile set allowed_lateness_s = 240")
    hub = await started(pool)
    await hear(hub, 0, 4.0)
    await hear(hub, 120, 6.0)
    hub = await started(pool)
    await wait(hub, 5000)
    assert told(database) == [(100, "raised", "yellow"), (120, "updated", "orange")]


@pytest.mark.parametrize("stale_after_s", [Rules().stale_after_s, None])
async def test_the_first_history_of_a_series_pages_nobody_and_what_lasts_is_told(
    pool: Pool, database: str, stale_after_s: float | None
) -> None:
    """Thirty days that come at once, a value of each six hours, and the process is killed between two packs; unless
    readings of any age may page."""
    async with pool.connection() as conn:
        await conn.execute("update profile set allowed_lateness_s = 0; delete from maintenance")
    settings = Settings(rules=Rules(stale_after_s=stale_after_s, flap_count=None))
    history = [(-hour * 3600, 4.0 if hour % 12 else 1.0) for hour in range(30 * 24, 24, -6)]
    for pack in (history[:60], history[60:], [(-3600, 6.0)]):
        hub = await StagedHub(pool, settings=settings).restore()
        bodies = [{"ts": AT // 1000 + second * 1000, "values": {"level": value}} for second, value in pack]
        raws = [raw_of("mqtt", "ganzhi/v1/d1/telemetry", json.dumps(body).encode(), AT) for body in bodies]
        await hub.take(hub.read(Batch(raws, now=AT)))
    onsets = [at for at, kind, _ in told(database) if kind == "raised"]
    assert len(onsets) == (1 if stale_after_s else 58), "one each twelve hours"
    assert told(database)[-1][0] == -3600


async def test_a_level_that_its_hold_time_alone_reached_says_what_it_was_for_how_long(
    pool: Pool, database: str
) -> None:
    async with pool.connection() as conn:
        await conn.execute("update profile set allowed_lateness_s = 0; delete from maintenance")
        await conn.execute(
            """insert into rule (code, name, profile_id, metric, signal, direction, thresholds, hold_s)
               values ('apart', 'Apart', 1, 'level', 'gap', 'above', '{"blue": 12}', 5)"""
        )
    hub = await started(pool)
    await hear(hub, 0, 1.0)
    await hear(hub, 20, 1.0)
    await wait(hub, 26)
    [(why,)] = fetch(database, "select details -> 'why' from alert_change")
    crossed = {"version": 1, "value": 20.0, "threshold": 12.0, "by": 8.0, "hold_s": 5.0}
    assert why == {"signal": "gap", "held": 20.0, "held_s": 5.0, "rule": crossed}
    told_ = "20 is 8 above the threshold of 12; held for 5 s; version 1 of its rule"
    assert details_told("raised", {"why": why}, "en") == f"it was at 20 for 5 s, and no reading said otherwise; {told_}"
    flagged = {"why": {"signal": "value", "quality": Quality.CALIBRATION | Quality.TEST}}
    assert "flagged (calibration, test)" in details_told("raised", flagged, "en").replace("; ", ", ")
