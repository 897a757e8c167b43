"""What an event rule would have said of the past. Pure; by the same code that decides what is received."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from analytics.rules.alerts import Open, Steps, over_at, steps_of_event, steps_when_over
from analytics.rules.definitions import EventRule
from analytics.rules.events import Heard, judge
from analytics.rules.places import part_of, place_of, target_of
from analytics.rules.repetition import Pause, counted_at, ends_at, often_enough, resting, waits
from analytics.rules.withheld import Opens, Withheld, said
from hub.alerts.trial import WouldBe
from hub.models import Event, Micros


def of_events(
    rule: EventRule,
    events: Iterable[Event],
    stale_after: Micros,
    until: Micros,
    opens: Mapping[str, Opens] | None = None,
) -> list[WouldBe]:
    """Alerts that an event rule would have raised; `events` are those that it hears of, in the order of arrival.

    `opens` tell by device when the rule counts; None: always.
    """
    come = list(events)
    heard, _ = judge(come, {rule.kind: [rule]}, lambda *_: True, {}, stale_after)
    heard, _ = often_enough(heard, {})
    past = _EventPast(rule, opens)
    for each in heard:
        past.take(each)
    past.let_pass(until)
    return past.would


Thing = tuple[str, str]
"""A device and a place of it."""


class _EventPast:
    """What an event rule says of events, device by device."""

    def __init__(self, rule: EventRule, opens: Mapping[str, Opens] | None) -> None:
        self.would: list[WouldBe] = []
        self._rule, self._opens = rule, opens
        self._held: dict[Thing, Withheld] = {}
        self._latest: dict[Thing, WouldBe] = {}
        self._open: dict[Thing, Open | None] = {}
        self._pauses: dict[Thing, Pause] = {}

    def take(self, heard: Heard) -> None:
        """Go on with what the rule hears of."""
        thing = heard.event.device, place_of(heard.event.part)
        self._count_again(thing, counted_at(heard.event))
        pause = self._pauses.get(thing)
        if pause and pause.waiting and counted_at(heard.event) >= ends_at(self._rule, pause):
            pause = self._resume(thing, pause)
        if pause is not None and waits(heard, self._open.get(thing), pause):
            self._pauses[thing] = resting(heard, self._open.get(thing), pause)
            return
        if pause is not None and not heard.level:
            self._pauses[thing] = pause._replace(waiting=None)
        self._tell(thing, heard, heard.event)

    def let_pass(self, until: Micros) -> None:
        """End and tell what ends or waits until then."""
        for thing, alert in self._open.items():
            if alert is not None and over_at(alert, self._rule.kind) <= until:
                _walk(thing, steps_when_over(alert, self._rule.kind), self._latest, self.would)
        for thing in list(self._held):
            self._count_again(thing, until)
        for thing, pause in list(self._pauses.items()):
            if ends_at(self._rule, pause) <= until:
                self._resume(thing, pause)

    def _count_again(self, thing: Thing, until: Micros) -> None:
        """Tell what was withheld, if the rule counts again by then."""
        held = self._held.get(thing)
        if held is None or held.event is None or self._opens is None:
            return
        if (at := self._opens[thing[0]](held.since, held.level)) > until:
            return
        del self._held[thing]
        event = replace(held.event, ts=at, received=max(at, held.event.received))
        heard, pause, alert = Heard(self._rule, event), self._pauses.get(thing), self._open.get(thing)
        if pause is not None and waits(heard, alert, pause):
            self._pauses[thing] = resting(heard, alert, pause)
        else:
            self._tell(thing, heard, event)

    def _resume(self, thing: Thing, pause: Pause) -> Pause:
        self._pauses[thing] = pause._replace(waiting=None)
        if (event := pause.waiting) is not None and self._open.get(thing) is None:
            at = ends_at(self._rule, pause)
            self._tell(thing, Heard(self._rule, event), replace(event, ts=at, received=max(at, event.received)))
        return self._pauses[thing]

    def _tell(self, thing: Thing, heard: Heard, event: Event) -> None:
        target, before = target_of(thing[0], self._rule.kind, thing[1]), len(self.would)
        steps = steps_of_event(self._open.get(thing), self._rule.code, target, event, heard.level)
        held, opens = self._held.pop(thing, None), _always if self._opens is None else self._opens[thing[0]]
        told, held = said(event, heard.level, steps[0], held, opens)
        if held is not None:
            self._held[thing] = held
        if not told:
            return
        self._open[thing] = _walk(thing, steps, self._latest, self.would)
        if self._rule.cooldown and len(self.would) > before:
            self._pauses[thing] = Pause(counted_at(event))


def _always(at: Micros, level: int) -> Micros:
    return at


def _walk(thing: Thing, steps: Steps, latest: dict[Thing, WouldBe], would: list[WouldBe]) -> Open | None:
    """Note what these changes make of the alerts of a device's part; the one that is open after them."""
    changes, after = steps
    for change in changes:
        if change.kind == "raised":
            latest[thing] = WouldBe(
                change.ts, change.level, change.level, None, device=thing[0], part=part_of(thing[1])
            )
            would.append(latest[thing])
        elif change.kind == "cleared":
            latest[thing].ended = change.ts
        else:
            latest[thing].peak = max(latest[thing].peak, change.level)
    return after
