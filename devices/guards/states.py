"""Which guards are off: a state for each device, part and kind. Pure.

A state begins and ends with events, or with the flags of readings; what is older than the newest that is known of it
changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from devices.vocabulary import GUARDS
from hub.models import Event, Micros
from hub.quality import Quality

FLAGS: Mapping[str, Quality] = {
    "shielded": Quality.SHIELDED,
    "test": Quality.TEST,
    "maintenance": Quality.MAINTENANCE,
    "calibration": Quality.CALIBRATION,
}
"""By kind the flag of a reading that tells it."""
MASK = np.int16(Quality.SHIELDED | Quality.TEST | Quality.MAINTENANCE | Quality.CALIBRATION)

Key = tuple[int, str, str]
"""(device id, part, kind); of a reading the part is its metric, of an event the part that it is at."""


class Off(NamedTuple):
    """A guard that is, or was, off."""

    since: Micros
    over: Micros | None = None
    """Since when it is on again; None: it is off."""
    told: bool = False
    """Whether that it lasts too long was raised as an alert."""


class Said(NamedTuple):
    """What a message says of a guard."""

    key: Key
    at: Micros
    off: bool


States = dict[Key, Off]


def said_by(events: Iterable[Event]) -> Iterator[Said]:
    """What events say, in their order."""
    for event in events:
        if event.kind in GUARDS:
            at = min(event.ts, event.received)
            yield Said((event.device_id, event.part or "", event.kind), at, event.state != "inactive")


def at_or_below(part: str, other: str) -> bool:
    """Whether a part is another one, or below it; empty: the whole device."""
    return not other or part == other or part.startswith(f"{other}/")


def with_parts(said: Said, known: Iterable[Key]) -> Iterator[Said]:
    """What was said, and what it says of parts below: an end ends all below it; `known` are those that are off at its
    device, as far as events have told them. An end at the whole device says nothing of what readings told."""
    yield said
    device, part, kind = said.key
    if not said.off:
        for key in known:
            if key[0] == device and key[2] == kind and key[1] != part and at_or_below(key[1], part):
                yield Said(key, said.at, False)


def is_over(said: Said, ends: Mapping[Key, Micros]) -> bool:
    """Whether what an event says began before an end at its part, or around it, that is known already."""
    device, part, kind = said.key
    names = part.split("/") if part else []
    around = ["/".join(names[:count]) for count in range(len(names) + 1)]
    return said.off and any(said.at < ends.get((device, each, kind), said.at) for each in around)


def after(known: Off | None, at: Micros, off: bool) -> Off | None:
    """The state after something was said of it; None: it has none still."""
    if known is None:
        return Off(at) if off else None
    newest = known.since if known.over is None else known.over
    if at < newest or off == (known.over is None):
        return known
    return Off(at) if off else known._replace(over=at)
