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
"""By kind and device, the time at which the newest stored event counts: its own, but not after its arrival."""


LATE: Micros = 900_000_000
"""An event that is received later than that after it happened is told to be late."""
TOO_LATE: Micros = 86_400_000_000
"""A latching event that is received later than that is history: it raises nothing."""


class Heard(NamedTuple):
    """An event that a rule hears of."""

    rule: EventRule
    event: Event

    @property
    def level(self) -> int:
        """The level it asks for; 0: the condition has ended."""
        return 0 if self.event.state == "inactive" else self.event.level or self.rule.level

    @property
    def delay(self) -> Micros:
        """How late the event is; 0 when it is not."""
        delay = self.event.received - self.event.ts
        return delay if delay > LATE else 0


def judge(
    events: Iterable[Event],
    rules: Mapping[str, list[EventRule]],
    hears: Callable[[EventRule, int], bool],
    newest: Newest,
    stale_after: Micros,
) -> tuple[list[Heard], Newest]:
    """What rules hear of, in the order of arrival, and the newest times that these events renew.

    `hears` tells whether a rule is for a device, by its id.
    Events that are older than one that came before change nothing, nor do those that were received more than
    `stale_after` after they happened; if their kind is latching, more than a day, and an end of it counts whenever it
    comes.
    """
    heard: list[Heard] = []
    renewed: Newest = {}
    for event in _in_order(events):
        key = event.kind, event.device_id
        known = renewed.get(key, newest.get(key, LONG_AGO))
        if event.ts < known:
            continue
        renewed[key] = max(known, min(event.ts, event.received))  # a clock that is ahead makes nothing older
        if is_stale(event.kind, event.ts, event.received, event.state == "inactive", stale_after):
            continue
        heard += [Heard(rule, event) for rule in rules.get(event.kind, ()) if hears(rule, event.device_id)]
    return heard, renewed


def is_stale(kind: str, ts: Micros, received: Micros, ends: bool, stale_after: Micros) -> bool:
    """Whether an event came too late to change anything."""
    latching = NEVER if ends else TOO_LATE
    return ts < received - (latching if kind in LATCHING else stale_after)


def _in_order(events: Iterable[Event]) -> Iterator[Event]:
    """As they arrived; those of one message by their time."""
    for _, together in groupby(events, key=lambda event: (event.device_id, event.received)):
        yield from sorted(together, key=lambda event: event.ts)
