"""Case transitions: one table as the source for code, database and documentation.

A case (案件) is in one stage (上报, 受理, 立案, 派遣, 处置, 核查, 结案), each with a clock. Beside it a case may be
suspended (挂账, 缓办), which stops its clocks, and one thing at a time may be asked for, which another person decides.
"""

from typing import Literal, NamedTuple

Need = Literal[
    "running", "suspended", "nothing asked", "extension asked", "suspension asked", "third return",
    "before the third return", "supervised", "not supervised",
]  # fmt: skip

STAGES = (
    "reported", "accepted", "filed", "dispatched", "coordinating", "handling", "verifying", "verified", "closed",
    "rejected", "merged",
)  # fmt: skip
ENDED = frozenset({"closed", "rejected", "merged"})
"""Stages in which nothing more is to be done."""
FIRST = ("reported", "accepted")
CLOCKED = tuple(stage for stage in STAGES if stage not in ENDED)
"""Stages with a clock."""
WHOLE = "case"
"""What deadline tables and clocks call the time from filing (立案) to the end."""
SUPERVISION = "supervision"
"""The clock of an answer that a superior waits for (督办)."""
REVIEW = "review"
"""The clock of a suspension, until somebody looks at it again."""
RETURNS = 3
"""The return (退回) that goes to coordination (协调)."""

HANDLE = "cases:handle"
APPROVE = "cases:approve"
HUB = "cases:hub"
"""Held by the hub alone: what it finds out by its clocks, or what follows from another case."""
ANY = "any"
"""Any stage; the case stays in it."""
OPEN = "open"
"""Any stage that has not ended; the case stays in it."""


class Transition(NamedTuple):
    """An allowed step."""

    kind: str
    """What case_step and the API call it."""
    before: str
    """A stage, ANY or OPEN. Empty: there is no case yet."""
    after: str
    permission: str
    """What the caller must hold."""
    needs: tuple[Need, ...] = ("running",)
    records: str = "note"
    """What it writes besides seq, time, person and stages."""


_REASON = "note (required)"
_PLACE = "title, category, component, level, region, organisation, lon, lat, alert, source, note"
_TO = "responsible, assisting, note"
_ANYWHERE: tuple[Need, ...] = ()

TRANSITIONS = (
    Transition("reported", "", "reported", HANDLE, _ANYWHERE, _PLACE),
    Transition("reported", "", "reported", HUB, _ANYWHERE, _PLACE),
    Transition("accepted", "reported", "accepted", HANDLE),
    Transition("rejected", "reported", "rejected", HANDLE, records=_REASON),
    Transition("rejected", "accepted", "rejected", HANDLE, records=_REASON),
    Transition("self_handled", "reported", "closed", HANDLE, records=_REASON),
    Transition("self_handled", "accepted", "closed", HANDLE, records=_REASON),
    Transition("filed", "accepted", "filed", HANDLE),
    Transition("dispatched", "filed", "dispatched", HANDLE, records=_TO),
    Transition("dispatched", "coordinating", "dispatched", APPROVE, records=_TO),
    Transition("taken", "dispatched", "handling", HANDLE),
    Transition("returned", "dispatched", "filed", HANDLE, ("running", "before the third return"), _REASON),
    Transition("returned", "handling", "filed", HANDLE, ("running", "before the third return"), _REASON),
    Transition("returned", "dispatched", "coordinating", HANDLE, ("running", "third return"), _REASON),
    Transition("returned", "handling", "coordinating", HANDLE, ("running", "third return"), _REASON),
    Transition("handled", "handling", "verifying", HANDLE),
    Transition("passed", "verifying", "verified", HANDLE),
    Transition("failed", "verifying", "handling", HANDLE, records=_REASON),
    Transition("closed", "verified", "closed", HANDLE),
    *(
        Transition("merged", stage, "merged", HANDLE, _ANYWHERE, "merged_into, note")
        for stage in ("reported", "accepted", "filed", "dispatched", "coordinating", "handling")
    ),
    *(Transition("classified", stage, stage, HANDLE, _ANYWHERE, "category, component, level, note")
      for stage in ("reported", "accepted", "filed")),
    Transition("commented", ANY, ANY, HANDLE, _ANYWHERE, _REASON),
    Transition("attached", ANY, ANY, HANDLE, _ANYWHERE, "its files, note"),
    *(Transition("extension_asked", stage, stage, HANDLE, ("running", "nothing asked"), "hours, note (required)")
      for stage in ("dispatched", "handling")),
    Transition("extension_granted", OPEN, OPEN, APPROVE, ("running", "extension asked")),
    Transition("extension_refused", OPEN, OPEN, APPROVE, ("extension asked",), _REASON),
    *(Transition("suspension_asked", stage, stage, HANDLE, ("running", "nothing asked"), "until, note (required)")
      for stage in ("filed", "dispatched", "coordinating", "handling")),
    Transition("suspension_granted", OPEN, OPEN, APPROVE, ("running", "suspension asked")),
    Transition("suspension_refused", OPEN, OPEN, APPROVE, ("suspension asked",), _REASON),
    Transition("suspension_reviewed", OPEN, OPEN, APPROVE, ("suspended",), "until, note (required)"),
    Transition("resumed", OPEN, OPEN, HANDLE, ("suspended",)),
    Transition("supervised", OPEN, OPEN, APPROVE, ("not supervised",), "level, until, note (required)"),
    Transition("answered", OPEN, OPEN, HANDLE, ("supervised",), _REASON),
    Transition("joined", OPEN, OPEN, HUB, _ANYWHERE, "the case that goes on in it"),
    Transition("overdue", OPEN, OPEN, HUB, _ANYWHERE, "clock"),
    Transition("deadlines_known", OPEN, OPEN, HUB, _ANYWHERE, "deadlines of which the calendar was missing"),
    Transition("upheld", ANY, ANY, HUB, _ANYWHERE, _REASON),
    Transition("concluded", "merged", "merged", HUB, _ANYWHERE, "outcome of the case it went on in"),
)  # fmt: skip

KINDS = tuple(dict.fromkeys(transition.kind for transition in TRANSITIONS))
REASONED = frozenset(transition.kind for transition in TRANSITIONS if "note (required)" in transition.records)
"""Steps that say why."""
WITH_FILE = frozenset({"attached"})
"""Steps that are taken by bringing a file."""
MOVING = frozenset(each.kind for each in TRANSITIONS if each.before != each.after)
"""Steps to another stage."""
FOLLOWING = frozenset(each.kind for each in TRANSITIONS if each.permission == HUB) - {"reported"}
"""Steps that nobody takes: what the hub finds out, and what follows from a step of another case."""


class Situation(NamedTuple):
    """What of a case decides which steps it allows."""

    stage: str
    suspended: bool
    asked: str | None
    """extension or suspension, while it waits for a decision."""
    returned: int
    """How often it was returned."""
    supervised: bool
    """Whether a superior waits for an answer."""

    def has(self, need: Need) -> bool:
        """Whether a need is met."""
        return {
            "running": not self.suspended,
            "suspended": self.suspended,
            "nothing asked": self.asked is None,
            "extension asked": self.asked == "extension",
            "suspension asked": self.asked == "suspension",
            "third return": self.returned + 1 >= RETURNS,
            "before the third return": self.returned + 1 < RETURNS,
            "supervised": self.supervised,
            "not supervised": not self.supervised,
        }[need]


def _from_here(situation: Situation, kind: str | None = None, permission: str | None = None) -> list[Transition]:
    return [
        each
        for each in TRANSITIONS
        if (each.before in (situation.stage, ANY) or (each.before == OPEN and situation.stage not in ENDED))
        and kind in (None, each.kind)
        and permission in (None, each.permission)
    ]


def possible(situation: Situation, permission: str) -> list[str]:
    """Kinds of step that the holder of a permission may take by naming them, sorted."""
    found = _from_here(situation, permission=permission)
    return sorted({each.kind for each in found if all(map(situation.has, each.needs))} - WITH_FILE)


def allowed(situation: Situation, kind: str, permission: str) -> Transition | None:
    """The transition that a step is; None when it is not allowed."""
    for each in _from_here(situation, kind, permission):
        if all(map(situation.has, each.needs)):
            return each
    return None


def missing(situation: Situation, kind: str, permission: str) -> Need | None:
    """What a step lacks that its stage and its permission would allow."""
    for each in _from_here(situation, kind, permission):
        for need in each.needs:
            if not situation.has(need):
                return need
    return None


def whose(situation: Situation, kind: str) -> str | None:
    """The permission by which a step could be taken here; None: by none."""
    return next((each.permission for each in _from_here(situation, kind)), None)
