"""The same alerts in any order that profiles allow, however it is cut into batches, and whoever is killed meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.reordering.stage import Reordering
from analytics.rules.reception import Everything
from hub.models import Batch, Micros, Raw
from hub.quality import Quality
from hub.settings import Database, Rules, Settings
from hub.store.pool import Pool, open_pool
from tests.support.batches import NOW, fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import Broken, StagedHub

S = 1_000_000
ALLOWED = 30
NEVER_FLAPS = Settings(rules=Rules(flap_count=None))
DEVICES = {"a": ALLOWED, "b": ALLOWED, "c": 0}
UNDER_WAY = {"c": 0, "b": 1, "a": 2}
"""By device the microseconds that each of its messages takes. Were they to differ, or were others to come first that
are received within the same second, a time that ends just when a reading comes could be over before it, or not."""
APART = 8
"""Seconds by which a message with one metric may come after those with others, where nothing else may be late."""
METRICS = '{"v": {"name": "V", "min": 0, "max": 1000}, "w": {"name": "W", "detect": false}}'
SEED = f"""
insert into profile (code, name, metrics, on_conflict, allowed_lateness_s)
    values ('far', 'F', '{METRICS}', 'last_wins', {ALLOWED});
insert into profile (code, name, metrics) values ('near', 'N', '{METRICS}');
insert into device (code, name, profile_id) values ('a', 'A', 1), ('b', 'B', 1), ('c', 'C', 2);
insert into rule (code, name, profile_id, metric, signal, direction, thresholds, hysteresis, hold_s, clear_s)
    select code || profile, code, profile, 'v', signal, 'above', thresholds::jsonb, hysteresis, hold_s, clear_s
    from (values ('high', 'value', '{{"yellow": 50, "red": 100}}', 5, 0, 0),
                 ('held', 'value', '{{"red": 100}}', 0, 7, 0),
                 ('clears', 'value', '{{"orange": 60}}', 0, 0, 9), ('fast', 'rate', '{{"blue": 40000}}', 0, 0, 0),
                 ('gap', 'gap', '{{"blue": 12}}', 0, 5, 5), ('odd', 'residual', '{{"yellow": 30}}', 0, 0, 0),
                 ('silent', 'silence', '{{"blue": 9, "red": 20}}', 0, 0, 0),
                 ('stuck', 'flat', '{{"orange": 8}}', 0, 0, 0)
         ) as r (code, signal, thresholds, hysteresis, hold_s, clear_s), (values (1), (2)) as p (profile);
insert into rule (code, name, profile_id, metric, expression, direction, thresholds, hold_s)
    select 'sum' || profile, 'sum', profile, 'v', 'v + w', 'above', '{{"yellow": 100, "red": 160}}', 4
    from (values (1), (2)) as p (profile);
"""
FORGET = """
truncate reading, reading_replaced, latest, latest_note, alert, alert_change, outbox, dead_letter, detector_state,
    rule_pending, rule_flat, rule_flap, rule_withheld, reordering, expression_judged
    cascade
"""
CHANGES = """
select a.target, r.code, c.kind, c.picture ->> 'level', a.opened_at, c.id::text, c.picture ->> 'title'
from alert_change c join alert a on a.id = c.alert_id join rule r on r.id = a.rule_id
order by a.target, r.code, a.opened_at, c.seq
"""


class Came(NamedTuple):
    """A reading of a device, in seconds."""

    at: int
    ts: int
    device: str
    value: float
    metrics: str = "vw"

    @property
    def received(self) -> Micros:
        return NOW + self.at * S + UNDER_WAY[self.device]

    def raw(self) -> Raw:
        values = {metric: {"v": self.value, "w": self.ts % 70}[metric] for metric in self.metrics}
        body = json.dumps({"ts": (NOW + self.ts * S) // 1000, "values": values}).encode()
        return raw_of("mqtt", f"ganzhi/v1/{self.device}/telemetry", body, self.received)


class History(NamedTuple):
    """What devices measured, in the order in which it came; where it is cut into batches, and after which of them the
    process is killed."""

    came: list[Came]
    cuts: set[int]
    kills: set[int]


@st.composite
def histories(draw: st.DrawFn) -> History:
    keys = draw(
        st.lists(st.tuples(st.sampled_from("aaabc"), st.integers(0, 150)), min_size=6, max_size=40, unique=True)
    )
    values = st.sampled_from([10.0, 48.0, 60.0, 98.0, 110.0, 120.0])
    apart = draw(st.booleans())  # each series keeps its order, so all that one of them sends takes as long
    came = list[Came]()
    for device, ts in keys:
        metrics = draw(st.sampled_from(["v", "w"] if apart and DEVICES[device] == 0 else ["vw", "vw", "v", "w"]))
        own = APART if apart and metrics == "w" else 0
        delay = own if DEVICES[device] == 0 else draw(st.integers(0, DEVICES[device]))
        came.append(Came(ts + delay, ts, device, draw(values), metrics))
    some = st.integers(1, len(keys))
    return History(as_received(came), draw(st.sets(some, max_size=6)), draw(st.sets(some, max_size=2)))


def as_received(came: Sequence[Came]) -> list[Came]:
    return sorted(came, key=lambda each: (each.received, each.ts))


def started(pool: Pool, broken: Broken = lambda stages: stages) -> StagedHub:
    hub = StagedHub(pool, broken, NEVER_FLAPS)
    hub.made.rules.reception = Everything()
    return hub


async def lived(
    pool: Pool, came: Sequence[Came], cuts: set[int], kills: set[int], broken: Broken = lambda stages: stages
) -> None:
    """Take readings in batches that end at `cuts`, where the process is killed at `kills`, and let all times end."""
    hub = await started(pool, broken).restore()
    raws = [each.raw() for each in came]
    bounds = sorted({0, *cuts, *kills, len(came)} & set(range(len(came) + 1)))
    for start, end in pairwise(bounds):
        await hub.take(hub.read(Batch(raws[start:end], now=raws[end - 1].received)))
        if end in kills:
            hub = await started(pool, broken).restore()
    await ended(hub, raws[-1].received)


async def ended(hub: StagedHub, now: Micros) -> None:
    """Let time pass until nothing waits for it."""
    for _ in range(400):
        wanted = [due for stage in hub.stages if (due := stage.due(now)) is not None]
        if not wanted:
            return
        now = max(now, min(wanted))
        await hub.take(hub.read(Batch([], now=now)))
    raise AssertionError("something is always due")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=url)) as pool:
        with psycopg.connect(url, autocommit=True) as conn:
            if not conn.execute("select 1 from profile").fetchone():
                conn.execute(SEED.encode())
            conn.execute(FORGET.encode())
        yield pool


def told(url: str, history: History, broken: Broken = lambda stages: stages) -> list[tuple[Any, ...]]:
    """The changes of alerts that a history leads to."""

    async def run() -> None:
        async with opened(url) as pool:
            await lived(pool, *history, broken)

    asyncio.run(run())
    return fetch(url, CHANGES)


def in_order(history: History) -> History:
    """Each reading when it was measured, in a batch of its own; nobody is killed."""
    came = as_received([each._replace(at=each.ts) for each in history.came])
    return History(came, set(range(1, len(came))), set())


@pytest.mark.parametrize("examples", [14, pytest.param(150, marks=pytest.mark.heavy)])
def test_any_order_within_what_is_allowed_gives_the_same_alerts(database: str, examples: int) -> None:
    seen = set[str]()

    def same(history: History) -> None:
        expected = told(database, in_order(history))
        assert told(database, history) == expected
        assert not fetch(database, f"select from reading where quality & {Quality.LATE} <> 0")
        seen.update(rule[:-1] for _, rule, *_ in expected)

    quick = settings(
        max_examples=examples, derandomize=examples < 100, deadline=None, suppress_health_check=list(HealthCheck)
    )
    quick(given(histories())(same))()
    assert seen >= {"high", "held", "clears", "fast", "gap", "odd", "silent", "stuck", "sum"}, (
        "the histories decide something of each rule"
    )


def test_what_a_hold_ends_with_is_the_newest_value_though_the_process_is_killed_meanwhile(database: str) -> None:
    """Of an expression and of a rate, which cannot be read again as a value can."""
    came = [Came(at, at, "c", value) for at, value in ((3, 120.0), (5, 110.0), (40, 10.0))]
    expected = told(database, History(came, {1, 2, 3}, set()))
    assert ("sum2", "raised", "C: v + w is 115 ≥ 100 (yellow)") in [(row[1], row[2], row[-1]) for row in expected]
    for kills in ({2}, {1, 2}):
        assert told(database, History(came, {1, 2, 3}, kills)) == expected


def test_a_hold_of_an_expression_waits_for_each_of_its_metrics_to_be_in_order(database: str) -> None:
    """Not only for the metric that its alerts are about."""
    came = [
        Came(60, 60, "a", 10.0),
        Came(91, 91, "a", 110.0, "v"),
        Came(119, 94, "a", 0.0, "w"),
        Came(121, 121, "a", 110.0, "v"),
    ]
    expected = told(database, in_order(History(came, set(), set())))
    assert next(row[2:4] for row in expected if row[1] == "sum1") == ("raised", "yellow")
    for kills in (set[int](), {3}):
        assert told(database, History(came, {1, 2, 3, 4}, kills)) == expected


async def test_what_waits_is_judged_once_though_the_process_is_killed_before_and_after(store_url: str) -> None:
    """By the clock, for nothing comes any more; a correction has taken the place of what waited."""

    def high() -> list[tuple[Any, ...]]:
        return [row[2:4] for row in fetch(store_url, CHANGES) if row[1] == "high1"]

    async with opened(store_url) as pool:
        hub, now = await started(pool).restore(), NOW
        came = [Came(0, 0, "a", 10.0), Came(3, 3, "a", 110.0), Came(4, 1, "a", 120.0), Came(5, 1, "a", 60.0)]
        for each in came:
            raw = each.raw()
            await hub.take(hub.read(Batch([raw], now=raw.received)))
        assert fetch(store_url, "select count(*) from reading") == [(6,)], "stored at once"
        await hub.take(hub.read(Batch([], now=NOW + 32 * S)))
        assert high() == [("raised", "yellow")], "by the corrected value, and without the last one"
        for expected in ([("raised", "yellow"), ("updated", "red")],) * 2:
            hub = await started(pool).restore()
            await ended(hub, now)
            assert high() == expected
        hub = await started(pool).restore()
        assert hub.read(Batch([], now=NOW + 32 * S)).changes == []
        assert hub.made.ordered[[type(stage) for stage in hub.stages].index(Reordering)].due(now) is None
        assert fetch(store_url, "select distinct lateness_s from reordering") == [(ALLOWED,)]
