"""What a list of steps makes of cases, each checked against the transition table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

from hub.cases.case import Case
from hub.cases.stage_clock import Terms
from hub.cases.step import Change, Report, Step
from hub.cases.transitions import (
    ENDED,
    HUB,
    MOVING,
    REASONED,
    WHOLE,
    Transition,
    allowed,
    missing,
    possible,
    whose,
)
from hub.words.sentence import Sentence


class Result(NamedTuple):
    """The result of a step."""

    change: Change
    outcome: Literal["applied", "repeated", "refused"]
    """Repeated: a step of this id was taken before; nothing was changed by it now."""
    reason: Sentence | None = None
    """Why it was refused."""
    case: Case | None = None
    """As it is after it; None: there is no such case."""
    stale: bool = False
    """Refused because the case has changed since it was seen."""


class Taken(NamedTuple):
    """A row of case_step."""

    id: UUID
    case_id: UUID
    seq: int
    at: datetime
    kind: str
    stage_from: str | None
    stage_to: str
    actor: str
    principal: UUID | None
    organisation: str | None
    note: str | None
    detail: dict[str, Any]


class Known(NamedTuple):
    """What a step of an id was."""

    case_id: UUID
    kind: str


@dataclass(slots=True)
class Plan:
    """The effect of a list of steps."""

    results: list[Result] = field(default_factory=list)
    steps: list[Taken] = field(default_factory=list)
    after: list[Case] = field(default_factory=list)
    """For each step its case as it was then; its clocks are as they are in the end."""
    added: list[Case] = field(default_factory=list)
    changed: dict[UUID, Case] = field(default_factory=dict)
    """Those that were there before."""

    def record(self, step: Taken, case: Case) -> None:
        """Note a step that was taken."""
        self.steps.append(step)
        self.after.append(copy(case))


@dataclass(slots=True, frozen=True)
class Stored:
    """What is known of the cases that the steps name."""

    known: Mapping[UUID, Known]
    """Steps of these ids that were taken earlier."""
    cases: Sequence[Case]
    """Those named, those they are merged into, and those that went on in one that may end now."""
    alerts: Mapping[UUID, UUID]
    """Of alerts of which cases are reported: the case that there is of it, open, or made by a rule."""


def plan(changes: Iterable[Change], stored: Stored, terms: Terms) -> Plan:
    """Take steps in their order."""
    planned, known = Plan(), dict(stored.known)
    cases, alerts = {case.id: case for case in stored.cases}, dict(stored.alerts)
    for change in changes:
        case = cases.get(change.case_id)
        if (before := known.get(change.id)) is not None:
            same = before == Known(change.case_id, change.kind)
            reason = None if same else Sentence("refusal.case.known_id")
            planned.results.append(Result(change, "repeated" if same else "refused", reason, case))
            continue
        if isinstance(change, Report):
            reason = _no_report(change, case, alerts)
            if reason is None:
                cases[change.case_id] = case = _reported(change, terms, planned)
                if change.alert_id is not None:
                    alerts[change.alert_id] = case.id
        elif case is None:
            reason = Sentence("refusal.case.missing")
        else:
            reason = _step(change, case, cases, terms, planned)
        if reason is not None:
            stale = case is not None and isinstance(change, Step) and change.seen not in (None, case.seq)
            planned.results.append(Result(change, "refused", reason, case, stale))
            continue
        known[change.id] = Known(change.case_id, change.kind)
        planned.results.append(Result(change, "applied", None, case))
    return planned


def _no_report(report: Report, case: Case | None, alerts: Mapping[UUID, UUID]) -> Sentence | None:
    if case is not None:
        return Sentence("refusal.case.id_taken")
    if report.alert_id is not None and (other := alerts.get(report.alert_id)) is not None:
        return Sentence("refusal.case.alert_has_case", case=str(other))
    return None


def _reported(report: Report, terms: Terms, planned: Plan) -> Case:
    case = Case(
        report.case_id, report.title, report.source, report.at, report.actor, report.region, report.organisation,
        category_kind=report.category_kind, category=report.category, category_version=report.category_version,
        component=report.component, level=report.level, lon=report.lon, lat=report.lat, alert_id=report.alert_id,
    )  # fmt: skip
    case.report(report, terms)
    planned.added.append(case)
    taken = Taken(
        report.id, case.id, 1, report.at, "reported", None, "reported", report.actor, report.principal,
        report.by_organisation, report.note, {},
    )  # fmt: skip
    planned.record(taken, case)
    return case


def _step(step: Step, case: Case, cases: Mapping[UUID, Case], terms: Terms, planned: Plan) -> Sentence | None:
    """Take a step; why it is not taken, if it is not."""
    if step.seen not in (None, case.seq):
        return Sentence("refusal.case.stale", seen=step.seen or 0, seq=case.seq)
    transition = allowed(case.situation, step.kind, step.permission)
    if transition is None:
        return _refusal(step, case)
    reason = _incomplete(step) or _not_by(step, case)
    if reason is None and step.kind == "overdue" and not _ran_out(step, case):
        reason = Sentence("refusal.case.not_overdue")
    if reason is None and step.kind == "merged":
        reason = _no_merge(step, case, cases)
    if reason is not None:
        return reason
    _take(step, case, transition, terms, planned)
    if step.kind == "merged" and step.into is not None:
        _join(step, case, cases[step.into], terms, planned)
    if case.stage in ENDED and case.stage != "merged":
        for merged in _went_on_in(case.id, cases):
            _conclude(step, case, merged, terms, planned)
    return None


def _take(step: Step, case: Case, transition: Transition, terms: Terms, planned: Plan, **more: object) -> None:
    before, told = case.stage, case.updated_at or step.at
    step = replace(step, at=max(step.at, _not_before(step, case)))
    case.take(step, transition, terms)
    case.updated_at = max(step.at, told)
    if not any(case is added for added in planned.added):
        planned.changed[case.id] = case
    taken = Taken(
        step.id, case.id, case.seq, step.at, step.kind, before, case.stage, step.actor, step.principal,
        step.by_organisation, step.note, {**_detail(step), **more},
    )  # fmt: skip
    planned.record(taken, case)


def _not_before(step: Step, case: Case) -> datetime:
    """The earliest moment of a step. One to another stage may be told late: what was noted meanwhile does not move it,
    only what its stage and the clocks that it ends began with."""
    if step.kind not in MOVING:
        return case.updated_at or step.at
    ending = [clock for clock in case.clocks if clock.left_at is None and clock.stage in (case.stage, WHOLE)]
    known = [case.stage_at, *(clock.running_from or clock.stopped_at for clock in ending)]
    return max((at for at in known if at is not None), default=step.at)


def _detail(step: Step) -> dict[str, Any]:
    names = ("responsible", "hours", "level", "category_kind", "category", "component", "clock")
    told = {name: value for name in names if (value := getattr(step, name)) is not None}
    if step.assisting:
        told["assisting"] = list(step.assisting)
    if step.into is not None:
        told["into"] = str(step.into)
    if step.until is not None:
        told["until"] = step.until.isoformat()
    return told


def _join(step: Step, case: Case, into: Case, terms: Terms, planned: Plan) -> None:
    """The other case has its reporters from now on, and says so."""
    into.reporters += case.reporters
    joined = Step(uuid5(step.id, "joined"), into.id, "joined", step.at, step.actor, HUB, step.principal)
    transition = allowed(into.situation, "joined", HUB)
    if transition is not None:
        _take(joined, into, transition, terms, planned, joined=str(case.id))


def _went_on_in(id_: UUID, cases: Mapping[UUID, Case]) -> list[Case]:
    """The cases that were merged into one, and into these."""
    found = [case for case in cases.values() if case.merged_into == id_]
    return found + [deeper for case in found for deeper in _went_on_in(case.id, cases)]


def _conclude(step: Step, case: Case, merged: Case, terms: Terms, planned: Plan) -> None:
    """Those who reported a case that went on in another learn what came of it."""
    told = Step(uuid5(step.id, str(merged.id)), merged.id, "concluded", step.at, step.actor, HUB, step.principal)
    transition = allowed(merged.situation, "concluded", HUB)
    if transition is not None:
        outcome = {"case": str(case.id), "stage": case.stage, "closed_how": case.closed_how}
        _take(told, merged, transition, terms, planned, outcome=outcome)


_WANTED = {
    "dispatched": ("responsible",),
    "extension_asked": ("hours",),
    "suspension_asked": ("until",),
    "suspension_reviewed": ("until",),
    "supervised": ("level", "until"),
    "merged": ("into",),
}


def _incomplete(step: Step) -> Sentence | None:
    """What a step needs and does not say."""
    if step.kind in REASONED and not (step.note or "").strip():
        return Sentence("refusal.case.reason", kind=Sentence(f"case.step.{step.kind}"))
    for name in _WANTED.get(step.kind, ()):
        if getattr(step, name) is None:
            return Sentence("refusal.case.field", kind=Sentence(f"case.step.{step.kind}"), field=name)
    if step.until is not None and step.until <= step.at:
        return Sentence("refusal.case.past")
    return None


def _not_by(step: Step, case: Case) -> Sentence | None:
    """Why it is not for this person."""
    if step.kind in ("extension_granted", "suspension_granted") and step.actor == case.asked_by:
        return Sentence("refusal.case.same_person")
    moves = step.kind in MOVING or step.kind in ("extension_asked", "suspension_asked")
    owners = (case.responsible, case.organisation)
    if moves and step.by_organisation in case.assisting and step.by_organisation not in owners:
        return Sentence("refusal.case.assists", responsible=case.responsible or "")
    return None


def _ran_out(step: Step, case: Case) -> bool:
    return any(
        clock.visit == step.clock and clock.left_at is None and clock.overdue_at is None
        and clock.due_at is not None and clock.due_at <= step.at
        for clock in case.clocks
    )  # fmt: skip


def _no_merge(step: Step, case: Case, cases: Mapping[UUID, Case]) -> Sentence | None:
    into = None if step.into is None else cases.get(step.into)
    if into is None:
        return Sentence("refusal.case.merge_missing", into=str(step.into))
    if into is case:
        return Sentence("refusal.case.merge_itself")
    if into.merged_into == case.id or into in _went_on_in(case.id, cases):
        return Sentence("refusal.case.merge_circle", into=into.number or str(into.id))
    if into.stage in ENDED:
        stage = Sentence(f"case.stage.{into.stage}")
        return Sentence("refusal.case.merge_ended", into=into.number or str(into.id), stage=stage)
    return None


def _refusal(step: Step, case: Case) -> Sentence:
    """Why the table does not allow a step, and what to do instead."""
    kind = Sentence(f"case.step.{step.kind}")
    need = missing(case.situation, step.kind, step.permission)
    if need is not None:
        return Sentence(f"refusal.case.need.{need.replace(' ', '_')}", kind=kind)
    if (other := whose(case.situation, step.kind)) is not None:
        return Sentence("refusal.case.permission", kind=kind, permission=other)
    ways = ", ".join(possible(case.situation, step.permission))
    if case.stage in ENDED:
        return Sentence("refusal.case.ended", kind=kind, stage=Sentence(f"case.stage.{case.stage}"))
    return Sentence("refusal.case.step", kind=kind, stage=Sentence(f"case.stage.{case.stage}"), possible=ways)
