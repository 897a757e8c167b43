"""Active alerts of rules, and the changes a new level causes."""

from typing import NamedTuple
from uuid import UUID

from analytics.rules import changes
from hub.models import Micros

Key = tuple[int, int, bool]
"""(rule id, series id, False) of a threshold alert; (rule id, device id, True) of an event alert."""


class Open(NamedTuple):
    """An alert with an active condition."""

    id: UUID
    level: int
    peak: int
    """The highest level it had."""
    changed: Micros
    """Time of its last change."""
    ended: bool = False
    """A desk has ended its handling (closed, false_alarm, merged): nobody is to be told of its levels any more."""


class Step(NamedTuple):
    """A change of an alert."""

    kind: str
    """raised, updated, cleared."""
    alert: UUID
    ts: Micros
    level: int
    """After it; of `cleared` the one before."""


Staged = dict[Key, Open | None]
"""What a batch makes of alerts; None: its condition has ended."""


def steps_of(
    open_: Open | None, rule: str, target: str, onset: Micros | UUID | str, ts: Micros, after: int
) -> tuple[list[Step], Open | None]:
    """Changes when a rule's level at a target becomes `after`, and the resulting open alert.

    A value that stays beyond is no new onset once its alert has been ended: only above the peak of that is another
    one raised. No change is told to be before the one that precedes it.
    """
    if open_ is None:
        if not after:
            return [], None
        raised = Open(changes.alert_id(rule, target, onset), after, after, ts)
        return [Step("raised", raised.id, ts, after)], raised
    ts = max(ts, open_.changed)
    cleared = Step("cleared", open_.id, ts, open_.level)
    if not after:
        return [cleared], None
    if not open_.ended:
        updated = open_._replace(level=after, peak=max(open_.peak, after), changed=ts)
        return [Step("updated", open_.id, ts, after)], updated
    if after <= open_.peak:
        return [], open_
    steps, other = steps_of(None, rule, target, onset, ts, after)
    return [cleared, *steps], other
