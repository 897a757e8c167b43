"""What a state that an outside case system tells means for a case here. Pure."""

from collections import deque
from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from hub.cases.transitions import STAGES, TRANSITIONS
from hub.words.sentence import Sentence

StepWord = Literal["returned", "failed"]
"""Steps that a state of an outside system may stand for."""
TARGETS = (*(stage for stage in STAGES if stage not in ("coordinating", "merged")), *get_args(StepWord))
"""What a state of an outside system may stand for: a stage that is to be reached, or a step back."""
_FORWARD = frozenset({"accepted", "filed", "dispatched", "taken", "handled", "passed", "closed"})
_AFTER = {"returned": ("filed", "coordinating"), "failed": ("handling",)}


class Standing(NamedTuple):
    """Where a case is."""

    id: UUID
    number: str
    stage: str
    stage_at: datetime
    stage_by: str
    organisation: str | None
    responsible: str | None
    goes_on: str | None = None
    """Of a merged case: the stage of the one in which it goes on."""


class Way(NamedTuple):
    """What is to be done."""

    outcome: Literal["steps", "unchanged", "older", "conflict"]
    steps: tuple[str, ...] = ()
    """Kinds of step, in order."""
    reason: Sentence | None = None
    """Of a conflict."""


def way(case: Standing, target: str, at: datetime, by: str, visited: Collection[str]) -> Way:
    """What a state means that a system tells of a moment.

    `by` is the actor that its own steps have, `visited` the stages in which the case has been, and its steps back. What
    is older than what somebody else has done here is no news where the case has been through it, and else a conflict:
    both have moved it.
    """
    if target in (case.stage, case.goes_on) or case.stage in _AFTER.get(target, ()):
        return Way("unchanged")
    if case.stage_by != by and at <= case.stage_at:
        if target in visited:
            return Way("older")
        return Way("conflict", reason=Sentence("outside.both", stage=Sentence(f"case.stage.{case.stage}")))
    steps = steps_to(case.stage, target)
    if steps is None:
        return Way("conflict", reason=no_way(case, target))
    return Way("steps", steps)


def steps_to(stage: str, target: str, back: bool = False) -> tuple[str, ...] | None:
    """The fewest steps from a stage to a target, forward or, if `back`, also by returns; None where there are none."""
    if target in get_args(StepWord):
        return (target,) if any(each.before == stage and each.kind == target for each in TRANSITIONS) else None
    kinds = _FORWARD | ({"rejected"} if target == "rejected" else set()) | ({"returned", "failed"} if back else set())
    ways, seen = deque([(stage, tuple[str, ...]())]), {stage}
    while ways:
        here, steps = ways.popleft()
        if here == target:
            return steps
        for each in TRANSITIONS:
            if each.before == here and each.kind in kinds and each.after not in seen:
                seen.add(each.after)
                ways.append((each.after, (*steps, each.kind)))
    return None


def no_way(case: Standing, target: str) -> Sentence:
    """That no steps lead from where a case is to a target."""
    kind = "step" if target in get_args(StepWord) else "stage"
    wanted, stage = Sentence(f"case.{kind}.{target}"), Sentence(f"case.stage.{case.stage}")
    return Sentence("outside.no_way", target=wanted, stage=stage)
