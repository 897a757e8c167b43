"""Random histories with kills and refused commits: what the rules remember is what the store holds, and nothing else.

After each batch the state of the running hub is compared with that of one which is started just then, and what people
were told with a model that knows neither batches nor restarts.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.rules import events
from analytics.rules.alerts import Open
from analytics.rules.definitions import ThresholdRule
from analytics.rules.rulebook import RuleBook
from devices.letters import letter_of
from devices.vocabulary import MOMENTARY
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.endings import Ending, ending_raw
from hub.errors import StoreUnavailable
from hub.models import LEVEL_NAMES, Batch, Delivery, Micros, Outcome, Raw, now_micros
from hub.pipeline import Limits, Pipeline
from hub.settings import Database, Rules, Settings
from hub.stage import Connection, Stage
from hub.store.pool import Pool, open_pool
from hub.store.writer import Writer
from tests.support.batches import fetch
from tests.support.origins import raw_of
from tests.support.plain_rules import PlainAlerts, Row
from tests.support.staged_hub import StagedHub

S = 1_000_000
DAY_S = 86_400
STALE_S = 900.0
FLOOD = ThresholdRule(1, "flood", 1, "level", "level", True, (None, 3.0, None, 5.0), 0.5)
NUMBERS = count(1)

SEED = """
insert into profile (code, name, metrics) values ('pole', 'Pole', '{"level": {"name": "level"}}');
insert into rule (code, name, profile_id, metric, direction, thresholds, hysteresis)
    values ('flood', 'Flood', 1, 'level', 'above', '{"yellow": 3, "red": 5}', 0.5);
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 3);
insert into rule (code, name, event_kind, event_level) values ('line', 'Line', 'line_crossing', 1);
insert into rule (code, name, event_kind, event_level, enabled) values ('door', 'Door', 'door', 1, false);
"""

Fate = Literal["committed", "committed", "refused", "lost", "away", "killed"]
"""What happens to the first commit of a batch: an answer may be lost, and a process be killed right after it."""

KINDS = ["smoke", "smoke", "smoke/2", "smoke/2", "line_crossing", "line_crossing", "door"]
"""Of events, with the part of the pole that they are at."""
AGES = [0, 1, 2, 3, 5, 8, 13, 70, 120, 1000, 8 * DAY_S, 9 * DAY_S, 30 * DAY_S]
MESSAGES = st.one_of(
    st.tuples(st.just("level"), st.sampled_from(AGES), st.sampled_from([1.0, 2.6, 3.0, 4.0, 6.0])),
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(AGES),
        st.sampled_from([-1, 0, 2, 3, 4]),
    ),
    st.tuples(st.just("again"), st.integers(0, 20), st.just(0)),
)
TAKES = st.tuples(
    st.just("take"),
    st.lists(MESSAGES, min_size=2, max_size=6),
    st.sampled_from(["committed", "committed", "refused", "lost", "away", "killed"]),
)
STEPS = st.one_of(
    TAKES,
    TAKES,
    st.tuples(st.sampled_from(["restart", "flush", "end level", "end smoke", "end part", "end line", "tell", "door"])),
)
HISTORIES = st.tuples(st.lists(STEPS, min_size=4, max_size=12), st.sampled_from([STALE_S, None]))


class Refuses(Stage):
    """The last stage of a transaction: what all others have written cannot be stored."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        await conn.execute("select 1 / 0")


class Known(NamedTuple):
    """What a rule book remembers."""

    alerts: dict[tuple[int, int, str], Open]
    levels: dict[tuple[int, int], int]
    newest: dict[tuple[str, int], dict[str, Micros]]


def known(book: RuleBook, told: bool = True) -> Known:
    """What it remembers of the kinds that its rules look at; of an alert whose ending is not told yet, less."""
    alerts = {key: alert if told else alert._replace(ended="") for key, alert in book._alerts.items()}
    slots = book._set.slots
    levels = {}
    for slot in (slots.row >= 0).nonzero()[0].tolist():
        key = slots.rule(slot).id, int(slots.series[slot])
        alert, level = book._alerts.get((*key, "")), int(slots.level[slot])
        # A level that nobody is told of is not in the store.
        levels[key] = alert.level if alert is not None and alert.ended and level else level
    kinds = {rule for rule, some in book._set.by_kind.items() if some}
    return Known(alerts, levels, {key: ts for key, ts in book._events._newest.items() if key[0] in kinds})


class Model:
    """What people are told of one pole, from the messages in the order of their arrival."""

    def __init__(self, stale_after_s: float | None) -> None:
        self._stale_after = stale_after_s
        self.level, self.smoke = PlainAlerts(FLOOD), PlainAlerts(FLOOD)
        self.part, self.line = PlainAlerts(FLOOD), PlainAlerts(FLOOD, MOMENTARY["line_crossing"])
        self._newest: dict[str, Micros] = {}
        self._over: Micros = -1
        """When the newest end of smoke was that counts for the part, too."""
        self._seen: set[tuple[str, Micros, Any]] = set()

    def take(self, raw: Raw) -> None:
        body = json.loads(raw.payload)
        ts = body["ts"] * 1000
        kind = body.get("kind", "level") + ("/2" if "part" in body else "")
        cause = (kind, ts, None if kind == "level" else (body["state"], body.get("level")))
        newest = max(self._newest.get(kind, -1), self._over if kind == "smoke/2" else -1)
        late = ts <= newest if kind == "level" else ts < newest
        if cause in self._seen or kind == "door":
            return
        self._seen.add(cause)
        if kind == "smoke" and body["state"] == "inactive":  # all that is below has ended, if it began before
            if self._over <= self._newest.get("smoke/2", -1) <= ts:
                self.part.hear(ts, 0)
            self._over = max(self._over, ts)
        if late:
            return
        self._newest[kind] = ts
        stale = self._stale_after is not None and ts < raw.received - self._stale_after * S
        if kind == "level":
            if not stale:
                self.level.take(Row(1, ts, body["values"]["level"]))
            return
        level = LEVEL_NAMES.index(body["level"]) + 1 if "level" in body else 1 if kind == "line_crossing" else 3
        level = 0 if body["state"] == "inactive" else level
        if kind == "line_crossing" and not stale:
            self.line.hear(ts, level)
        elif kind != "line_crossing" and (not level or ts >= raw.received - 86_400 * S):  # older is history
            (self.smoke if kind == "smoke" else self.part).hear(ts, level)


class Life:
    """A pole, the hub that decides about it, and what happens to both."""

    def __init__(self, pool: Pool, number: int, stale_after_s: float | None) -> None:
        self.pool, self.pole = pool, f"pole-{number}"
        self.settings = Settings(rules=Rules(stale_after_s=stale_after_s, flap_count=None))
        self.model = Model(stale_after_s)
        self.began = now_micros() // S * S - 30 * S
        self.sent: list[Raw] = []
        self.untold: list[Ending] = []
        self.fate = "committed"
        self.killed = asyncio.Event()

    async def live(self, steps: Sequence[tuple[Any, ...]]) -> None:
        await self.run("insert into device (code, name, profile_id) values (%s, 'Pole', 1)", self.pole)
        await self.start()
        try:
            for what, *how in steps:
                await getattr(self, what.replace(" ", "_"))(*how)
                await self.check()
        finally:
            await self.stop()

    async def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    async def start(self) -> None:
        self.hub = await StagedHub(self.pool, settings=self.settings).restore()
        self.refusing = Writer(self.pool, [*self.hub.stages, Refuses()])
        limits = Limits(linger_s=0.001)
        self.pipeline = Pipeline(self.hub.stages, self.commit, limits, restore=self.restore, letter=letter_of)
        self.running = asyncio.create_task(self.pipeline.run(), name="pipeline")

    async def restore(self, stage: Stage) -> None:
        await self.hub.restore(stage)

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.wait({self.running})

    async def commit(self, batch: Batch) -> None:
        fate, self.fate = self.fate, "committed"
        if fate == "away":
            raise StoreUnavailable("not now")
        if fate == "refused":
            await self.refusing.commit(batch)
        await self.hub.writer.commit(batch)
        if fate == "lost":
            raise StoreUnavailable("the answer is lost")
        if fate == "killed":
            self.killed.set()
            await asyncio.Event().wait()

    async def submit(self, raws: Sequence[Raw]) -> dict[int, Any]:
        """What is refused, once it is settled; redelivered by its sender if the hub is killed."""
        settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            settled.set_result(outcome)

        self.killed.clear()
        await self.pipeline.submit(Delivery(raws, settle))
        killed = asyncio.create_task(self.killed.wait(), name="killed")
        waiting: list[asyncio.Future[Any]] = [settled, killed, self.running]
        async with asyncio.timeout(60):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()
        if self.killed.is_set():
            await self.restart()
            return await self.submit(raws)
        return settled.result().refused

    async def take(self, messages: Sequence[tuple[str, int, float]], fate: Fate) -> None:
        raws = [raw for message in messages if (raw := self.message(*message)) is not None]
        if not raws:
            return
        self.fate = fate
        refused = await self.submit(raws)
        for index, raw in enumerate(raws):
            if index not in refused:
                self.sent.append(raw)
                self.model.take(raw)

    def message(self, kind: str, age: int, value: float) -> Raw | None:
        if kind == "again":
            return self.sent[age]._replace(received=now_micros()) if age < len(self.sent) else None
        ts = (self.began - age * S) // 1000
        if kind == "level":
            body: dict[str, Any] = {"ts": ts, "values": {"level": value}}
        else:
            kind, _, part = kind.partition("/")
            body = {"ts": ts, "kind": kind, "state": "inactive" if value < 0 else "active"}
            body |= {"part": part} if part else {}
            body |= {"level": LEVEL_NAMES[int(value) - 1]} if value > 0 else {}
        form = "telemetry" if kind == "level" else "event"
        payload = json.dumps(body).encode()
        return raw_of("mqtt", f"ganzhi/v1/{self.pole}/{form}", payload, now_micros())

    async def flush(self) -> None:
        await self.hub.made.latest.flush(self.pool)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def door(self) -> None:
        await self.run("update rule set enabled = not enabled where code = 'door'")
        await self.hub.made.rules.refresh(self.pool)

    async def end_level(self) -> None:
        await self.end("level", self.model.level)

    async def end_smoke(self) -> None:
        await self.end("smoke", self.model.smoke)

    async def end_part(self) -> None:
        await self.end("smoke/2", self.model.part)

    async def end_line(self) -> None:
        await self.end("line_crossing", self.model.line)

    async def end(self, what: str, model: PlainAlerts) -> None:
        """A desk ends the alert; the rules are not told."""
        rows = await self.run(
            "select id, rule_id, device_id, series_id, peak_level from alert "
            "where target = %s and cleared_at is null and handling = 'open'",
            f"{self.pole}/{what}",
        )
        assert model.end() == bool(rows)
        for alert, rule, device, series, peak in rows:
            async with self.pool.connection() as conn, conn.transaction():
                await apply(conn, [Step(uuid4(), alert, "false_alarm", "desk")])
            part = what.partition("/")[2] or None
            self.untold.append(Ending(alert, rule, device, series, "false_alarm", peak, now_micros(), part))

    async def tell(self) -> None:
        """The rules are told of the alerts that desks have ended."""
        endings, self.untold = self.untold, []
        if endings:
            await self.submit([ending_raw(ending, self.pole, now_micros()) for ending in endings])

    async def check(self) -> None:
        """Between two batches: what ends by itself is decided by the hub that runs, and by it only."""
        async with self.pipeline.turn:
            other = await StagedHub(self.pool, settings=self.settings).restore()
            [*self.hub.made.rules.steps(Batch([]))]  # takes over what changed among devices and rules
            all_told = not self.untold
            assert known(self.hub.made.rules, all_told) == known(other.made.rules, all_told)
        models = {
            "level": self.model.level,
            "smoke": self.model.smoke,
            "smoke/2": self.model.part,
            "line_crossing": self.model.line,
        }
        for what, model in models.items():
            assert await self.told(what) == (model.told, model.onsets), what

    async def told(self, what: str) -> tuple[list[tuple[str, int]], list[Micros]]:
        """(kind, level) of each change that the rules decided, and the times of the onsets."""
        rows = await self.run(
            "select c.kind, c.picture ->> 'level', (extract(epoch from a.opened_at) * 1000000)::bigint "
            "from alert_change c join alert a on a.id = c.alert_id "
            "where a.target = %s and c.kind <> 'false_alarm' order by c.cursor",
            f"{self.pole}/{what}",
        )
        changes = [(kind, 0 if kind == "cleared" else LEVEL_NAMES.index(level) + 1) for kind, level, _ in rows]
        return changes, [at for kind, _, at in rows if kind == "raised"]


def lives(url: str, seen: Counter[str]) -> Callable[[tuple[list[tuple[Any, ...]], float | None]], None]:
    def live(history: tuple[list[tuple[Any, ...]], float | None]) -> None:
        steps, stale_after_s = history

        async def run() -> None:
            async with open_pool(Database(url=url)) as pool:
                life = Life(pool, next(NUMBERS), stale_after_s)
                if not await life.run("select 1 from profile"):
                    await life.run(SEED)
                await life.live(steps)
                seen.update(kind for kind, _ in life.model.level.told + life.model.smoke.told)

        asyncio.run(run())

    return live


# Each part on a database of its own: what a history costs goes by the alerts of those before it.
@pytest.mark.parametrize(
    "examples", [12, *(pytest.param(100, id=f"400-{part}", marks=pytest.mark.heavy) for part in range(1, 5))]
)
def test_rules_remember_what_the_store_holds(database: str, examples: int) -> None:
    seen: Counter[str] = Counter()
    quick = settings(
        max_examples=examples, derandomize=examples < 100, deadline=None, suppress_health_check=list(HealthCheck)
    )
    quick(given(HISTORIES)(lives(database, seen)))()
    assert seen["raised"], "the histories decide something"


def test_an_event_that_repeats_what_a_desk_has_just_closed_is_heard_though_another_follows_in_its_batch(
    database: str,
) -> None:
    """Found by the test above: what was looked at was the last alert of the batch only."""
    lived = lives(database, Counter())
    first, again = ("line_crossing", 120, 4), ("line_crossing", 120, 2)
    lived(
        ([("take", [first], "committed"), ("end line",), ("take", [again, ("line_crossing", 1, 4)], "committed")], None)
    )


async def test_an_end_of_a_device_ends_the_alerts_of_parts_that_were_forgotten(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_PLACES", 20)
    monkeypatch.setattr(events, "KEPT_PLACES", 15)
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            await conn.execute(SEED.encode())
            await conn.execute(b"insert into device (code, name, profile_id) values ('d1', 'D1', 1)")
        hub, now = await StagedHub(pool).restore(), now_micros()
        for n in range(41):
            told = {"kind": "smoke", "state": "active", "part": f"p{n}", "ts": (now + n * S) // 1000}
            if n == 40:
                told = {"kind": "smoke", "state": "inactive", "ts": (now + n * S) // 1000}
            raw = raw_of("mqtt", "ganzhi/v1/d1/event", json.dumps(told).encode(), now + n * S)
            await hub.take(hub.read(Batch([raw], now=raw.received)))
    lasting = "select count(*)::int, count(*) filter (where cleared_at is null)::int from alert"
    assert fetch(database, lasting) == [(40, 0)]
