"""What nobody is told of yet, for its rule does not count at that time: told once it does, if it lasts.

Only rises are withheld. So what is told of a condition is its level where the rule counts, and elsewhere the lowest
level since it counted last.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analytics.rules.alerts import Key, Open, Step
from analytics.rules.repetition import counted_at
from devices.vocabulary import MOMENTARY
from hub.models import Event, Micros

Opens = Callable[[Micros, int], Micros]
"""From when on, not before a time, people may be told of a level."""


class Withheld(NamedTuple):
    """A condition whose level is above what was told."""

    level: int
    since: Micros
    """When it rose above that."""
    value: float | None
    """Of the reading that made it the level it is."""
    event: Event | None = None
    """The event that says it, of a rule about events."""


Held = dict[Key, Withheld | None]
"""What a batch makes of what is withheld; None: it is over, or told."""


class Told(NamedTuple):
    """A level that is told."""

    ts: Micros
    level: int
    value: float
    since: Micros | None = None
    """When it became that, where it was withheld since."""


def tell(
    held: Withheld | None, alert: Open | None, now: Told, opens: Opens, oldest: Micros
) -> tuple[list[Told], Withheld | None]:
    """What is told when the level of a condition becomes another one, and what is withheld then.

    What was withheld until a time before `oldest` waits for what the next reading says.
    """
    told: list[Told] = []
    before = _lowest(alert, now.level)
    if held is not None and oldest <= (at := opens(held.since, held.level)) <= now.ts:
        told.append(opened(held, at))
        before, held = held.level, None
    if opens(now.ts, now.level) <= now.ts:
        return [*told, now._replace(since=held.since if held is not None and now.level else None)], None
    if now.level <= before:
        return ([*told, now] if now.level < before else told), None
    return told, Withheld(now.level, now.ts if held is None else held.since, now.value)


def opened(held: Withheld, at: Micros) -> Told:
    """What is told when the rule counts again."""
    return Told(at, held.level, math.nan if held.value is None else held.value, held.since)


def said(
    event: Event, level: int, steps: Sequence[Step], held: Withheld | None, opens: Opens
) -> tuple[bool, Withheld | None]:
    """Whether the steps of an event of a level are told, and what is withheld after it."""
    at = counted_at(event)
    if all(step.kind == "cleared" for step in steps) or opens(at, level) <= at:
        return True, None if steps or not level else held
    if not lasts(event) or (held is not None and level <= held.level):
        return False, held
    return False, Withheld(level, at if held is None else held.since, None, event)


def lasts(event: Event) -> bool:
    """Whether an event says that something is active until its end comes; what only happens is over at once."""
    return event.state == "active" and event.kind not in MOMENTARY


def _lowest(alert: Open | None, level: int) -> int:
    """The level that was told, when the condition gets a level: of an alert that a desk has ended, up to its peak."""
    if alert is None:
        return 0
    return alert.peak if alert.ended and level else alert.level
