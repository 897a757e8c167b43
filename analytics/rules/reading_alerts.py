"""Alerts of threshold rules: what people are told when the level of a condition changes, or its rule counts again."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from analytics.rules import changes
from analytics.rules.alerts import Key, Open, Staged, steps_of
from analytics.rules.expressions.outcome import Outcome
from analytics.rules.slots import Ints, Slots
from analytics.rules.verdict import Transition, Verdict
from analytics.rules.withheld import Held, Told, opened, tell
from analytics.rules.withholding import Withholding
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.alerts.titles import reading_title, since
from hub.models import AlertChange, Micros
from hub.signals import Signals, Why

Marks = Mapping[tuple[int, Micros], str]
"""By series and time, of each reading that replaces another one, what tells its alerts from those of that one."""


class ReadingDecision:
    """What a batch makes of alerts of readings."""

    def __init__(
        self, staged: Staged, held: Held, marks: Marks, signals: Signals, expressed: Outcome, oldest: Micros
    ) -> None:
        """`oldest`: what was withheld until a time before that waits for the next reading."""
        self.staged, self.held, self.marks, self.oldest = staged, held, marks, oldest
        self._signals, self._expressed = signals, expressed

    def why(self, slots: Slots, slot: int, value: float, ts: Micros) -> Why | None:
        """Why a level changes; None where the value of the reading says it all."""
        expressed = self._expressed.why(slot, value, ts)
        return expressed or self._signals.why(slots.rule(slot).signal, int(slots.series[slot]), ts)


class ReadingAlerts:
    """Decides by slots, whose state the rule book has."""

    def __init__(self, registry: Registry, withholding: Withholding) -> None:
        self._registry, self._withholding = registry, withholding

    def decide(
        self, slots: Slots, verdict: Verdict, alerts: Mapping[Key, Open], decision: ReadingDecision, until: Micros
    ) -> Iterator[AlertChange]:
        """What the transitions of a batch change, and what is told of what was withheld until a time by then."""
        for transition in verdict.transitions:
            stays_at = verdict.stays_at.get((transition.slot, transition.ts))
            yield from self._changed(slots, transition, stays_at, alerts, decision)
        due = self._withholding.readings_due(slots)
        if due:
            seen = _seen(verdict, np.array(list(due), np.int64))
            for slot, (key, at) in due.items():
                held = self._withholding.of(key, decision.held)
                if held is None:
                    continue
                newest = seen.get(slot)
                if newest is None and decision.oldest <= at and at + int(slots.lag[slot]) <= until:
                    newest = at
                if newest is not None and newest >= at:
                    told = opened(held, at if at >= decision.oldest else newest)
                    decision.held[key] = None
                    yield from self._told(slots, slot, key, told, True, alerts, decision)

    def _changed(
        self,
        slots: Slots,
        transition: Transition,
        stays_at: float | None,
        alerts: Mapping[Key, Open],
        decision: ReadingDecision,
    ) -> Iterator[AlertChange]:
        slot, ts, value, before, after = transition
        rule, series = slots.rule(slot), int(slots.series[slot])
        key, device = (rule.id, series, False), self._owner(series)
        held = self._withholding.of(key, decision.held)
        opens = partial(self._withholding.windows.opens, rule, device.id)
        alert = decision.staged.get(key, alerts.get(key))
        told, withheld = tell(held, alert, Told(ts, after, value), opens, decision.oldest)
        if withheld != held:
            decision.held[key] = withheld
        for each in told:
            beyond = each.since is not None or after > before
            yield from self._told(slots, slot, key, each, beyond, alerts, decision, stays_at)

    def _told(
        self,
        slots: Slots,
        slot: int,
        key: Key,
        told: Told,
        beyond: bool,
        alerts: Mapping[Key, Open],
        decision: ReadingDecision,
        stays_at: float | None = None,
    ) -> Iterator[AlertChange]:
        """`beyond`: the level has risen. `stays_at`: the value of a flat series."""
        rule, series, ts, after = slots.rule(slot), key[1], told.ts, told.level
        device = self._owner(series)
        target, known = f"{device.code}/{rule.metric}", decision.staged.get(key, alerts.get(key))
        threshold = rule.thresholds[after - 1] if beyond and after else rule.left(after)
        mark = decision.marks.get((series, ts), "")
        steps, decision.staged[key] = steps_of(known, rule.code, target, f"{ts}{mark}", ts, after)
        for kind, alert, at, level in steps:
            shown = 0 if kind == "cleared" else level
            title = reading_title(
                device.name, rule.label, told.value, beyond, rule.above, threshold, shown,
                signal=rule.signal, stays_at=stays_at, expression=rule.expression,
            )  # fmt: skip
            yield AlertChange(
                changes.change_id(alert, kind, level, f"{at}{mark}"), alert, kind, at, rule.id, target, device.id,
                series, level, since(title, told.since, device.zone) if shown else title, told.value, threshold,
                why=decision.why(slots, slot, told.value, ts), rule_version=rule.version,
            )  # fmt: skip

    def _owner(self, series: int) -> Device:
        device = self._registry.owner(series)
        assert device is not None  # noqa: S101 for the type checker; a series has its device
        return device


def _seen(verdict: Verdict, wanted: Ints) -> dict[int, Micros]:
    """When the newest readings of these slots were, of a batch."""
    found: dict[int, Micros] = {}
    for at, ts, _ in verdict.seen:
        mine = np.isin(at, wanted)
        found |= zip(at[mine].tolist(), ts[mine].tolist(), strict=True)
    return found
