"""Event rules: an alert is active while a kind of event is active at a device."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from analytics.rules.definitions import EventRule
from analytics.rules.slots import LONG_AGO
from hub.models import Event, Micros


class Watch(NamedTuple):
    """State of an event kind at a device: alert level (0 none) and newest events."""

    level: int = 0
    ts: Micros = LONG_AGO
    ids: frozenset[UUID] = frozenset()
    """The events seen at `ts`: a device's clock may give several the same time, a redelivery repeats them."""


class Turn(NamedTuple):
    """A level change caused by an event."""

    rule: EventRule
    event: Event
    before: int
    after: int


Key = tuple[int, int]
"""(rule id, device id)"""


def judge(
    events: Iterable[Event],
    rules: Mapping[str, list[EventRule]],
    profiles: Mapping[int, int],
    watches: Mapping[Key, Watch],
    stale_after: Micros,
) -> tuple[list[Turn], dict[Key, Watch]]:
    """Level changes caused by events, in event time, and the updated watches.

    Events that are late, repeated, or were received more than `stale_after` after they happened change nothing.
    """
    turns: list[Turn] = []
    renewed: dict[Key, Watch] = {}
    for event in sorted(events, key=lambda event: event.ts):
        for rule in rules.get(event.kind, ()):
            if rule.profile_id is not None and profiles.get(event.device_id) != rule.profile_id:
                continue
            key = (rule.id, event.device_id)
            watch = renewed.get(key) or watches.get(key) or Watch()
            if event.ts < watch.ts or event.id in watch.ids or event.ts < event.received - stale_after:
                continue
            after = level_after(watch.level, event, rule)
            if after != watch.level:
                turns.append(Turn(rule, event, watch.level, after))
            ids = watch.ids | {event.id} if event.ts == watch.ts else frozenset({event.id})
            renewed[key] = Watch(after, event.ts, ids)
    return turns, renewed


def level_after(level: int, event: Event, rule: EventRule) -> int:
    """Inactive clears, active raises or escalates; repeats and lower levels change nothing."""
    if event.state == "inactive":
        return 0
    return max(level, event.level or rule.level)
