"""Alerts of threshold rules: what people are told when the level of a condition changes, or its rule counts again."""

import math
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from analytics.reordering.judged import Judged, Stale
from analytics.rules import changes
from analytics.rules.alerts import REOPENED, Key, Open, steps_of
from analytics.rules.crossing import crossing_of
from analytics.rules.event_alerts import EventDecision
from analytics.rules.expressions.outcome import Outcome
from analytics.rules.flaps import Flap
from analytics.rules.places import READING
from analytics.rules.slots import LONG_AGO, Ints, Slots
from analytics.rules.verdict import Transition, Verdict
from analytics.rules.withheld import Told, Withheld, opened, tell
from analytics.rules.withholding import MOST, Withholding
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.alerts.titles import flagged, flapping, reading_title, since, under_maintenance
from hub.models import AlertChange, Batch, Micros
from hub.signals import Signals, Why

Marks = Mapping[tuple[int, Micros], str]
"""By series and time, of each reading that replaces another one, what tells its alerts from those of that one."""


_BY_THEMSELVES = ("value", "silence", "flat")
"""Signals whose titles say it all."""


class ReadingDecision:
    """What a batch makes of alerts of readings."""

    def __init__(
        self, all_: EventDecision, marks: Marks, judged: Judged, signals: Signals, expressed: Outcome, stale: Stale
    ) -> None:
        """`all_`: what is shared with events. Readings that wait to be judged (`judged.waiting`) may say otherwise than
        silence."""
        self.staged, self.held, self.flaps = all_.staged, all_.held, all_.flaps
        self.marks, self.stale, self.waiting = marks, stale, judged.waiting
        self.waited: list[tuple[Ints, Ints]] = []
        """As of Verdict: of what would have been told, but for readings that wait."""
        self._signals, self._expressed, self._readings = signals, expressed, judged.readings
        self._newest = expressed.newest
        self._calculated = expressed.waiting()

    def why(self, slots: Slots, slot: int, value: float, ts: Micros) -> Why | None:
        """What a level goes by that changes; None where the value of the reading says it all."""
        if slots.rule(slot).flagged:
            return self._flags(int(slots.series[slot]), ts)
        expressed = self._expressed.why(slot, value, ts)
        if expressed is not None:  # JSON has no NaN: after a restart the result may not be known
            return expressed if math.isfinite(value) else expressed | {"value": None}
        return self._signals.why(slots.rule(slot).signal, int(slots.series[slot]), ts)

    def _flags(self, series: int, ts: Micros) -> Why | None:
        """What the quality says of a reading of this batch, or of the newest before, where a time has ended since; None
        where it is good."""
        read = self._readings
        at = np.flatnonzero((read.series == series) & (read.ts <= ts))
        if len(at):
            quality = int(read.quality[at[np.argmax(read.ts[at])]])
        else:
            quality = int(self._newest.of(np.array([series]))[2][0])
        return {"signal": "value", "quality": quality} if quality else None

    def why_held(self, slots: Slots, slot: int, value: float) -> Why | None:
        """Why a level of a signal was reached by its hold time alone, without another reading."""
        rule = slots.rule(slot)
        if not rule.hold or rule.expression is not None or rule.signal in _BY_THEMSELVES:
            return None
        return {"signal": rule.signal, "held": value, "held_s": rule.hold / 1e6}

    def waits(self, slot: int, series: int, at: Micros) -> bool:
        """Whether a reading of up to a time is still to be judged, for which waits what ends then."""
        (ends,) = self.waiting.ends(np.array([series], np.int32), np.array([at])).tolist()
        ends = max(ends, *self._calculated.ends(np.array([slot]), np.array([at])).tolist())
        if ends > LONG_AGO:
            self.waited.append((np.array([slot]), np.array([ends - at])))
        return bool(ends > LONG_AGO)


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
        yield from self._calmed(slots, verdict, alerts, decision, until)
        oldest = decision.stale.oldest
        due = self._withholding.readings_due(slots, verdict, oldest, until)
        if due:
            seen, told = _seen(slots, verdict, np.array(list(due), np.int64)), 0
            for slot, (key, at) in due.items():
                held = self._withholding.of(key, decision.held)
                if held is None or not self._withholding.timed(key, held) or (told >= MOST and at >= oldest):
                    continue
                changes_ = list(self._open(slots, slot, key, held, at, seen.get(slot), alerts, decision, until))
                told += len(changes_) > 0
                yield from changes_

    def _open(
        self,
        slots: Slots,
        slot: int,
        key: Key,
        held: Withheld,
        at: Micros,
        newest: Micros | None,
        alerts: Mapping[Key, Open],
        decision: ReadingDecision,
        until: Micros,
    ) -> Iterator[AlertChange]:
        """What is told of what was withheld until a time. Was that long ago, for nothing was received meanwhile, the
        newest reading tells it, where its rule counts; silence, which has none, is told by itself."""
        rule, told_by = slots.rule(slot), at + int(slots.lag(slot))
        late = told_by < (decision.stale.oldest if newest is None else decision.stale.at(key[1], newest))
        if newest is None and told_by <= until and not decision.waits(slot, key[1], at):
            newest = at if not late else until if rule.signal == "silence" else None
            told_at = at
        else:
            told_at = newest if newest is not None and late else at
        if newest is None or newest < at:
            return
        if late and self._withholding.opens(rule, self._owner(key[1]).id, key, newest, held.level) > newest:
            decision.held[key] = held._replace(since=newest)
            return
        decision.held[key] = None
        yield from self._told(slots, slot, key, opened(held, told_at), True, alerts, decision)

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
        key, device = (rule.id, series, READING), self._owner(series)
        held = self._withholding.of(key, decision.held)
        opens = partial(self._withholding.opens, rule, device.id, key)
        alert = decision.staged.get(key, alerts.get(key))
        flap = self._withholding.flaps.of(key, decision.flaps)
        if flap is not None and self._withholding.flaps.over(flap) <= ts:
            yield from self._calm(slots, slot, key, flap, alerts, decision)
            flap, alert = None, None
        if flap is not None and alert is not None and alert.ended in REOPENED:
            yield from self._closed(slots, slot, key, flap, alerts, decision)
            flap, alert = None, decision.staged.get(key, alert)
        if flap is not None:
            flap = self._withholding.flaps.follow(key, flap, ts, after, decision.flaps)
        told, withheld = tell(held, alert, Told(ts, after, value), opens, decision.stale.at(series, ts))
        if withheld != held:
            decision.held[key] = withheld
        for each in told:
            if flap is not None and alert is not None and each.level <= (alert.peak if alert.ended else alert.level):
                continue
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
        flap = self._withholding.flaps.of(key, decision.flaps)
        if any(step.kind == "raised" for step in steps):
            flap = self._withholding.flaps.raised(rule, key, ts, after, decision.flaps)
        why = decision.why(slots, slot, told.value, ts)
        if why is None and beyond and after and told.since is None:
            why = decision.why_held(slots, slot, told.value)
        crossed = crossing_of(rule, beyond and after > 0, told.value, threshold)
        why = {"signal": "expression" if rule.expression is not None else rule.signal} | (why or {}) | {"rule": crossed}
        for kind, alert, at, level in steps:
            shown = 0 if kind == "cleared" else level
            title = reading_title(
                device.name, rule.label, told.value, beyond, rule.above, threshold, shown,
                signal=rule.signal, stays_at=stays_at, expression=rule.expression,
            )  # fmt: skip
            title = flagged(title, why.get("quality", 0)) if shown else title
            title = since(title, told.since, device.zone) if shown else title
            title = title if flap is None else flapping(title, flap.times, flap.first, device.zone)
            if shown and self._withholding.windows.works(device.id, at):
                title = under_maintenance(title)
            yield AlertChange(
                changes.change_id(alert, kind, level, f"{at}{mark}"), alert, kind, at, rule.id, target, device.id,
                series, level, title, told.value, threshold,
                why=why, rule_version=rule.version,
            )  # fmt: skip

    def _calmed(
        self, slots: Slots, verdict: Verdict, alerts: Mapping[Key, Open], decision: ReadingDecision, until: Micros
    ) -> Iterator[AlertChange]:
        """The ends of flapping alerts that were quiet for long enough by `until`, or by the newest reading."""
        flaps = self._withholding.flaps
        due = flaps.readings_due(slots, verdict, until)
        if not due:
            return
        seen = _seen(slots, verdict, np.array(list(due), np.int64))
        for slot, (key, at) in due.items():
            newest = seen.get(slot, until - int(slots.lag(slot)))
            flap = flaps.of(key, decision.flaps)
            if slot not in seen and at <= newest and decision.waits(slot, key[1], at):
                continue
            if flap is not None and flaps.over(flap) == at <= newest:
                yield from self._calm(slots, slot, key, flap, alerts, decision)

    def _calm(
        self, slots: Slots, slot: int, key: Key, flap: Flap, alerts: Mapping[Key, Open], decision: ReadingDecision
    ) -> Iterator[AlertChange]:
        told = Told(self._withholding.flaps.over(flap), 0, float(slots.value(np.array([slot]))[0]))
        yield from self._told(slots, slot, key, told, False, alerts, decision)
        decision.flaps.flaps[key] = None

    def _closed(
        self, slots: Slots, slot: int, key: Key, flap: Flap, alerts: Mapping[Key, Open], decision: ReadingDecision
    ) -> Iterator[AlertChange]:
        """A desk has closed a flapping alert: it is over if its condition is, and what comes next is an onset."""
        decision.flaps.flaps[key] = None
        if flap.quiet_since is not None:
            told = Told(flap.quiet_since, 0, float(slots.value(np.array([slot]))[0]))
            yield from self._told(slots, slot, key, told, False, alerts, decision)

    def _owner(self, series: int) -> Device:
        device = self._registry.owner(series)
        assert device is not None  # noqa: S101 for the type checker; a series has its device
        return device


def _seen(slots: Slots, verdict: Verdict, wanted: Ints) -> dict[int, Micros]:
    """When the newest readings of these slots were, of a batch; -1 is none."""
    wanted = wanted[wanted >= 0]
    watches, found = slots.watch[wanted], dict[int, Micros]()
    for at, ts, _ in verdict.seen:
        mine = np.isin(at, watches)
        found |= zip(at[mine].tolist(), ts[mine].tolist(), strict=True)
    return {slot: found[watch] for slot, watch in zip(wanted.tolist(), watches.tolist(), strict=True) if watch in found}


def marks_of(batch: Batch, judged: Judged) -> Marks:
    """Of a batch."""
    if judged.corrected is None:
        return {}
    corrected, message = judged.readings.where(judged.corrected), judged.message[judged.corrected]
    rows = zip(corrected.series.tolist(), corrected.ts.tolist(), message.tolist(), strict=True)
    return {(series, ts): f" {batch.raws[index].received}" for series, ts, index in rows}
