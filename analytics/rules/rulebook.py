"""The rule book: decides, batch by batch, which alerts are raised, change their level, or clear."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.rules import changes, events
from analytics.rules.catalogue import Catalogue
from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.snapshot import Past, Registry, read_past, read_registry
from analytics.rules.thresholds import LONG_AGO, NEVER, Slots, Transition, Verdict
from hub.models import AlertChange, Batch, Micros
from hub.stage import Connection, Stage
from hub.store.pool import Pool, sorted_errors

Key = tuple[int, int, bool]
"""(rule id, series id, False) of a threshold alert; (rule id, device id, True) of an event alert."""


@dataclass(slots=True, frozen=True)
class _Staged:
    """What becomes the state if this batch is committed."""

    batch: Batch
    verdict: Verdict
    watches: dict[events.Key, events.Watch]
    alerts: dict[Key, UUID | None]


class RuleBook(Stage):
    """Rules and their state. For each batch in turn: `steps`, commit, `adopt`; a refused commit skips `adopt`.

    Nothing pages that is late, out of range, or older than `stale_after_s` when its batch is received (history
    that is filled in later); `math.inf` lets history page. A rule that is disabled, or no longer watches a
    device, says nothing more: its active alerts stay as they are until a desk closes them, and are taken up
    again when the rule comes back.
    """

    def __init__(self, stale_after_s: float = 900.0) -> None:
        self._stale_after_s = stale_after_s
        self._stale_after = NEVER if math.isinf(stale_after_s) else round(stale_after_s * 1_000_000)
        self._catalogue = Catalogue()
        self._registry: Registry | None = None
        """News of the store that the next batch will be judged by; the state must not move under a batch."""
        self._since = "0"
        self._thresholds: dict[int, ThresholdRule] = {}
        self._by_kind: dict[str, list[EventRule]] = {}
        self._slots = Slots.build([], [])
        self._watches: dict[events.Key, events.Watch] = {}
        self._alerts: dict[Key, UUID] = {}
        self._staged: _Staged | None = None

    async def restore(self, conn: Connection) -> None:
        """Read rules, series and state from the store; before the first batch, or between two to begin anew."""
        await self._refresh(conn)
        past = await read_past(conn, self._stale_after_s)
        self._slots, self._watches, self._alerts, self._staged = Slots.build([], []), {}, {}, None
        self._install()
        self._remember(past)

    async def refresh(self, pool: Pool) -> None:
        """Read what changed in the registry; the next batch goes by it. Raises StoreUnavailable."""
        with sorted_errors():
            async with pool.connection() as conn:
                await self._refresh(conn)

    async def _refresh(self, conn: Connection) -> None:
        registry = await read_registry(conn, self._since)
        self._catalogue.merge(registry.watched)
        self._since, self._registry = registry.xmin, registry

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set batch.changes to what its readings and events mean; the state stays until `adopt`."""
        self._install()
        yield
        now = max([raw.received for raw in batch.raws], default=LONG_AGO)
        verdict = self._slots.evaluate(batch.readings, now, self._stale_after)
        devices = {event.device_id for event in batch.events}
        known = {device: self._catalogue.device(device) for device in devices}
        profiles = {device: found.profile_id for device, found in known.items() if found is not None}
        turns, watches = events.judge(batch.events, self._by_kind, profiles, self._watches, self._stale_after)
        alerts: dict[Key, UUID | None] = {}
        decided = [self._change(transition, alerts) for transition in verdict.transitions]
        decided += [self._event_change(turn, alerts) for turn in turns]
        self._staged = _Staged(batch, verdict, watches, alerts)
        decided.sort(key=lambda change: change.ts)
        batch.changes = decided

    def adopt(self, batch: Batch) -> None:
        """The batch is committed: what was decided for it is now the state. Other batches change nothing."""
        staged, self._staged = self._staged, None
        if staged is None or staged.batch is not batch:
            return
        self._slots.adopt(staged.verdict)
        self._watches.update(staged.watches)
        for key, alert in staged.alerts.items():
            if alert is None:
                self._alerts.pop(key, None)
            else:
                self._alerts[key] = alert

    def _change(self, transition: Transition, staged: dict[Key, UUID | None]) -> AlertChange:
        slot, ts, value, before, after = transition
        rule = self._thresholds[int(self._slots.rule[slot])]
        series = int(self._slots.series[slot])
        device = self._catalogue.device(int(self._catalogue.device_of[series]))
        assert device is not None  # noqa: S101 for the type checker; a series has its device
        target = f"{device.code}/{rule.metric}"
        kind, alert = self._step(staged, (rule.id, series, False), rule.code, target, ts, before, after)
        beyond = after > before
        threshold = rule.thresholds[after - 1] if beyond else rule.left(after)
        title = changes.reading_title(device.name, rule.label, value, beyond, rule.above, threshold, after)
        level = after or before
        return AlertChange(
            changes.change_id(alert, kind, level, ts), alert, kind, ts, rule.id, target, device.id, series,
            level, title, value, threshold,
        )  # fmt: skip

    def _event_change(self, turn: events.Turn, staged: dict[Key, UUID | None]) -> AlertChange:
        rule, event, before, after = turn
        device = self._catalogue.device(event.device_id)
        target = f"{event.device}/{event.kind}"
        key = (rule.id, event.device_id, True)
        kind, alert = self._step(staged, key, rule.code, target, event.id, before, after)
        title = changes.event_title(device.name if device else event.device, event.kind, after)
        level = after or before
        return AlertChange(
            changes.change_id(alert, kind, level, event.ts), alert, kind, event.ts, rule.id, target,
            event.device_id, None, level, title,
        )  # fmt: skip

    def _step(
        self,
        staged: dict[Key, UUID | None],
        key: Key,
        rule: str,
        target: str,
        onset: Micros | UUID,
        before: int,
        after: int,
    ) -> tuple[str, UUID]:
        """The kind of a change of level, and the alert it is about; noted in `staged`."""
        if not before:
            alert = staged[key] = changes.alert_id(rule, target, onset)
            return "raised", alert
        alert = staged.get(key) or self._alerts[key]
        if not after:
            staged[key] = None
            return "cleared", alert
        return "updated", alert

    def _install(self) -> None:
        """Go by the newest registry; slots that stay keep their state, others take up their active alerts."""
        registry, self._registry = self._registry, None
        if registry is None:
            return
        rules = [rule for rule in registry.rules if isinstance(rule, ThresholdRule)]
        self._thresholds = {rule.id: rule for rule in rules}
        self._by_kind = defaultdict(list)
        for rule in registry.rules:
            if isinstance(rule, EventRule):
                self._by_kind[rule.kind].append(rule)
        series = self._catalogue.series()
        slots = Slots.build(rules, [series.get((rule.profile_id, rule.metric), ()) for rule in rules])
        kept = slots.inherit(self._slots)
        self._slots = slots
        enabled = {rule.id for rule in registry.rules}
        self._watches = {key: watch for key, watch in self._watches.items() if key[0] in enabled}
        stay = set(zip(slots.rule[kept].tolist(), slots.series[kept].tolist(), strict=True)) if self._alerts else set()
        self._alerts = {
            key: alert for key, alert in self._alerts.items() if key[:2] in (self._watches if key[2] else stay)
        }
        self._take_up(registry, kept)

    def _take_up(self, registry: Registry, kept: NDArray[np.bool_]) -> None:
        """Active alerts of the store become the state of slots and watches that have none of their own."""
        enabled = {rule.id for rules in self._by_kind.values() for rule in rules}
        pairs: list[tuple[int, int]] = []
        states: list[tuple[UUID, int, Micros]] = []
        for rule_id, device_id, series_id, alert_id, level, changed_at in registry.active:
            if series_id is not None:
                pairs.append((rule_id, series_id))
                states.append((alert_id, level, changed_at))
            elif rule_id in enabled and (rule_id, device_id) not in self._watches:
                self._watches[rule_id, device_id] = events.Watch(level, changed_at)
                self._alerts[rule_id, device_id, True] = alert_id
        columns = np.array(pairs, np.int64).reshape(-1, 2)
        at = self._slots.find(columns[:, 0], columns[:, 1])
        for slot, pair, (alert_id, level, changed_at) in zip(at.tolist(), pairs, states, strict=True):
            if slot >= 0 and not kept[slot]:
                self._slots.level[slot], self._slots.last[slot] = level, changed_at
                self._alerts[*pair, False] = alert_id
        self._slots.settle_bands(at[at >= 0])

    def _remember(self, past: Past) -> None:
        """What was evaluated before the start is not evaluated again, and what was pending is pending."""
        last = self._slots.last
        newest = np.array(past.latest, np.int64).reshape(-1, 2)
        if len(newest):
            newest = newest[np.argsort(newest[:, 0])]
            at = np.minimum(np.searchsorted(newest[:, 0], self._slots.series), len(newest) - 1)
            seen = np.where(newest[at, 0] == self._slots.series, newest[at, 1], LONG_AGO)
            np.maximum(last, seen, out=last)
        cleared = np.array(past.cleared, np.int64).reshape(-1, 3)
        at = self._slots.find(cleared[:, 0], cleared[:, 1])
        np.maximum.at(last, at[at >= 0], cleared[at >= 0, 2])
        self._slots.warm_up(past.recent)
        for rule_id, device_id, ts, event_id in past.events:
            watch = self._watches.get((rule_id, device_id), events.Watch())
            if ts >= watch.ts:
                ids = watch.ids | {event_id} if ts == watch.ts else frozenset({event_id})
                self._watches[rule_id, device_id] = events.Watch(watch.level, ts, ids)
