"""Alert transitions: one table as the source for code, database and documentation.

The condition is what is measured (active, cleared); the handling is what people do about it (GB/T 30428: 立案, 派遣,
处置, 核查, 结案). Cleared is not closed: either axis goes on while the other stands still.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple

Axis = Literal["condition", "handling", "record"]
"""record: what is written beside both, at any time, such as a comment."""
Need = Literal["", "condition cleared", "handling not ended", "checked"]

CONDITIONS = ("active", "cleared")
HANDLINGS = ("open", "acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "merged")
ENDED = frozenset({"closed", "false_alarm", "merged"})
"""Handlings after which nothing more is to be done: such an alert makes room for the next of its rule and target."""

DECIDE = "alerts:decide"
"""Held by the pipeline alone."""
STEP = "alerts:step"
MERGE = "alerts:merge"
RAISE = "alerts:raise"
ESCALATE = "alerts:escalate"
"""Held by the leader that follows the chains (hub/alerts/escalation_watch.py) alone."""
FUSE = "alerts:fuse"
"""Held by the leader that decides what is one incident (analytics/fusion) alone."""
CLOSE_OUT = "alerts:close_out"
"""By which a desk closes what it has checked in one step (销警), wherever its handling stands."""
DRILL = "drills:write"
"""By which a drill closes its alerts, wherever they are."""


class Transition(NamedTuple):
    """An allowed transition on one axis."""

    kind: str
    """What alert_change and the CloudEvent call it."""
    axis: Axis
    before: str
    """Empty: there is no alert yet."""
    after: str
    permission: str
    """What the caller must hold."""
    needs: Need = ""
    """What must hold on the other axis."""
    records: str = "actor, note"
    """What it writes besides seq, the time of the change and the picture."""


_MEASURED = "level, peak_level, value, threshold, title, changed_at"
_WHERE = "level, peak_level, title, event_kind, category, device or region, organisation, lon, lat, opened_at"

_CAUSE = "actor, note, cause"
_INTO = "actor, note, merged_into"
_DETAILS = "actor, note, details"
ANY = "any"

TRANSITIONS = (
    Transition("raised", "condition", "", "active", DECIDE, "", f"{_MEASURED}, opened_at, region"),
    Transition("raised", "condition", "", "active", RAISE, "", f"{_WHERE}, actor, note"),
    Transition("updated", "condition", "active", "active", DECIDE, "handling not ended", _MEASURED),
    Transition("updated", "condition", "active", "active", FUSE, "handling not ended", "level, peak_level, note"),
    Transition("cleared", "condition", "active", "cleared", DECIDE, "", f"{_MEASURED}, cleared_at"),
    Transition("acknowledged", "handling", "open", "acknowledged", STEP),
    Transition("false_alarm", "handling", "open", "false_alarm", STEP, "", _CAUSE),
    Transition("closed", "handling", "open", "closed", STEP, "condition cleared"),
    Transition("merged", "handling", "open", "merged", MERGE, "", _INTO),
    Transition("dispatched", "handling", "acknowledged", "dispatched", STEP),
    Transition("handled", "handling", "acknowledged", "handled", STEP),
    Transition("closed", "handling", "acknowledged", "closed", STEP),
    Transition("false_alarm", "handling", "acknowledged", "false_alarm", STEP, "", _CAUSE),
    Transition("merged", "handling", "acknowledged", "merged", MERGE, "", _INTO),
    Transition("handled", "handling", "dispatched", "handled", STEP),
    Transition("false_alarm", "handling", "dispatched", "false_alarm", STEP, "", _CAUSE),
    Transition("merged", "handling", "dispatched", "merged", MERGE, "", _INTO),
    Transition("verified", "handling", "handled", "verified", STEP),
    Transition("dispatched", "handling", "handled", "dispatched", STEP),
    Transition("closed", "handling", "verified", "closed", STEP),
    Transition("reopened", "handling", "closed", "open", STEP, "", _CAUSE),
    Transition("reopened", "handling", "false_alarm", "open", STEP, "", _CAUSE),
    Transition("closed", "handling", "open", "closed", CLOSE_OUT, "checked"),
    Transition("closed", "handling", "acknowledged", "closed", CLOSE_OUT, "checked"),
    Transition("closed", "handling", "dispatched", "closed", CLOSE_OUT, "checked"),
    Transition("closed", "handling", "handled", "closed", CLOSE_OUT, "checked"),
    Transition("closed", "handling", "verified", "closed", CLOSE_OUT, "checked"),
    Transition("closed", "handling", "open", "closed", DRILL),
    Transition("closed", "handling", "acknowledged", "closed", DRILL),
    Transition("closed", "handling", "dispatched", "closed", DRILL),
    Transition("closed", "handling", "handled", "closed", DRILL),
    Transition("closed", "handling", "verified", "closed", DRILL),
    Transition("commented", "record", ANY, ANY, STEP),
    Transition("attached", "record", ANY, ANY, STEP),
    Transition("assigned", "record", ANY, ANY, STEP, "handling not ended", "actor, note, assignee"),
    Transition("shelved", "record", ANY, ANY, STEP, "handling not ended", "actor, note, shelved_until"),
    Transition("unshelved", "record", ANY, ANY, STEP, "", "actor, note, shelved_until"),
    Transition("checked", "record", ANY, ANY, STEP, "handling not ended", f"{_DETAILS}, check_result"),
    Transition("transferred", "record", ANY, ANY, STEP, "handling not ended", _DETAILS),
    Transition("arrived", "record", ANY, ANY, STEP, "handling not ended", _DETAILS),
    Transition("reported_back", "record", ANY, ANY, STEP, "", _DETAILS),
    Transition("escalated", "record", ANY, ANY, ESCALATE, "handling not ended"),
    Transition("joined", "record", ANY, ANY, FUSE, "", _DETAILS),
    Transition("separated", "record", ANY, ANY, STEP, "", _DETAILS),
)

KINDS = tuple(dict.fromkeys(transition.kind for transition in TRANSITIONS))
RECORDS = frozenset(transition.kind for transition in TRANSITIONS if transition.axis == "record")
"""Changes of neither axis: in the history and the stream, but told to no consumer; `escalated` to those of its step."""
HANDLING_AFTER = {transition.kind: transition.after for transition in TRANSITIONS if transition.axis == "handling"}


AXES: tuple[Axis, ...] = ("condition", "handling", "record")
MOVING: tuple[Axis, ...] = AXES[:2]


def state_of(handling: str, cleared: bool) -> str:
    """Combined state: `cleared` for an open alert whose condition cleared, otherwise the handling."""
    return "cleared" if cleared and handling == "open" else handling


def possible(
    handling: str, cleared: bool, permission: str, axes: Collection[Axis] = MOVING, checked: bool = False
) -> list[str]:
    """Kinds of change allowed to the holder of a permission, sorted; `checked`: whether somebody has (核实)."""
    here = {"condition": CONDITIONS[cleared], "handling": handling, "record": ANY}
    return sorted(
        transition.kind
        for transition in TRANSITIONS
        if transition.permission == permission
        and transition.axis in axes
        and transition.before == here[transition.axis]
        and (transition.needs != "condition cleared" or cleared)
        and (transition.needs != "handling not ended" or handling not in ENDED)
        and (transition.needs != "checked" or checked)
    )


def refusal(kind: str, handling: str, cleared: bool, permission: str, checked: bool = False) -> str | None:
    """Why a change is not allowed, listing those that are; None when it is allowed."""
    if kind in possible(handling, cleared, permission, AXES, checked):
        return None
    if not checked and kind in possible(handling, cleared, permission, AXES, checked=True):
        return "it has not been checked (核实): record first whether it is real"
    allowed = possible(handling, cleared, permission)
    return (
        f"from {state_of(handling, cleared)} to {kind}; "
        f"possible from here: {', '.join(allowed) or 'nothing; it has ended'}"
    )
