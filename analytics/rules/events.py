"""Event rules: an alert is active while a kind of event is active at a device.

The state of such a rule at a device is its alert, so only the time of the newest event is kept beside it: what comes
later and is older changes nothing. A redelivery never gets here, for the store has excluded it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from analytics.rules.definitions import EventRule
from analytics.rules.slots import LONG_AGO, NEVER
from devices.vocabulary import LATCHING
from hub.models import Event, Micros

Key = tuple[str, int]
"""(kind of event, device id)"""

Newest = dict[Key, Micros]
"""The time of the newest stored event of a kind at a device."""


LATE: Micros = 900_000_000
"""An event that is received later than that after it happened is told to be late."""
TOO_LATE: Micros = 86_400_000_000
"""A latching event that is received later than that is history: it raises nothing."""


class Turn(NamedTuple):
    """A level change caused by an event."""

    rule: EventRule
    event: Event
    before: int
    after: int

    @property
    def delay(self) -> Micros:
        """How late the event is; 0 when it is not."""
        delay = self.event.received - self.event.ts
        return delay if delay > LATE else 0


def judge(
    events: Iterable[Event],
    rules: Mapping[str, list[EventRule]],
    profiles: Mapping[int, int],
    newest: Newest,
    level_of: Callable[[int, int], int],
    stale_after: Micros,
) -> tuple[list[Turn], Newest]:
    """Level changes caused by events in the order of their arrival, and the newest times that they renew.

    Events that are older than one that came before change nothing, nor do those that were received more than
    `stale_after` after they happened; if their kind is latching, more than a day, and an end of it counts whenever it
    comes. `level_of` tells the level (0 none) of a rule's alert at a device, by their ids.
    """
    turns: list[Turn] = []
    renewed: Newest = {}
    levels: dict[tuple[int, int], int] = {}
    for event in _in_order(events):
        key = event.kind, event.device_id
        if event.ts < renewed.get(key, newest.get(key, LONG_AGO)):
            continue
        renewed[key] = event.ts
        if event.ts < event.received - _patience(event, stale_after):
            continue
        for rule in rules.get(event.kind, ()):
            if rule.profile_id is not None and profiles.get(event.device_id) != rule.profile_id:
                continue
            target = rule.id, event.device_id
            before = levels[target] if target in levels else level_of(*target)
            after = levels[target] = level_after(before, event, rule)
            if after != before:
                turns.append(Turn(rule, event, before, after))
    return turns, renewed


def _patience(event: Event, stale_after: Micros) -> Micros:
    """How late an event may be to change anything."""
    if event.kind not in LATCHING:
        return stale_after
    return NEVER if event.state == "inactive" else TOO_LATE


def level_after(level: int, event: Event, rule: EventRule) -> int:
    """Inactive clears, active raises or escalates; repeats and lower levels change nothing."""
    if event.state == "inactive":
        return 0
    return max(level, event.level or rule.level)


def _in_order(events: Iterable[Event]) -> Iterator[Event]:
    """As they arrived; those of one message by their time."""
    for _, together in groupby(events, key=lambda event: (event.device_id, event.received)):
        yield from sorted(together, key=lambda event: event.ts)
