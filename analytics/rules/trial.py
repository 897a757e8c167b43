"""What a rule would have said of the past. Pure; by the same code that decides what is received."""

from collections.abc import Iterable, Sequence

import numpy as np

from analytics.rules.alerts import Open, Steps, over_at, steps_of_event, steps_when_over
from analytics.rules.definitions import EventRule, ThresholdRule
from analytics.rules.events import judge
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
    would: list[WouldBe] = []
    latest: dict[str, WouldBe] = {}
    open_: dict[str, Open | None] = {}
    for each in heard:
        device = each.event.device
        steps = steps_of_event(open_.get(device), rule.code, f"{device}/{rule.kind}", each.event, each.level)
        open_[device] = _walk(device, steps, latest, would)
    for device, alert in open_.items():
        if alert is not None and over_at(alert, rule.kind) <= until:
            _walk(device, steps_when_over(alert, rule.kind), latest, would)
    return would


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
