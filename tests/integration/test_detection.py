"""Detection as a stage on a real store: what it tells, what teaches it, and what is there again after a kill."""

import json
import logging
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from analytics.detection import stage
from analytics.detection.stored import Learned, read_readings, read_states, save
from analytics.detectors.detector import Ints
from analytics.rules.reception import Everything
from hub.alerts.desk_steps import details_told
from hub.models import Batch, Micros
from hub.settings import Database
from hub.signals import LEARNED, Signals
from hub.stage import Connection
from hub.store.pool import Pool, open_pool
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

START: Micros = 1_772_352_000_000_000
MINUTE = 60_000_000
SEED = """
insert into profile (code, name, metrics, max_future_s, on_conflict) values ('gauge', 'G', '{
    "level": {"name": "Level", "unit": "m", "min": 0, "max": 500},
    "on": {"name": "On", "unit": "1", "min": 0, "max": 1},
    "quiet": {"name": "Quiet", "unit": "m", "detect": false}}', 0, 'first_wins');
insert into device (code, name, profile_id) values ('d1', 'D1', 1), ('d2', 'D2', 1);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, hold_s)
    values ('fast', 'Fast', 1, 'level', 'rate', 'above', '{"yellow": 600}', 90);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
    values ('odd', 'Odd', 1, 'level', 'score', 'above', '{"red": 0.99}');
"""

SAVED = """
select d.code
from detector_state n join series s on s.id = n.series_id join device d on d.id = s.device_id order by 1"""

NAMES = "select s.id, d.code, s.metric from series s join device d on d.id = s.device_id"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(SEED.encode())
        yield opened


async def started(pool: Pool) -> StagedHub:
    hub = StagedHub(pool)
    hub.made.rules.reception = Everything()
    return await hub.restore()


def batch(minutes: Sequence[int], metric: str = "level", value: float | None = None, device: str = "d1") -> Batch:
    """A reading a minute, received at once: a course that repeats, or a value."""
    raws = []
    for minute in minutes:
        values = {metric: 20.0 + minute % 7 if value is None else value}
        body = json.dumps({"ts": (START + minute * MINUTE) // 1000, "values": values}).encode()
        raws.append(raw_of("mqtt", f"ganzhi/v1/{device}/telemetry", body, START + minute * MINUTE))
    return Batch(raws, now=raws[-1].received)


async def taken(hub: StagedHub, some: Batch) -> Signals:
    signals = hub.read(some).of(Signals)
    await hub.take(some)
    return signals


def close(one: Signals, other: Signals) -> None:
    for name in LEARNED:
        np.testing.assert_allclose(one.of(name), other.of(name), rtol=1e-9, err_msg=name)


async def test_what_is_unusual_is_told_and_raises_an_alert_with_words_for_it(pool: Pool, database: str) -> None:
    hub = await started(pool)
    first = await taken(hub, batch(range(100)))
    assert np.isnan(first.gap[0])
    assert set(first.gap[1:].tolist()) == {60.0}
    assert first.rate[1] == pytest.approx(60.0), "1 m a minute"
    assert not first.score[:48].any()
    odd = await taken(hub, batch([100], value=300.0))
    assert odd.score[0] > 0.99
    assert odd.residual[0] == pytest.approx(277, abs=1)
    title, value = fetch(database, "select title, value from alert order by opened_at")[-1]
    assert title.startswith("D1: Level unusual: score ")
    assert value == odd.score[0]
    [(why,)] = fetch(
        database, "select details -> 'why' from alert_change where kind = 'raised' order by cursor desc limit 1"
    )
    assert (why["signal"], why["value"], why["score"]) == ("score", 300.0, pytest.approx(value, abs=1e-5))
    assert why["low"] <= 20 < why["expected"] < 26 <= why["high"] < 40
    assert set(why["parts"]) >= {"level", "season"}
    assert "it was" in details_told("raised", {"why": why}, "en")


async def test_what_does_not_count_has_no_signals_and_teaches_nothing(pool: Pool) -> None:
    hub, other = await started(pool), await started(pool)
    await taken(hub, batch(range(60)))
    for some in (
        batch([30], value=499.0),  # late
        batch([60], value=900.0),  # out of range
        batch([59], value=400.0),  # another value for a time that is stored
        batch([59]),  # a repeat
        batch([61], "on", 1.0),
        batch([61], "quiet", 5.0),
    ):
        told = await taken(hub, some)
        assert all(np.isnan(told.of(name)).all() for name in LEARNED)
    await other.restore()
    close(hub.read(batch([70, 71])).of(Signals), other.read(batch([70, 71])).of(Signals))


async def test_rate_and_gap_of_readings_ahead_go_by_their_own_times(pool: Pool, database: str) -> None:
    """They count when they came: those of one message a microsecond apart."""
    async with pool.connection() as conn:
        await conn.execute("update profile set max_future_s = 600")
        await conn.execute("update rule set hold_s = 0 where code = 'fast'")
    hub = await started(pool)
    await taken(hub, batch([98, 99], value=20.0))
    for minutes in ((101, 102, 103), (104, 106)):  # received nearly at once
        pack = batch(minutes, value=20.0 + minutes[0] / 10)
        body = json.dumps([json.loads(raw.payload) for raw in pack.raws]).encode()
        pack.raws = [raw_of("mqtt", "ganzhi/v1/d1/telemetry", body, START + 100 * MINUTE + minutes[0])]
        pack.now = pack.raws[0].received
        told = await taken(hub, pack)
        assert np.nan_to_num(told.gap).tolist() == [120.0 if minutes[0] == 101 else 60.0, *np.diff(minutes) * 60.0]
        assert abs(told.rate).max() < 400, "m an hour"
    assert fetch(database, "select count(*) from alert a join rule r on r.id = a.rule_id where r.code = 'fast'") == [
        (0,)
    ]


async def test_a_killed_process_goes_on_from_what_was_saved_and_the_readings_since(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await taken(hub, batch(range(80)))
    await taken(hub, batch(range(80, 120), device="d2"))
    assert fetch(database, SAVED) == [("d1",)], "a series is saved with a batch that comes later"
    await taken(hub, batch(range(120, 130)))
    assert fetch(database, SAVED) == [("d1",), ("d2",)]
    after = await started(pool)
    for some in (batch([130]), batch([131], value=260.0), batch([132], device="d2")):
        close(hub.read(some).of(Signals), after.read(some).of(Signals))


async def test_states_of_another_version_are_learned_anew_and_it_says_so(
    pool: Pool, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await started(pool)
    await taken(hub, batch(range(80)))
    await taken(hub, batch([80]))
    async with pool.connection() as conn:
        await conn.execute("update detector_state set state = 'of another version'")
    with caplog.at_level(logging.WARNING):
        after = await started(pool)
    assert "learned 1 series anew, from their newest 81 readings" in caplog.text
    close(hub.read(batch([81])).of(Signals), after.read(batch([81])).of(Signals))
    await taken(after, batch([81]))
    assert fetch(database, "select length(state) > 100 from detector_state") == [(True,)]


async def test_a_commit_saves_at_most_so_much_the_oldest_first(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "SAVED_A_COMMIT", 1)
    hub = await started(pool)
    both = batch([0])
    both.raws += batch([0], device="d2").raws
    await taken(hub, both)
    for count in (1, 2, 2):
        await taken(hub, batch([count], "on", 1.0))
        assert fetch(database, "select count(*) from detector_state") == [(count,)]


async def test_a_level_of_a_signal_that_pends_does_so_after_a_kill(pool: Pool, database: str) -> None:
    hub = await started(pool)
    await taken(hub, batch(range(10)))
    await taken(hub, batch([10], value=90.0))
    assert fetch(database, "select count(*) from rule_pending") == [(1,)]
    after = await started(pool)
    ripe = Batch([], now=START + 12 * MINUTE)
    after.read(ripe)
    assert [(each.ts, each.kind, round(each.value or 0)) for each in ripe.changes] == [
        (START + 10 * MINUTE + 90_000_000, "raised", 60 * 68)
    ]
    await after.take(ripe)
    await taken(after, batch([13], value=90.0))
    assert fetch(database, "select count(*) from rule_pending") == [(0,)]
    async with pool.connection() as conn:
        await conn.execute("insert into rule_pending values (1, 1, '{1,1,1,1}', 1, '1')")
    assert not (await started(pool)).made.rules._set.slots.pending(), "the rule has changed since"


AS_BEFORE = (
    """name = 'Fast', hold_s = 90, thresholds = '{"yellow": 600}', signal = 'rate', devices = null, enabled = true"""
)
EDITS = {
    "renamed": "name = 'Faster'",
    "longer": "hold_s = 150",
    "lower": """thresholds = '{"yellow": 300}'""",
    "higher": """thresholds = '{"yellow": 90000}'""",
    "another": "signal = 'gap'",
    "elsewhere": "devices = '{2}'",
    "off": "enabled = false",
}
GOES_ON = {"renamed", "longer", "lower"}


@pytest.mark.parametrize("committed", [False, True])
async def test_what_pends_goes_on_after_an_edit_and_a_kill_as_without_a_kill(pool: Pool, committed: bool) -> None:
    async def edited(change: str) -> None:
        async with pool.connection() as conn:
            await conn.execute(f"update rule set {change} where code = 'fast'".encode())
        await hub.made.rules.refresh(pool)
        if committed:
            await taken(hub, batch([minute], device="d2"))

    hub, minute = await started(pool), 10
    await taken(hub, batch(range(10)))
    for edit, change in EDITS.items():
        minute += 20
        await edited(AS_BEFORE)
        await taken(hub, batch([minute], value=20.0))
        minute += 1
        await taken(hub, batch([minute], value=90.0))
        await edited(change)
        if committed and edit not in GOES_ON:
            await edited(AS_BEFORE)  # what has stopped does not come back
        after = await started(pool)
        told = []
        for one in (hub, after):
            ripe = one.read(Batch([], now=START + (minute + 5) * MINUTE))
            told.append([(each.ts, each.kind, each.level) for each in ripe.changes])
        assert told[0] == told[1], edit
        assert bool(told[0]) == (edit in GOES_ON), edit


async def test_a_start_reads_only_what_is_watched_and_so_much_at_once(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[int], int, int]] = []

    async def counting(conn: Connection, series: Ints, since: Ints, most: int) -> Learned:
        found = await read_readings(conn, series, since, most)
        asked.append((series.tolist(), most, len(found.ts)))
        return found

    monkeypatch.setattr(stage, "read_readings", counting)
    hub = await started(pool)
    await taken(hub, batch(range(50)))
    for metric in ("on", "quiet"):
        await taken(hub, batch(range(50, 60), metric, 1.0))
    await taken(hub, batch(range(60, 70), device="d2"))
    await taken(hub, batch([70]))
    by_name = {f"{device} {metric}": id_ for id_, device, metric in fetch(database, NAMES)}
    levels = {by_name["d1 level"], by_name["d2 level"]}
    assert fetch(database, "select count(*) from detector_state") == [(2,)]
    asked.clear()
    await started(pool)
    assert {id_ for series, *_ in asked for id_ in series} <= levels, "of those whose state is there"
    async with pool.connection() as conn:
        await conn.execute("delete from detector_state")
    for most, at_once, calls in ((100, 1000, 1), (100, 100, 2)):
        monkeypatch.setattr(stage, "REPLAYED", most)
        monkeypatch.setattr(stage, "READ_AT_ONCE", at_once)
        asked.clear()
        await started(pool)
        assert {id_ for series, *_ in asked for id_ in series} == levels, "of those of which there is none"
        assert len(asked) == calls
    assert sum(found for *_, found in asked) == 61
    await taken(await started(pool), batch([71]))
    await taken(hub, batch(range(72, 80)))
    await taken(hub, batch(range(80, 82), device="d2"))
    monkeypatch.setattr(stage, "RELEARNED", 0)
    monkeypatch.setattr(stage, "LEAST", 1)
    asked.clear()
    await started(pool)
    assert [most for _, most, _ in asked] == [1], "once there are enough, the fewest of each"
    asked.clear()
    async with pool.connection() as conn:
        await conn.execute("update profile set metrics = jsonb_set(metrics, '{level,detect}', 'false')")
    await started(pool)
    assert not asked, "of metrics that are watched no more"


async def test_what_a_start_has_learned_does_not_replace_what_another_process_has_saved(pool: Pool) -> None:
    hub = await started(pool)
    await taken(hub, batch(range(80)))
    await taken(hub, batch([80]))
    await taken(hub, batch([81]))
    other = await started(pool)  # receives d2 only
    await taken(hub, batch(range(82, 200)))
    await taken(hub, batch([200]))
    [(level, newest)] = (await newest_saved(pool)).items()
    assert newest == 199
    [states] = [each._states for each in other.stages if isinstance(each, stage.Detection)]
    assert not len(states.unsaved(1 << 61, 9)), "what a start learns again is not to be saved"
    await taken(other, batch([203, 204], device="d2"))
    await taken(other, batch([205], device="d2"))
    saved = await newest_saved(pool)
    assert sorted(saved.values()) == [199, 204]
    async with pool.connection() as conn:
        await save(conn, np.array([level]), states.rows(np.array([level])))
    assert await newest_saved(pool) == saved


async def newest_saved(pool: Pool) -> dict[int, int]:
    """Of each series the minute of the newest reading that its stored state has learned."""
    async with pool.connection() as conn:
        return {
            id_: (last - START) // MINUTE
            async for series, rows, _ in read_states(conn, np.arange(1000))
            for id_, last in zip(series.tolist(), rows["last"].tolist(), strict=True)
        }
