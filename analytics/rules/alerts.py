"""Active alerts of rules, and the changes that a new level or an event causes."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np

from analytics.rules import changes
from analytics.rules.slots import NEVER, Ints, Slots
from devices.vocabulary import MOMENTARY
from hub.models import Event, Micros

REOPENED = ("closed", "false_alarm")
"""Ends of a handling after which the next event is an alert of its own; one that is merged goes on in another."""

Key = tuple[int, int, str]
"""(rule id, series id, "") of a threshold alert; (rule id, device id, place) of an event alert (places.py)."""


class Open(NamedTuple):
    """An alert with an active condition."""

    id: UUID
    level: int
    peak: int
    """The highest level it had."""
    changed: Micros
    """Time of its last change."""
    ended: str = ""
    """closed, false_alarm or merged, once a desk has ended its handling: nobody is told of its levels any more."""
    said: Micros = NEVER
    """Of a kind without an end: when its newest event happened."""
    lag: Micros = 0
    """How long that event took to come."""
    where: str = ""
    """What people call the part of the device that it is at."""


class Step(NamedTuple):
    """A change of an alert."""

    kind: str
    """raised, updated, cleared."""
    alert: UUID
    ts: Micros
    level: int
    """After it; of `cleared` the one before."""


def find(slots: Slots, keys: Sequence[Key]) -> Ints:
    """The slots of threshold alerts; -1 where there is none."""
    columns = np.array([key[:2] for key in keys], np.int64).reshape(-1, 2)
    return slots.find(columns[:, 0], columns[:, 1])


Staged = dict[Key, Open | None]
"""What a batch makes of alerts; None: its condition has ended."""
Steps = tuple[list[Step], Open | None]
"""Changes, and the alert after them."""


def steps_of(open_: Open | None, rule: str, target: str, onset: Micros | UUID | str, ts: Micros, after: int) -> Steps:
    """Changes when a rule's level at a target becomes `after`.

    A value that stays beyond is no new onset once its alert has been ended: only above the peak of that is another
    one raised. No change is told to be before the one that precedes it.
    """
    if open_ is None:
        if not after:
            return [], None
        raised = Open(changes.alert_id(rule, target, onset), after, after, ts)
        return [Step("raised", raised.id, ts, after)], raised
    if not after:
        return [_cleared(open_, ts)], None
    if not open_.ended:
        ts = max(ts, open_.changed)
        updated = open_._replace(level=after, peak=max(open_.peak, after), changed=ts)
        return [Step("updated", open_.id, ts, after)], updated
    if after <= open_.peak:
        return [], open_
    return _another(open_, rule, target, onset, ts, after)


def steps_of_event(open_: Open | None, rule: str, target: str, event: Event, level: int, mark: str = "") -> Steps:
    """Changes when an event says that the condition is active at a level, or (0) that it is not.

    Repeats and lower levels change nothing. One that comes after a desk has closed the alert is a new onset, and so is
    one of a kind without an end that happens after the length of the one before. `mark`: which correction it is.
    """
    onset = f"{event.id}{mark}"
    steps: list[Step] = []
    if open_ is not None and event.ts >= over_at(open_, event.kind):
        steps, open_ = [_cleared(open_, over_at(open_, event.kind))], None
    if open_ is not None and level and open_.ended in REOPENED:
        more, open_ = _another(open_, rule, target, onset, event.ts, level)
    elif open_ is not None and 0 < level <= open_.level:
        more = []
    else:
        more, open_ = steps_of(open_, rule, target, onset, event.ts, level)
    if open_ is not None and event.kind in MOMENTARY:
        open_ = open_._replace(said=event.ts, lag=max(0, event.received - event.ts))
    return steps + more, open_


def steps_when_over(open_: Open, kind: str) -> Steps:
    """Changes when the condition of a kind without an end is over by itself."""
    return [_cleared(open_, over_at(open_, kind))], None


def over_at(open_: Open, kind: str) -> Micros:
    """When the condition of an event alert is over by itself unless an event of its kind comes before, or NEVER."""
    return min(open_.said + MOMENTARY.get(kind, NEVER), NEVER)


def fires_at(open_: Open, kind: str) -> Micros:
    """When that is known: an event that comes before may take as long to come as the newest one did."""
    return min(over_at(open_, kind) + open_.lag, NEVER)


def _cleared(open_: Open, ts: Micros) -> Step:
    return Step("cleared", open_.id, max(ts, open_.changed), open_.level)


def _another(open_: Open, rule: str, target: str, onset: Micros | UUID | str, ts: Micros, level: int) -> Steps:
    """The alert gives way to another one."""
    cleared = _cleared(open_, ts)
    steps, other = steps_of(None, rule, target, onset, cleared.ts, level)
    return [cleared, *steps], other
