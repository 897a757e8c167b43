"""The clock of a stage, which stands still while its case is suspended. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.cases.clock import Timekeeper
from hub.cases.deadlines import Deadlines


@dataclass(slots=True)
class Clock:
    """The time of one visit to a stage; or of the whole case, of a supervision, of a suspension's review."""

    visit: int
    """From 1, in the order in which the clocks of a case began."""
    stage: str
    entered_at: datetime
    running_from: datetime | None
    """None: it stands still, or is over."""
    counted_s: float | None = 0.0
    """Seconds, in its own time, before `running_from`. None: a year without a calendar was among them."""
    limit_s: float | None = None
    """None: there is no deadline, or it is a date that somebody set."""
    extended_s: float = 0.0
    """What was granted beyond the limit (延期)."""
    working: bool = False
    """Whether working time counts."""
    due_at: datetime | None = None
    """None while it stands still, has no limit, or needs a calendar that is missing (`limit_s` is given then)."""
    stopped_s: float = 0.0
    stopped_at: datetime | None = None
    left_at: datetime | None = None
    working_s: float | None = None
    """When it is over: what it took in its own time, without stops."""
    deadlines_version: int | None = None
    overdue_at: datetime | None = None
    """When the hub warned that it has run out."""
    alert_id: UUID | None = None
    """The alert by which it did."""

    def stop(self, at: datetime, keeper: Timekeeper) -> None:
        """Let it stand still."""
        self._count(at, keeper)
        self.running_from, self.due_at, self.stopped_at = None, None, at

    def go_on(self, at: datetime, keeper: Timekeeper) -> None:
        """Let it run again."""
        if self.stopped_at is not None:
            self.stopped_s += (at - self.stopped_at).total_seconds()
        self.running_from, self.stopped_at = at, None
        self.set_due(keeper)

    def leave(self, at: datetime, keeper: Timekeeper) -> None:
        """End it."""
        if self.running_from is None:
            self.stopped_s += (at - (self.stopped_at or at)).total_seconds()
        self._count(at, keeper)
        self.left_at, self.working_s, self.running_from, self.stopped_at = at, self.counted_s, None, None

    def set_due(self, keeper: Timekeeper) -> None:
        """Compute the deadline anew, unless it is a date that somebody set."""
        if self.limit_s is None:
            return
        self.due_at = None
        if self.running_from is not None and self.counted_s is not None:
            self.due_at = keeper.after(self.running_from, self.left_s(self.counted_s), self.working)

    @property
    def unknown(self) -> bool:
        """Whether it has a limit and runs, and it is not known until when."""
        return self.limit_s is not None and self.running_from is not None and self.due_at is None

    def left_s(self, counted_s: float) -> float:
        """Seconds that are left of its limit; 0 when it has run out."""
        return max((self.limit_s or 0) + self.extended_s - counted_s, 0)

    def _count(self, at: datetime, keeper: Timekeeper) -> None:
        if self.running_from is None or self.counted_s is None:
            return
        # Of what cannot be counted now nothing is known later either: the calendar is imported before, or too late.
        passed = keeper.between(self.running_from, at, self.working)
        self.counted_s = None if passed is None else self.counted_s + passed


@dataclass(slots=True, frozen=True)
class Terms:
    """How time is counted, and which limits there are."""

    keeper: Timekeeper
    deadlines: Deadlines
