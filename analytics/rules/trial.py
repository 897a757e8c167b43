"""What a rule would have said of the past. Pure; by the same code that decides what is received."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from analytics.rules.alerts import Open, Steps, over_at, steps_of_event, steps_when_over
from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.events import Heard, judge
from analytics.rules.repetition import Pause, counted_at, ends_at, often_enough, resting, waits
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import Transition, adopt, evaluate, next_due
from hub.alerts.trial import WouldBe
from hub.models import Columns, Event, Micros
from hub.signals import Signals


def of_readings(
    rule: ThresholdRule, names: Sequence[str], readings: Columns, until: Micros, signals: Signals | None = None
) -> list[WouldBe]:
    """Alerts that a threshold rule would have raised; `names` are the devices of series 0 .. n - 1.

    `signals` are those of the readings, for a rule that watches one. Hold and clear times that end by `until` end. What
    the hub flagged as late or not usable is skipped, as ever.
    """
    slots = Slots()
    slots.put(rule)
    slots.add(np.full(len(names), rule.id, np.int64), np.arange(len(names)))
    verdict = evaluate(slots, readings, LONG_AGO, LONG_AGO, None, signals)
    adopt(slots, verdict)
    next_due(slots, LONG_AGO)
    ripened = evaluate(slots, Columns.empty(), LONG_AGO, until)
    would: list[WouldBe] = []
    active: dict[int, WouldBe] = {}
    for transition in verdict.transitions + ripened.transitions:
        _follow(transition, int(slots.series[transition.slot]), names, active, would)
    return would


def _follow(
    transition: Transition, series: int, names: Sequence[str], active: dict[int, WouldBe], would: list[WouldBe]
) -> None:
    alert = active.get(series)
    if alert is None:
        alert = WouldBe(transition.ts, transition.after, transition.after, transition.value, device=names[series])
        active[series] = alert
        would.append(alert)
    elif transition.after:
        alert.peak = max(alert.peak, transition.after)
    else:
        alert.ended = transition.ts
        del active[series]


def of_events(rule: EventRule, events: Iterable[Event], stale_after: Micros, until: Micros) -> list[WouldBe]:
    """Alerts that an event rule would have raised; `events` are those that it hears of, in the order of arrival."""
    said = list(events)
    profiles = {} if rule.profile_id is None else {event.device_id: rule.profile_id for event in said}
    heard, _ = judge(said, {rule.kind: [rule]}, profiles, {}, stale_after)
    heard, _ = often_enough(heard, {})
    past = _EventPast(rule)
    for each in heard:
        past.take(each)
    past.let_pass(until)
    return past.would


class _EventPast:
    """What an event rule says of events, device by device."""

    def __init__(self, rule: EventRule) -> None:
        self.would: list[WouldBe] = []
        self._rule = rule
        self._latest: dict[str, WouldBe] = {}
        self._open: dict[str, Open | None] = {}
        self._pauses: dict[str, Pause] = {}

    def take(self, heard: Heard) -> None:
        """Go on with what the rule hears of."""
        device, pause = heard.event.device, self._pauses.get(heard.event.device)
        if pause and pause.waiting and counted_at(heard.event) >= ends_at(self._rule, pause):
            pause = self._resume(device, pause)
        if pause is not None and waits(heard, self._open.get(device), pause):
            self._pauses[device] = resting(heard, self._open.get(device), pause)
            return
        if pause is not None and not heard.level:
            self._pauses[device] = pause._replace(waiting=None)
        self._tell(device, heard, heard.event)

    def let_pass(self, until: Micros) -> None:
        """End and tell what ends or waits until then."""
        for device, alert in self._open.items():
            if alert is not None and over_at(alert, self._rule.kind) <= until:
                _walk(device, steps_when_over(alert, self._rule.kind), self._latest, self.would)
        for device, pause in list(self._pauses.items()):
            if ends_at(self._rule, pause) <= until:
                self._resume(device, pause)

    def _resume(self, device: str, pause: Pause) -> Pause:
        self._pauses[device] = pause._replace(waiting=None)
        if (event := pause.waiting) is not None and self._open.get(device) is None:
            at = ends_at(self._rule, pause)
            self._tell(device, Heard(self._rule, event), replace(event, ts=at, received=max(at, event.received)))
        return self._pauses[device]

    def _tell(self, device: str, heard: Heard, event: Event) -> None:
        target, before = f"{device}/{self._rule.kind}", len(self.would)
        steps = steps_of_event(self._open.get(device), self._rule.code, target, event, heard.level)
        self._open[device] = _walk(device, steps, self._latest, self.would)
        if self._rule.cooldown and len(self.would) > before:
            self._pauses[device] = Pause(counted_at(event))


def _walk(device: str, steps: Steps, latest: dict[str, WouldBe], would: list[WouldBe]) -> Open | None:
    """Note what these changes make of a device's alerts; the one that is open after them."""
    changes, after = steps
    for change in changes:
        if change.kind == "raised":
            latest[device] = WouldBe(change.ts, change.level, change.level, None, device=device)
            would.append(latest[device])
        elif change.kind == "cleared":
            latest[device].ended = change.ts
        else:
            latest[device].peak = max(latest[device].peak, change.level)
    return after
