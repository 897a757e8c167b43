"""Rule evaluation: decides per batch which alerts are raised, change level, or clear."""

import asyncio
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np

from analytics.reordering.clock import DEAF, waited_until
from analytics.reordering.judged import Stale, judged_with
from analytics.reordering.newest import NewestJudged
from analytics.rules.alerts import REOPENED, Key, Open, Staged
from analytics.rules.definitions import Rule
from analytics.rules.event_alerts import EventAlerts, EventDecision
from analytics.rules.expressions.expressions import Expressions
from analytics.rules.expressions.outcome import Outcome
from analytics.rules.flaps import Flaps, Limits
from analytics.rules.flat_rows import note_flat, recall_flat
from analytics.rules.hearing import Hearing
from analytics.rules.pending import note_pending, recall_pending
from analytics.rules.places import READING, place_of
from analytics.rules.reading_alerts import ReadingAlerts, ReadingDecision, marks_of
from analytics.rules.reception import Everything, Reception
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import LONG_AGO, NEVER, Ints
from analytics.rules.stored import Past, read_past, read_rule_news
from analytics.rules.tags import Tags
from analytics.rules.thresholds import adopt, evaluate, next_due, warm_up
from analytics.rules.verdict import Kept, Verdict
from analytics.rules.windows import Windows
from analytics.rules.withholding import Withholding
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.alerts.endings import Ending, Endings
from hub.alerts.stage import Results
from hub.errors import StoreRefused
from hub.models import Batch, Micros
from hub.signals import Signals
from hub.stage import Connection, Stage, StaleDecision
from hub.store.latest import Latest, catch_up
from hub.store.pool import Pool, sorted_errors
from hub.store.revision import NOTHING
from hub.store.statements import statements

SQL = statements(__name__)

GRACE: Micros = 10_000_000
"""After a gap in what is received: as long as messages may have been kept for the hub and be on their way."""
AGAIN: Micros = 100_000
"""When a hold time has ended, but not everything that was received until then is decided: so long until it is asked."""


@dataclass(slots=True, frozen=True)
class _Decision:
    """State to adopt when the batch is committed."""

    batch: Batch
    now: Micros
    verdict: Verdict
    events: EventDecision
    expressed: Outcome
    odd: bool
    """Whether some of its readings replace others, or count at another time than their own."""
    noted: list[Kept] = field(default_factory=list)


class RuleBook(Stage):
    """Rules and their state. Per batch: `steps`, commit, `adopt`; a failed commit skips `adopt`.

    Nothing pages that is late, out of range, or older than `stale_after_s` when its batch is received (history
    that is filled in later); `math.inf` lets history page. Events of latching kinds (fire, a button, ...) page up to an
    age of a day, and tell it. A rule that is disabled, or no longer watches a
    device, says nothing more: its active alerts stay as they are until a desk closes them, and are taken up
    again when the rule comes back. An alert that a desk has ended is not changed any more; another one is raised when
    the value rises above the peak that it had, or an event comes after it.

    Hold times, and conditions of kinds that have no end, end without further data, once everything that was received
    before is decided. Those of a device that another process receives end there.

    What changes in the registry or among the rules is taken over right before the next batch: the state must not move
    under one. Where nothing comes, it asks for one: a device that is in use again may be silent for ever.
    """

    def __init__(
        self,
        registry: Registry,
        stale_after_s: float = 900.0,
        reception: Reception | None = None,
        newest: NewestJudged | None = None,
        flapping: Limits | None = None,
    ) -> None:
        """`reception` may be replaced before `restore`; left out, everything is received. `newest` is what is
        judged, as a stage before this one knows it; left out, this one follows what comes itself.

        Hold times end by themselves only from GRACE after a gap: what was sent meanwhile may still be on its way.
        """
        self._registry, self.reception = registry, reception or Everything()
        self._stale_after = NEVER if math.isinf(stale_after_s) else round(stale_after_s * 1_000_000)
        self._since = NOTHING
        self._enabled = b""
        """Which rules there were when they were read last."""
        self._news: dict[int, Rule | None] = {}
        """What changed among the rules since the last batch; None: gone."""
        self._turn = asyncio.Lock()  # an older snapshot must not be taken over after a newer one
        self._tags = Tags()
        self._set = RuleSet(registry, self._tags)
        windows = Windows(registry)
        self._withholding = Withholding(registry, windows, Flaps(registry, flapping))
        self._own = Latest() if newest is None else None
        self._newest = newest or NewestJudged(self._own or Latest())
        self._hearing = Hearing(registry, self._newest, windows)
        self._expressions = Expressions(registry, self._newest)
        self._readings = ReadingAlerts(registry, self._withholding)
        self._events = EventAlerts(registry, self._stale_after, self._withholding)
        self._alerts: dict[Key, Open] = {}
        """Also those of rules that are disabled, or that no longer watch the device."""
        self._decision: _Decision | None = None

    async def restore(self, conn: Connection) -> None:
        """Read rules and state from the store; before the first batch, or between two to begin anew.

        The registry must have been refreshed: series that it learns of later are new to the rules.
        """
        await (catch_up(conn) if self._own is None else self._own.restore(conn))
        known = [*self._set.rules.values(), *self._news.values()]
        self._events.forget()
        await self._read_news(conn)
        await self._events.read(conn, known)
        past = await read_past(conn, self._stale_after)
        self._news = {**self._set.rules, **self._news}
        self._set, self._decision = RuleSet(self._registry, self._tags), None
        self._expressions = Expressions(self._registry, self._newest)
        self._alerts = past.active
        await self._withholding.recall(conn)
        await self._withholding.flaps.recall(conn)
        self._withholding.flaps.owns = self.reception.owns
        await self._expressions.recall(conn)
        self._install()
        await self._expressions.read_waiting(conn, self._set.slots, self._owns)
        await recall_pending(conn, self._set.slots)
        self._remember(past)
        await recall_flat(conn, self._set.slots)
        self._withholding.flaps.time_all(self._set.slots)
        self._note_times(self._alerts)
        await self._expressions.look(conn, self._set)

    async def look(self, pool: Pool) -> None:
        """Read newest values of other devices, where rules go by them; the next batch does. Raises StoreUnavailable."""
        if self._expressions.ask_others:
            with sorted_errors():
                async with pool.connection() as conn:
                    await self._expressions.look(conn, self._set)

    async def refresh(self, pool: Pool) -> None:
        """Read which rules changed; the next batch goes by them, and by the registry. Raises StoreUnavailable."""
        with sorted_errors():
            async with pool.connection() as conn:
                await self._read_news(conn)

    async def _read_news(self, conn: Connection) -> None:
        async with self._turn:
            news = await read_rule_news(conn, self._since)
            await self._events.read(conn, news.changed)
            await self._withholding.windows.read(conn)
            known = (*self._set.rules.values(), *self._news.values(), *news.changed)
            await self._tags.read(conn, {rule.scope.tag for rule in known if rule and rule.scope.tag})
            self._news |= dict.fromkeys(news.gone(self._enabled)) | {rule.id: rule for rule in news.changed}
            self._since, self._enabled = news.snapshot, news.enabled

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set batch.changes to what its readings and events mean; the state stays until `adopt`."""
        now = max([batch.now, *(raw.received for raw in batch.raws)])
        self._install(now)
        yield
        until = self.decided_until(batch.now)
        judged, signals = judged_with(batch), batch.of(Signals)
        readings, which, oldest = judged.readings, judged.corrected, now - self._stale_after
        current = [index for index, raw in enumerate(batch.raws) if raw.current]
        since = judged.oldest(self._stale_after, now, current)
        stale = np.broadcast_to(np.int64(oldest), readings.ts.shape) if since is None else since
        waited = waited_until(batch.now, self.decided_until)
        expressed = self._expressions.outcome(self._set, judged, stale, now, waited)
        rows = expressed.rows()
        verdict = evaluate(self._set.slots, readings, oldest, until, which, signals, judged.waiting, rows, since)
        alerts: Staged = {key: alert for key, alert in map(self._ended, batch.of(Endings).values()) if alert}
        marks = marks_of(batch, judged)
        said = EventDecision(alerts, {})
        of_readings = ReadingDecision(said, marks, judged, signals, expressed, Stale(readings, since, oldest))
        decided = list(self._readings.decide(self._set.slots, verdict, self._alerts, of_readings, until))
        verdict.waits += of_readings.waited
        decided += self._events.decide(batch, self._set, self._alerts, said, until)
        odd = which is not None or readings is not batch.readings
        self._decision = _Decision(batch, now, verdict, said, expressed, odd)
        decided.sort(key=attrgetter("ts"))
        batch.changes = decided

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Raise StaleDecision when a desk has closed an alert that an event was taken to repeat: it is a new onset."""
        decision = self._decision
        if decision is None or decision.batch is not batch:
            return
        if decision.events.go_on:
            closed = await conn.execute(SQL.closed, {"ids": decision.events.go_on, "handlings": list(REOPENED)})
            if closed.rowcount:
                raise StaleDecision(self, f"{closed.rowcount} alerts have been closed")
        await note_pending(conn, self._set.slots, decision.verdict, self._set.unsettled)
        await self._expressions.write(conn, self._set.slots, decision.expressed)
        decision.noted[:] = await note_flat(conn, self._set.slots, decision.verdict, decision.odd)
        await self._withholding.note(conn, decision.events.held)
        await self._withholding.flaps.note(conn, decision.events.flaps)

    def adopt(self, batch: Batch) -> None:
        """Adopt the state decided for this batch; other batches are ignored.

        StoreRefused when the store has not taken a change: it knows better, and is to be asked.
        """
        decision, self._decision = self._decision, None
        if decision is None or decision.batch is not batch:
            return
        if (results := batch.of(Results)).refused:
            raise StoreRefused(results.sentence)
        if self._own is not None:
            self._own.adopt(batch)
        adopt(self._set.slots, decision.verdict, decision.now)
        self._expressions.adopt(self._set.slots, decision.expressed)
        self._set.unsettled.clear()
        for kept in decision.noted:
            self._set.slots.flats.saved(kept)
        self._events.adopt(decision.events)
        staged = decision.events.staged
        for key, alert in staged.items():
            if alert is None:
                self._alerts.pop(key, None)
            else:
                self._alerts[key] = alert
        self._note_times([*staged, *decision.events.pauses])
        held, slots = decision.events.held, self._set.slots
        self._withholding.adopt(held, slots, decision.verdict, self._set, self.reception.owns)
        self._withholding.flaps.adopt(decision.events.flaps)
        self._withholding.flaps.time(slots, decision.events.flaps, decision.verdict)
        for ending in batch.of(Endings).values():
            if ending.kind == "reopened":
                self._go_on_from(ending)

    def _go_on_from(self, ending: Ending) -> None:
        """Let an alert that is open again be decided from the level it says: nobody was told of a rise meanwhile."""
        key, alert = self._ended(ending)
        if alert is None or key[2] or self._withholding.of(key, {}) is not None:
            return
        slots = self._set.slots
        at = slots.find(np.array([key[0]]), np.array([key[1]]))
        at = at[at >= 0]
        slots.level[at] = alert.level
        slots.settle_bands(at)
        self._hearing.begin(slots, self.reception, at)

    def due(self, now: Micros) -> Micros | None:
        """When the next hold time ends, or readings have waited for others of their device; slightly later if earlier
        messages may still be undecided. At once where rules or devices have changed, for they may end others."""
        if self._behind():
            return now
        wanted = self._ends(now), self._expressions.due(now, self.decided_until)
        return min((at for at in wanted if at is not None), default=None)

    def _ends(self, now: Micros) -> Micros | None:
        slots = self._set.slots
        held = slots.next_due if slots.next_due > now else next_due(slots, now - self._stale_after)
        at = min(self._events.due(), self._withholding.due(now - self._stale_after - self._registry.longest_lateness))
        at = min(at, self._withholding.flaps.due())
        at = at if held is None else min(held, at)
        looks = self._hearing.due(slots, self.reception, now, DEAF)
        if looks <= now or min(at, looks) >= NEVER:
            return now if looks <= now else None
        at = min(at, looks)
        free = self._free_from()
        at = max(at, free if free < NEVER else now + DEAF)
        return at if at > now or self.reception.until() >= at else now + AGAIN

    def _behind(self) -> bool:
        """Whether something that was read is not taken over yet; of devices and windows nothing where no rule goes by
        them."""
        moved = self._set.generation != self._registry.generation or self._hearing.behind
        return bool(self._news) or (moved and bool(self._set.rules))

    def decided_until(self, now: Micros) -> Micros:
        """Up to when, but no later than `now`, all that was received is decided; LONG_AGO soon after a gap in that."""
        return min(now, self.reception.until()) if now >= self._free_from() else LONG_AGO

    def _free_from(self) -> Micros:
        """From when on hold times may end by themselves."""
        since = self.reception.since()
        return NEVER if since is None else since + GRACE

    def _ended(self, ending: Ending) -> tuple[Key, Open | None]:
        """The alert of an ending as it is now; None when it is not active any more."""
        key = ending.rule_id, ending.device_id, place_of(ending.part)
        if ending.series_id is not None:
            key = ending.rule_id, ending.series_id, READING
        alert = self._alerts.get(key)
        if alert is None or alert.id != ending.alert_id:
            return key, None
        return key, alert._replace(ended="" if ending.kind == "reopened" else ending.kind)

    def _install(self, now: Micros = LONG_AGO) -> None:
        """Apply changed rules and devices, of which is known since `now`; new slots and watches take over active
        alerts."""
        news, self._news = self._news, {}
        self._forget_retired()
        slots, generation = self._set.slots, self._set.generation
        forgotten = self._withholding.forget(news, self._set)
        added = self._set.follow(news)
        if forgotten:
            self._begin_anew(forgotten)
        self._expressions.follow(self._set, news)
        if news or self._set.generation != generation:
            self._withholding.flaps.keep_to(self._set.rules)
        if news:
            self._events.install(self._set, self._alerts)
            self._note_times([*self._alerts, *self._events.paused()])
        if len(added):
            self._know_newest(added)
            self._take_up(added)
            self._withholding.flaps.time_added(slots, added)
        self._hearing.follow(slots, self.reception)
        begun = [added, self._hearing.changed(slots, generation), *(slots.of_rule(id_) for id_ in news)]
        self._hearing.begin(slots, self.reception, np.unique(np.concatenate(begun)))
        self._withholding.follow(slots, self._set, self.reception.owns, now, added, news)

    def _begin_anew(self, keys: Iterable[Key]) -> None:
        """Go on from what people were told of: nobody was told of the levels that these have."""
        slots = self._set.slots
        known = [(*key[:2], alert.level if (alert := self._alerts.get(key)) else 0) for key in keys if not key[2]]
        columns = np.array(known, np.int64).reshape(-1, 3)
        at = slots.find(columns[:, 0], columns[:, 1])
        there = at >= 0
        slots.level[at[there]], slots.since[at[there]] = columns[there, 2], NEVER
        slots.settle_bands(at[there])

    def _note_times(self, keys: Iterable[Key]) -> None:
        self._events.note_times(keys, self._set, self._alerts, self.reception.owns)

    def _forget_retired(self) -> None:
        """Nothing more comes from devices that are retired: their alerts are cleared by others."""
        changed = self._registry.changed_since(self._set.generation)
        if changed is not None and not any(_retired(self._registry.device(id_)) for id_ in changed.tolist()):
            return
        device, owner = self._registry.device, self._registry.owner
        gone = [key for key in self._alerts if _retired((device if key[2] else owner)(key[1]))]
        for key in gone:
            del self._alerts[key]
        self._note_times(gone)

    def _take_up(self, added: Ints) -> None:
        """The alerts of new slots become their state."""
        slots = self._set.slots
        alerts = [(rule, series, alert) for (rule, series, place), alert in self._alerts.items() if not place]
        self._expressions.know_told(slots, [(rule, series, alert.changed) for rule, series, alert in alerts])
        columns = np.array([pair for *pair, _ in alerts], np.int64).reshape(-1, 2)
        at = slots.find(columns[:, 0], columns[:, 1])
        at[~np.isin(at, added)] = -1
        for slot, (*_, alert) in zip(at.tolist(), alerts, strict=True):
            if slot >= 0:
                slots.level[slot] = alert.level
        at = np.union1d(at[at >= 0], self._withholding.flaps.restore_levels(slots, added))
        at = np.union1d(at, self._withholding.restore_levels(slots, added))
        slots.settle_bands(at)

    def _know_newest(self, added: Ints) -> None:
        """What was newest before slots were there is not judged again, but each reading after it is: whatever became of
        their alerts then, for that may have been at a time that ended after it."""
        slots = self._set.slots
        series = slots.series[added].astype(np.int64)
        newest, watch = self._newest.of(series)[0], slots.watch[added]
        np.maximum.at(slots.watches.last, watch, np.maximum(newest, LONG_AGO))
        self._expressions.know_newest(slots, added)

    def _remember(self, past: Past) -> None:
        """Restore pending levels from before the start."""
        slots, watches = self._set.slots, self._set.slots.watches
        self._expressions.know_told(slots, past.cleared)
        warm_up(slots, past.recent)
        slots.give_up([slot for slot in slots.pending() if not self._owns(int(slots.series[slot]))])
        for slot in slots.pending():
            series = int(slots.series[slot])
            watches.lag[slots.watch[slot]] = past.lags.get(series, 0) + int(self._registry.lateness[series])
        self._hearing.begin(slots, self.reception, np.flatnonzero(slots.row >= 0))

    def _owns(self, series: int) -> bool:
        device = self._registry.owner(series)
        return device is not None and self.reception.owns(device.code)


def _retired(device: Device | None) -> bool:
    return device is not None and device.state == "retired"
