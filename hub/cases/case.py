"""A case and its clocks, and what a step makes of them. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hub.cases.deadlines import Limit
from hub.cases.stage_clock import Clock, Terms
from hub.cases.step import Report, Step
from hub.cases.transitions import CLOCKED, ENDED, REVIEW, SUPERVISION, WHOLE, Situation, Transition


@dataclass(slots=True)
class Case:
    """A row of table case_file, without derived columns, and its clocks that are not over."""

    id: UUID
    title: str
    source: str
    reported_at: datetime
    reported_by: str
    region: str | None
    organisation: str | None
    number: str | None = None
    """What people call it (案卷号); given when it is stored."""
    stage: str = "reported"
    seq: int = 0
    category_kind: str | None = None
    category: str | None = None
    category_version: int | None = None
    component: str | None = None
    level: int | None = None
    lon: float | None = None
    lat: float | None = None
    alert_id: UUID | None = None
    responsible: str | None = None
    assisting: list[str] = field(default_factory=list)
    accepted_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    handled_at: datetime | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    closed_how: str | None = None
    """handled or self_handled, of a closed case."""
    due_at: datetime | None = None
    """Of the whole case."""
    stage_at: datetime | None = None
    """Since when it is in its stage, and by whose step."""
    stage_by: str | None = None
    stage_due_at: datetime | None = None
    returned: int = 0
    reworked: int = 0
    extended: int = 0
    suspended: int = 0
    suspended_at: datetime | None = None
    review_at: datetime | None = None
    supervision: int | None = None
    """Level of a supervision that waits for its answer."""
    supervision_due_at: datetime | None = None
    supervised: int = 0
    asked: str | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    asked_hours: float | None = None
    asked_until: datetime | None = None
    merged_into: UUID | None = None
    reporters: int = 1
    updated_at: datetime | None = None
    visits: int = 0
    """How many clocks it had."""
    clocks: list[Clock] = field(default_factory=list)

    @property
    def situation(self) -> Situation:
        """What decides which steps it allows."""
        return Situation(
            self.stage, self.suspended_at is not None, self.asked, self.returned, self.supervision is not None
        )

    def report(self, report: Report, terms: Terms) -> None:
        """Begin."""
        self.seq, self.updated_at = 1, report.at
        self._enter("reported", report.at, report.actor, terms)
        self._tell_due()

    def take(self, step: Step, transition: Transition, terms: Terms) -> None:
        """Apply a step that is allowed."""
        self.seq += 1
        self.updated_at = step.at
        self._record(step, terms)
        if transition.before != transition.after:
            self._move(step, transition.after, terms)
        self._tell_due()

    def _move(self, step: Step, stage: str, terms: Terms) -> None:
        self._answer_asked()
        self._end_clock(self.stage, step, terms)
        self._enter(stage, step.at, step.actor, terms)
        match stage:
            case "accepted":
                self.accepted_at = step.at
            case "filed" if self.filed_at is None:
                self.filed_at = step.at
                self._begin(WHOLE, step.at, terms)
            case "dispatched":
                self.dispatched_at = step.at
                self.responsible, self.assisting = step.responsible, list(step.assisting)
            case "verifying":
                self.handled_at = step.at
            case "closed":
                self.closed_at, self.closed_how = step.at, "self_handled" if step.kind == "self_handled" else "handled"
        if stage in ENDED:
            self._end(step, terms)

    def _end(self, step: Step, terms: Terms) -> None:
        self.ended_at, self.suspended_at, self.review_at = step.at, None, None
        self.supervision = self.supervision_due_at = None
        for clock in self.clocks:
            if clock.left_at is None:
                clock.leave(step.at, terms.keeper)

    def _record(self, step: Step, terms: Terms) -> None:
        """What a step writes beside the stage."""
        match step.kind:
            case "returned":
                self.returned += 1
            case "failed":
                self.reworked += 1
            case "merged":
                self.merged_into = step.into
            case "classified":
                self._classify(step, terms)
            case "supervised" | "answered":
                self._supervise(step, terms)
            case "overdue" | "deadlines_known":
                self._note(step, terms)
            case _:
                self._decide(step, terms)

    def _note(self, step: Step, terms: Terms) -> None:
        """What the hub finds out by the clocks."""
        for clock in self.clocks:
            if step.kind == "overdue" and clock.visit == step.clock:
                clock.overdue_at, clock.alert_id = step.at, step.alert_id
            elif step.kind == "deadlines_known" and clock.unknown:
                clock.set_due(terms.keeper)

    def _decide(self, step: Step, terms: Terms) -> None:
        """What is asked for, and what comes of it."""
        match step.kind:
            case "extension_asked" | "suspension_asked":
                self.asked, self.asked_by, self.asked_at = step.kind.removesuffix("_asked"), step.actor, step.at
                self.asked_hours, self.asked_until = step.hours, step.until
            case "extension_granted":
                self._extend(terms)
            case "suspension_granted":
                self._suspend(step, terms)
            case "extension_refused" | "suspension_refused":
                self._answer_asked()
            case "suspension_reviewed":
                self._end_clock(REVIEW, step, terms)
                self.review_at = step.until
                self._begin(REVIEW, step.at, terms, step.until)
            case "resumed":
                self._resume(step, terms)

    def _classify(self, step: Step, terms: Terms) -> None:
        """What is not told stays; so do limits that category and level do not change."""
        before = self.category_kind, self.category, self.level
        if step.category is not None:
            self.category_kind, self.category = step.category_kind, step.category
            self.category_version = step.category_version
        self.component = step.component or self.component
        self.level = step.level or self.level
        if before == (self.category_kind, self.category, self.level):
            return
        for clock in self.clocks:
            if clock.left_at is None and clock.stage in (*CLOCKED, WHOLE):
                limit = self._limit(clock.stage, terms)
                if (clock.limit_s, clock.working) != (limit or (None, False)):
                    clock.set_limit(limit, terms.deadlines.version, terms.keeper)

    def _supervise(self, step: Step, terms: Terms) -> None:
        if step.kind == "answered":
            self.supervision = self.supervision_due_at = None
            self._end_clock(SUPERVISION, step, terms)
            return
        self.supervised += 1
        self.supervision, self.supervision_due_at = step.level, step.until
        self._begin(SUPERVISION, step.at, terms, step.until)

    def _extend(self, terms: Terms) -> None:
        """Hours are of the stage's own time; the case gets, in its own, what the stage's deadline moved by."""
        self.extended += 1
        seconds = (self.asked_hours or 0) * 3600
        clocks = {clock.stage: clock for clock in self._pausing()}
        whole, moved = clocks.get(WHOLE), None
        if (stage := clocks.get(self.stage)) is not None:
            moved = stage.extend(seconds, terms.keeper, whole is not None and whole.working)
        if whole is not None:
            whole.extend(seconds if moved is None else moved, terms.keeper, whole.working)
        self._answer_asked()

    def _suspend(self, step: Step, terms: Terms) -> None:
        self.suspended += 1
        self.suspended_at, self.review_at = step.at, self.asked_until
        for clock in self._pausing():
            clock.stop(step.at, terms.keeper)
        self._begin(REVIEW, step.at, terms, self.asked_until)
        self._answer_asked()

    def _resume(self, step: Step, terms: Terms) -> None:
        self.suspended_at = self.review_at = None
        self._end_clock(REVIEW, step, terms)
        for clock in self._pausing():
            clock.go_on(step.at, terms.keeper)

    def _answer_asked(self) -> None:
        self.asked = self.asked_by = self.asked_at = self.asked_hours = self.asked_until = None

    def _pausing(self) -> list[Clock]:
        """The clocks that a suspension stops and an extension extends."""
        return [clock for clock in self.clocks if clock.left_at is None and clock.stage in (self.stage, WHOLE)]

    def _enter(self, stage: str, at: datetime, actor: str, terms: Terms) -> None:
        self.stage, self.stage_at, self.stage_by = stage, at, actor
        if stage in CLOCKED:
            self._begin(stage, at, terms)

    def _begin(self, stage: str, at: datetime, terms: Terms, due_at: datetime | None = None) -> None:
        """Start a clock: with a date that somebody set, or the limit of its stage."""
        self.visits += 1
        clock = Clock(self.visits, stage, at, at, due_at=due_at)
        if due_at is None:
            clock.set_limit(self._limit(stage, terms), terms.deadlines.version, terms.keeper)
        self.clocks.append(clock)

    def _limit(self, stage: str, terms: Terms) -> Limit | None:
        return terms.deadlines.limit(self.category_kind, self.category, self.level, stage)

    def _end_clock(self, stage: str, step: Step, terms: Terms) -> None:
        for clock in self.clocks:
            if clock.stage == stage and clock.left_at is None:
                clock.leave(step.at, terms.keeper)

    def _tell_due(self) -> None:
        """Deadlines of the row: of an ended case as they were."""
        if self.stage in ENDED:
            self.stage_due_at = None
            return
        running = [clock for clock in self.clocks if clock.left_at is None and self.suspended_at is None]
        due = {clock.stage: clock.due_at for clock in running}
        self.stage_due_at, self.due_at = due.get(self.stage), due.get(WHOLE)
