"""Alerts of event rules: raised by events, over by an end, by themselves, or after a pause between two of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import partial
from typing import Any
from uuid import UUID

from analytics.rules import changes, events, repetition
from analytics.rules.alerts import (
    REOPENED,
    Key,
    Open,
    Staged,
    Step,
    fires_at,
    over_at,
    steps_of,
    steps_of_event,
    steps_when_over,
)
from analytics.rules.definitions import EventRule, Rule
from analytics.rules.flaps import Flap, FlapDecision
from analytics.rules.places import below, place_of, target_of
from analytics.rules.repetition import Pause
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import NEVER
from analytics.rules.stored import Repeated, read_newest_events, read_repeated
from analytics.rules.withheld import Held, said
from analytics.rules.withholding import Withholding
from devices.registry.registry import Registry
from hub.alerts import titles
from hub.alerts.titles import event_title
from hub.models import AlertChange, Batch, Event, Micros
from hub.repeats import Corrected
from hub.stage import Connection
from hub.words.findings import part_name

TOLD_AGAIN: Micros = 300_000_000
"""What a platform tells when it is asked, at so little after an alert began that a desk has ended, is that alert: some
do not tell the time that they pushed."""
LONGEST_WHERE = 64
"""Characters of the name of a part in a title."""


@dataclass(slots=True)
class EventDecision:
    """State to adopt when the batch is committed."""

    staged: Staged
    """Shared with threshold rules: what the batch makes of alerts."""
    held: Held
    """Shared, too: what it makes of what is withheld."""
    come: list[Event] = field(default_factory=list)
    """Its events."""
    flaps: FlapDecision = field(default_factory=FlapDecision)
    """And of alerts that flap."""
    newest: events.Newest = field(default_factory=dict)
    times: dict[Key, tuple[Micros, ...]] = field(default_factory=dict)
    pauses: dict[Key, Pause] = field(default_factory=dict)
    go_on: list[UUID] = field(default_factory=list)
    """Alerts of which events said again that they are active, and which no desk may have ended meanwhile, whatever
    became of them later in the batch."""


class EventAlerts:
    """State of event rules beside their alerts, which the rule book has."""

    def __init__(self, registry: Registry, stale_after: Micros, withholding: Withholding) -> None:
        self._registry, self._stale_after, self._withholding = registry, stale_after, withholding
        self._newest: events.Newest = {}
        """Of the kinds that rules look at, and of whatever has come since the start: a new rule may look at that."""
        self._times: dict[Key, tuple[Micros, ...]] = {}
        self._pauses: dict[Key, Pause] = {}
        self._passing: dict[Key, Micros] = {}
        """When alerts of kinds without an end are over, where this process is to say so."""
        self._resuming: dict[Key, Micros] = {}
        """When what waits for the end of a pause is told, where this process is to say so."""
        self._past = Repeated()
        """What was read of rules that have changed."""
        self._reading = 0
        self._come: list[Event] = []
        """What was committed since that began to be read, and may not be in it."""

    def forget(self) -> None:
        """Begin anew, for all is read again."""
        self._times, self._pauses, self._passing, self._resuming = {}, {}, {}, {}
        self._past, self._come = Repeated(), []

    async def read(self, conn: Connection, rules: Iterable[Rule | None]) -> None:
        """Read what the store knows of the kinds that these rules look at."""
        wanted = [rule for rule in rules if isinstance(rule, EventRule)]
        self._reading += 1
        try:
            self._note(await read_newest_events(conn, {rule.kind for rule in wanted}, self._stale_after))
            past = await read_repeated(conn, wanted, self._newest, self._stale_after)
        finally:
            self._reading -= 1
        self._past += past

    def install(self, rules: RuleSet, alerts: Mapping[Key, Open]) -> None:
        """Take over what was read: the events of before are heard once more, and raise nothing."""
        past, self._past = self._past + Repeated(events=self._come), Repeated()
        repeated = [rule for id_ in past.rules if isinstance(rule := rules.rules.get(id_), EventRule)]
        by_kind: dict[str, list[EventRule]] = {}
        for rule in repeated:
            by_kind.setdefault(rule.kind, []).append(rule)
        heard, _ = events.judge(past.events, by_kind, rules.hears, {}, self._stale_after)
        enough, times = repetition.often_enough(heard, {})
        pauses = {key: Pause(since) for key, since in past.raised.items()}
        for one in enough:
            key = one.rule.id, one.event.device_id, place_of(one.event.part)
            pause = pauses.get(key)
            if pause is not None and repetition.counted_at(one.event) > pause.since:
                alert = alerts.get(key)
                waiting = repetition.waits(one, alert, pause)
                pauses[key] = repetition.resting(one, alert, pause) if waiting else pause._replace(waiting=None)
        self._times = times | self._times
        self._pauses = pauses | self._pauses

    def decide(
        self, batch: Batch, rules: RuleSet, alerts: Mapping[Key, Open], decision: EventDecision, until: Micros
    ) -> list[AlertChange]:
        """What the events of a batch, and times that are over by `until`, change."""
        corrected = batch.of(Corrected)
        decision.come = [event for place, event in enumerate(batch.events) if place not in corrected.amended]
        heard, decision.newest = events.judge(
            decision.come, rules.by_kind, rules.hears, self._newest, self._stale_after,
            partial(self._forgotten, alerts),
        )  # fmt: skip
        heard, decision.times = repetition.often_enough(heard, self._times)
        decided = [change for one in heard for change in self._heard(one, alerts, decision, corrected.events)]
        over = [key for key, at in self._passing.items() if at <= until]
        decided += [change for key in over for change in self._passed(rules, key, alerts, decision, until)]
        for key_, at in self._withholding.flaps.events_due(until):
            rule, flap = rules.rules.get(key_[0]), self._withholding.flaps.of(key_, decision.flaps)
            if isinstance(rule, EventRule) and flap is not None and self._withholding.flaps.over(flap) == at <= until:
                decided += self._calm(rule, key_, flap, alerts, decision)
        for key_, at in self._withholding.events_due(until, decision.held):
            rule, held = rules.rules.get(key_[0]), self._withholding.of(key_, decision.held)
            if not isinstance(rule, EventRule) or held is None:
                continue
            if not rules.hears(rule, key_[1]):
                decision.held[key_] = None
                continue
            if at < until - self._stale_after and self._opens(rule, key_, until, held.level) > until:
                decision.held[key_] = held._replace(since=until)  # nothing was received meanwhile
            else:
                decided += self._counts_again(rule, key_, at, alerts, decision)
        for key in [key for key, at in self._resuming.items() if at <= until]:
            rule, pause = rules.rules.get(key[0]), decision.pauses.get(key, self._pauses.get(key))
            if isinstance(rule, EventRule) and pause is not None:
                decided += self._resumed(rule, key, pause, alerts, decision)
        return decided

    def adopt(self, decision: EventDecision) -> None:
        """Take over the state of a batch that is committed."""
        self._come = [*self._come, *decision.come] if self._reading or self._past.rules else []
        self._note(decision.newest)
        self._times |= decision.times
        self._pauses |= decision.pauses

    def due(self) -> Micros:
        """When something is over by itself, or told after a pause; or NEVER."""
        return min([*self._passing.values(), *self._resuming.values()], default=NEVER)

    def note_times(
        self, keys: Iterable[Key], rules: RuleSet, alerts: Mapping[Key, Open], owns: Callable[[str], bool]
    ) -> None:
        """Remember when those of these alerts end by themselves that do, and when a pause after them is over, at
        devices whose messages this process receives."""
        for key in keys:
            rule = rules.rules.get(key[0]) if key[2] else None
            device = self._registry.device(key[1]) if isinstance(rule, EventRule) else None
            alert, pause = alerts.get(key), self._pauses.get(key)
            passes = resumes = NEVER
            if isinstance(rule, EventRule) and device is not None and owns(device.code):
                passes = NEVER if alert is None else fires_at(alert, rule.kind)
                resumes = repetition.ends_at(rule, pause) if pause is not None and pause.waiting else NEVER
            _keep(self._passing, key, passes)
            _keep(self._resuming, key, resumes)

    def paused(self) -> Iterator[Key]:
        """The keys of alerts after which something waits."""
        return (key for key, pause in self._pauses.items() if pause.waiting is not None)

    def _forgotten(self, alerts: Mapping[Key, Open], end: Event) -> list[str]:
        """Places below an end that were forgotten (events.merge), and where an alert lasts that began before it."""
        known = self._newest.get((end.kind, end.device_id), {})
        if len(known) < events.KEPT_PLACES:
            return []
        place = place_of(end.part)
        return [
            at
            for (_, device, at), alert in alerts.items()
            if device == end.device_id and at.startswith(below(place)) and at != place and at not in known
            and alert.changed <= end.ts
        ]  # fmt: skip

    def _note(self, newest: events.Newest) -> None:
        events.merge(self._newest, newest)

    def _heard(
        self, heard: events.Heard, alerts: Mapping[Key, Open], decision: EventDecision, corrected: Collection[UUID]
    ) -> Iterator[AlertChange]:
        rule, event = heard.rule, heard.event
        key = rule.id, event.device_id, place_of(event.part)
        flap = self._withholding.flaps.of(key, decision.flaps)
        if flap is not None and self._withholding.flaps.over(flap) <= repetition.counted_at(event):
            yield from self._calm(rule, key, flap, alerts, decision)
        held = self._withholding.of(key, decision.held)
        opens = NEVER if held is None else self._opens(rule, key, held.since, held.level)
        if opens <= repetition.counted_at(event):
            yield from self._counts_again(rule, key, opens, alerts, decision)
        pause = decision.pauses.get(key, self._pauses.get(key)) if rule.cooldown else None
        if pause and pause.waiting and repetition.counted_at(event) >= repetition.ends_at(rule, pause):
            yield from self._resumed(rule, key, pause, alerts, decision)
            pause = decision.pauses[key]
        known = decision.staged.get(key, alerts.get(key))
        if pause is not None and repetition.waits(heard, known, pause):
            decision.pauses[key] = repetition.resting(heard, known, pause)
            return
        if pause is not None and pause.waiting and not heard.level:
            decision.pauses[key] = pause._replace(waiting=None)
        if event.current and known is not None and known.ended and event.ts <= known.changed + TOLD_AGAIN:
            return
        if known is not None and not known.ended and heard.level and event.ts < over_at(known, event.kind):
            decision.go_on.append(known.id)
        mark = f" {event.received}" if event.id in corrected else ""
        yield from self._said(heard, known, decision, mark, heard.delay)

    def _said(
        self,
        heard: events.Heard,
        known: Open | None,
        decision: EventDecision,
        mark: str = "",
        delay: Micros = 0,
        since: Micros | None = None,
    ) -> Iterator[AlertChange]:
        """What an event changes that waits for nothing; what it raises at a time when its rule does not count is
        withheld. `since`: when it was, that had been withheld."""
        rule, event = heard.rule, heard.event
        key = rule.id, event.device_id, place_of(event.part)
        target = target_of(event.device, event.kind, key[2])
        steps, after = steps_of_event(known, rule.code, target, event, heard.level, mark)
        flaps, flap = self._withholding.flaps, self._withholding.flaps.of(key, decision.flaps)
        if flap is not None and known is not None and known.ended in REOPENED:
            decision.flaps.flaps[key] = flap = None
        if flap is not None and known is not None:
            flap = flaps.follow(key, flap, repetition.counted_at(event), heard.level, decision.flaps)
            if flap is not None and heard.level <= (known.peak if known.ended else known.level):
                if not heard.level and self._withholding.of(key, decision.held) is not None:
                    decision.held[key] = None
                return
        held, opens = self._withholding.of(key, decision.held), partial(self._opens, rule, key)
        told, withheld = said(event, heard.level, steps, held, opens)
        if withheld != held:
            decision.held[key] = withheld
        if not told:
            return
        where = known.where if known is not None and known.where else _where(event)
        decision.staged[key] = after and after._replace(where=where)
        raised = any(step.kind == "raised" for step in steps)
        if raised:
            flap = flaps.raised(rule, key, repetition.counted_at(event), heard.level, decision.flaps)
        if rule.cooldown and raised:
            decision.pauses[key] = Pause(repetition.counted_at(event))
        for change in self._told(rule, event.device_id, target, steps, delay, mark, since, where):
            yield change if flap is None else self._flapping(change, flap)

    def _flapping(self, change: AlertChange, flap: Flap) -> AlertChange:
        device = self._registry.device(change.device_id)
        zone = UTC if device is None else device.zone
        return replace(change, title=titles.flapping(change.title, flap.times, flap.first, zone))

    def _calm(
        self, rule: EventRule, key: Key, flap: Flap, alerts: Mapping[Key, Open], decision: EventDecision
    ) -> Iterator[AlertChange]:
        """The end of a flapping alert that was quiet for long enough."""
        decision.flaps.flaps[key] = None
        device, known = self._registry.device(key[1]), decision.staged.get(key, alerts.get(key))
        if device is None or known is None:
            return
        target, at = target_of(device.code, rule.kind, key[2]), self._withholding.flaps.over(flap)
        steps, decision.staged[key] = steps_of(known, rule.code, target, at, at, 0)
        for change in self._told(rule, device.id, target, steps, where=known.where):
            yield self._flapping(change, flap)

    def _counts_again(
        self, rule: Rule, key: Key, at: Micros, alerts: Mapping[Key, Open], decision: EventDecision
    ) -> Iterator[AlertChange]:
        """The alert of what was withheld, told at the time from which its rule counts, unless a pause keeps it back."""
        held = self._withholding.of(key, decision.held)
        if held is None or held.event is None or not isinstance(rule, EventRule):
            return
        decision.held[key] = None
        heard = events.Heard(rule, replace(held.event, ts=at, received=max(at, held.event.received)))
        known, pause = decision.staged.get(key, alerts.get(key)), None
        if rule.cooldown:
            pause = decision.pauses.get(key, self._pauses.get(key))
        if pause is not None and repetition.waits(heard, known, pause):
            decision.pauses[key] = repetition.resting(heard, known, pause)
        else:
            yield from self._said(heard, known, decision, since=held.since)

    def _opens(self, rule: EventRule, key: Key, at: Micros, level: int) -> Micros:
        return self._withholding.opens(rule, key[1], key, at, level)

    def _resumed(
        self, rule: EventRule, key: Key, pause: Pause, alerts: Mapping[Key, Open], decision: EventDecision
    ) -> Iterator[AlertChange]:
        """The alert of what has waited for the end of a pause."""
        at = repetition.ends_at(rule, pause)
        event, known = pause.waiting, decision.staged.get(key, alerts.get(key))
        decision.pauses[key] = pause._replace(waiting=None)
        if event is None or known is not None or rule.cooldown == 0:
            return
        again = replace(event, ts=at, received=max(at, event.received))
        yield from self._said(events.Heard(rule, again), None, decision)

    def _passed(
        self, rules: RuleSet, key: Key, alerts: Mapping[Key, Open], decision: EventDecision, until: Micros
    ) -> Iterator[AlertChange]:
        """The end of an alert that is over, unless an event of this batch has renewed or ended it."""
        rule, device = rules.rules[key[0]], self._registry.device(key[1])
        alert = decision.staged.get(key, alerts.get(key))
        if alert is None or device is None or not isinstance(rule, EventRule) or fires_at(alert, rule.kind) > until:
            return iter(())
        steps, decision.staged[key] = steps_when_over(alert, rule.kind)
        return self._told(rule, device.id, target_of(device.code, rule.kind, key[2]), steps, where=alert.where)

    def _told(
        self,
        rule: EventRule,
        device_id: int,
        target: str,
        steps: Sequence[Step],
        delay: Micros = 0,
        mark: str = "",
        since: Micros | None = None,
        where: str = "",
    ) -> Iterator[AlertChange]:
        device = self._registry.device(device_id)
        name = titles.at_part(target.partition("/")[0] if device is None else device.name, where)
        for kind, alert, at, level in steps:
            title = event_title(name, rule.kind, 0 if kind == "cleared" else level, delay)
            if kind != "cleared" and device is not None:
                title = titles.since(title, since, device.zone)
                if self._withholding.windows.works(device_id, at):
                    title = titles.under_maintenance(title)
            yield AlertChange(
                changes.change_id(alert, kind, level, f"{at}{mark}"), alert, kind, at, rule.id, target, device_id,
                None, level, title, rule_version=rule.version,
            )  # fmt: skip


def _where(event: Event) -> str:
    """What the part of a device is called at which an event is: by its own text, else by its path."""
    if event.part is None:
        return ""
    return str(event.attributes.get("text") or part_name(event.part, event.kind, "en"))[:LONGEST_WHERE]


def _keep(times: dict[Any, Micros], key: object, at: Micros) -> None:
    if at < NEVER:
        times[key] = at
    else:
        times.pop(key, None)
