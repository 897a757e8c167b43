"""How often a kind of event must happen before a rule raises an alert, and how soon it may raise another. Pure.

What is red waits for nothing: neither for a second event, nor for the end of a pause.
Times are those at which events count: their own, but not after their arrival.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from analytics.rules.alerts import REOPENED, Key, Open, over_at
from analytics.rules.definitions import EventRule
from analytics.rules.events import Heard
from analytics.rules.places import place_of
from devices.vocabulary import MOMENTARY
from hub.models import RED, Event, Micros

Times = Mapping[Key, tuple[Micros, ...]]
"""When the last events happened that a rule counts, oldest first: at most as many as it asks for."""


class Pause(NamedTuple):
    """A rule has raised an alert at a device, and may wait with the next."""

    since: Micros
    waiting: Event | None = None
    """What is active since, and is told once the pause is over; None: nothing, or it is over by itself."""


def counted_at(event: Event) -> Micros:
    """When an event counts."""
    return min(event.ts, event.received)


def often_enough(heard: Iterable[Heard], times: Times) -> tuple[list[Heard], dict[Key, tuple[Micros, ...]]]:
    """What rules hear of that happened as often as they ask, or is red, and every end; the times that these renew."""
    enough: list[Heard] = []
    renewed: dict[Key, tuple[Micros, ...]] = {}
    for one in heard:
        rule = one.rule
        if rule.count > 1 and one.level:
            key = rule.id, one.event.device_id, place_of(one.event.part)
            last = renewed[key] = (*renewed.get(key, times.get(key, ())), counted_at(one.event))[-rule.count :]
            if one.level < RED and (len(last) < rule.count or last[-1] - last[0] > rule.within):
                continue
        enough.append(one)
    return enough, renewed


def ends_at(rule: EventRule, pause: Pause) -> Micros:
    """When a rule may raise another alert."""
    return pause.since + rule.cooldown


def waits(heard: Heard, alert: Open | None, pause: Pause | None) -> bool:
    """Whether an event would raise another alert before the pause after the last one is over."""
    if not 0 < heard.level < RED or pause is None or counted_at(heard.event) >= ends_at(heard.rule, pause):
        return False
    return alert is None or alert.ended in REOPENED or heard.event.ts >= over_at(alert, heard.event.kind)


def resting(heard: Heard, alert: Open | None, pause: Pause) -> Pause:
    """The pause with an event that has to wait: what lasts is told at its end, unless a desk has ended its alert."""
    return pause._replace(waiting=heard.event if alert is None and heard.event.kind not in MOMENTARY else None)
