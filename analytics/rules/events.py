"""Event rules: an alert is active while a kind of event is active at a place, a device or a part of it.

The state of such a rule at a place is its alert, so only the time of the newest event is kept beside it, and that of
the newest end, which counts for all below: what comes later and is older than these changes nothing. A redelivery never
gets here, for the store has excluded it.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from analytics.rules.definitions import EventRule
from analytics.rules.places import below, part_of, place_of, up_from
from analytics.rules.slots import LONG_AGO, NEVER
from devices.vocabulary import LATCHING, MOMENTARY
from hub.models import Event, Micros

Key = tuple[str, int]
"""(kind of event, device id)"""

Places = dict[str, Micros]
"""By place, the time at which the newest stored event counts: its own, but not after its arrival; and by the place
with OVER behind it that of the newest end."""

OVER = "\0"

_Both = ChainMap[str, Micros]
"""What a batch renews of them, before what was known: a device may have many, and no batch copies them."""

Newest = dict[Key, Places]
"""By kind and device."""

LATE: Micros = 900_000_000
"""An event that is received later than that after it happened is told to be late."""
KEPT_PLACES, MOST_PLACES = 37_500, 50_000
"""Of a kind at a device; protects memory from one that invents parts. A hundred fire panels have fewer."""
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
    forgotten: Callable[[Event], Iterable[str]] = lambda _: (),
) -> tuple[list[Heard], Newest]:
    """What rules hear of, in the order of arrival, and the newest times that these events renew.

    `hears` tells whether a rule is for a device, by its id; `forgotten` places below an end where an alert lasts.
    Events that are older than one that came before, or than an end around them, change nothing, nor do those that were
    received more than `stale_after` after they happened; if their kind is latching, more than a day, and an end of it
    counts whenever it comes. What is current was asked for, and lasts still: it is never too late. An end is heard at
    all places below it, too. One that nobody told (devices/episodes) makes nothing older: what comes
    after it is of another time, whatever a slow clock says.
    """
    heard: list[Heard] = []
    renewed: Newest = {}
    for event in _in_order(events):
        key, ends = (event.kind, event.device_id), event.state == "inactive"
        places = ChainMap(renewed.setdefault(key, {}), newest.get(key, {}))
        said: list[Event] = []
        counts = _lasts(event) or not is_stale(event.kind, event.ts, event.received, ends, stale_after)
        newest_known, told = _known(places, place := place_of(event.part)), not is_silent_end(event)
        if told:
            _renew(places, place, event)
        if event.ts >= newest_known and counts:
            said.append(event)
        if ends and counts:
            lasting = dict.fromkeys((*_lasting(places, place, event.ts), *forgotten(event)))
            said += [replace(event, part=part_of(each)) for each in lasting]
            if told:
                _renew(places, place + OVER, event)
        for one in said:
            heard += [Heard(rule, one) for rule in rules.get(event.kind, ()) if hears(rule, event.device_id)]
    return heard, renewed


def merge(newest: Newest, renewed: Newest) -> None:
    """Let what is renewed be newest."""
    for key, places in renewed.items():
        known = newest.setdefault(key, {})
        known.update({place: ts for place, ts in places.items() if ts > known.get(place, LONG_AGO)})
        if len(known) > MOST_PLACES:
            _forget(known)


def _forget(known: Places) -> None:
    """Keep the newest, and the device as a whole; what comes from a place that is forgotten counts."""
    oldest = sorted((ts, place) for place, ts in known.items() if place.removesuffix(OVER) != place_of(None))
    for _, place in oldest[: len(known) - KEPT_PLACES]:
        del known[place]


def _renew(places: _Both, place: str, event: Event) -> None:
    """A clock that is ahead makes nothing older."""
    places[place] = max(places.get(place, LONG_AGO), min(event.ts, event.received))


def _known(places: _Both, place: str) -> Micros:
    """What happened before that, at a place, is known to be over or was told."""
    return max([places.get(place, LONG_AGO), _over(places, place)])


def _over(places: _Both, place: str) -> Micros:
    """When the newest end was that counts for a place."""
    return max([places.get(above + OVER, LONG_AGO) for above in up_from(place)])


def _lasting(places: _Both, place: str, ts: Micros) -> list[str]:
    """The places below one where something may be active that happened up to a time."""
    prefix = below(place)
    renewed, known = places.maps
    return [
        each
        for each, at in {**known, **renewed}.items()
        if at <= ts and each != place and each.startswith(prefix) and each[-1] != OVER and at >= _over(places, each)
    ]


def _lasts(event: Event) -> bool:
    """Whether it is so still, however long ago it began: that of a kind without an end is over by itself."""
    return event.current and event.state != "inactive" and event.kind not in MOMENTARY


def is_stale(kind: str, ts: Micros, received: Micros, ends: bool, stale_after: Micros) -> bool:
    """Whether an event came too late to change anything."""
    latching = NEVER if ends else TOO_LATE
    return ts < received - (latching if kind in LATCHING else stale_after)


def is_silent_end(event: Event) -> bool:
    """Whether the hub took it for over, for nothing more was said (devices/episodes/episode.py)."""
    return event.state == "inactive" and event.attributes.get("ended") == "silent"


def _in_order(events: Iterable[Event]) -> Iterator[Event]:
    """As they arrived; those of one message by their time."""
    for _, together in groupby(events, key=lambda event: (event.device_id, event.received)):
        yield from sorted(together, key=lambda event: event.ts)
