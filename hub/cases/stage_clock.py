"""The clock of a stage, which stands still while its case is suspended. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from uuid import UUID

from hub.cases.clock import Timekeeper
from hub.cases.deadlines import Deadlines, Limit


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
    """Seconds, in its own time, before `running_from`. None: a year without a calendar is among them."""
    limit_s: float | None = None
    """None: there is no deadline, or it is a date that somebody set."""
    extended_s: float = 0.0
    """What was granted beyond the limit (延期)."""
    working: bool = False
    """Whether working time counts."""
    due_at: datetime | None = None
    """None while it stands still and had not run out, has no limit, or needs a calendar that is missing (`limit_s` is
    given then)."""
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
    stops: list[datetime] = field(default_factory=list)
    """When it was stopped and went on again, in turn."""

    def stop(self, at: datetime, keeper: Timekeeper) -> None:
        """Let it stand still. A deadline that has passed by then stays the deadline."""
        self._count(at, keeper)
        self.stops.append(at)
        self.running_from, self.stopped_at = None, at
        if self.due_at is not None and self.due_at > at:
            self.due_at = None

    def go_on(self, at: datetime, keeper: Timekeeper) -> None:
        """Let it run again."""
        if self.stopped_at is not None:
            self.stopped_s += (at - self.stopped_at).total_seconds()
            self.stops.append(at)
        self.running_from, self.stopped_at = at, None
        if self.due_at is None:
            self.set_due(keeper)

    def leave(self, at: datetime, keeper: Timekeeper) -> None:
        """End it."""
        if self.running_from is None:
            self.stopped_s += (at - (self.stopped_at or at)).total_seconds()
        self._count(at, keeper)
        self.left_at, self.working_s, self.running_from, self.stopped_at = at, self.counted_s, None, None

    def set_limit(self, limit: Limit | None, version: int | None, keeper: Timekeeper) -> None:
        """Give it the limit of a version of the table, and count in the time of that from its beginning."""
        before = self.due_at
        self.limit_s, self.working = (None, False) if limit is None else limit
        self.deadlines_version, self.due_at = version, None
        self._recount(keeper)
        self.set_due(keeper)
        if self.due_at != before:
            self.overdue_at = None

    def extend(self, seconds: float, keeper: Timekeeper, working: bool) -> float | None:
        """Grant more of its own time; what its deadline moved by in working time or all; None: unknown."""
        if self.limit_s is None:
            return None
        before = self.due_at
        self.extended_s += seconds
        self.set_due(keeper)
        if self.due_at != before:
            self.overdue_at = None
        if before is None or self.due_at is None:
            return None
        return self._ran(before, self.due_at, working, keeper)

    def set_due(self, keeper: Timekeeper) -> None:
        """Compute the deadline anew, unless it is a date that somebody set."""
        if self.limit_s is None:
            return
        if self.counted_s is None:
            self._recount(keeper)
        self.due_at = self._reached(self.limit_s + self.extended_s, keeper)

    @property
    def unknown(self) -> bool:
        """Whether it has a limit and runs, and it is not known until when."""
        return self.limit_s is not None and self.running_from is not None and self.due_at is None

    def _reached(self, seconds: float, keeper: Timekeeper) -> datetime | None:
        """When it had run for so many seconds; None: it stands still before that, or a calendar is missing."""
        for begin, end in self._spans():
            passed = None if end is None else keeper.between(begin, end, self.working)
            if end is None or (passed is not None and passed >= seconds):
                return keeper.after(begin, seconds, self.working)
            if passed is None:
                return None
            seconds -= passed
        return None

    def _spans(self) -> Iterable[tuple[datetime, datetime | None]]:
        """From when to when it ran; the last one is open while it does."""
        return zip_longest((self.entered_at, *self.stops[1::2]), self.stops[::2])

    def _count(self, at: datetime, keeper: Timekeeper) -> None:
        if self.counted_s is None:
            self._recount(keeper)
        if self.running_from is not None and self.counted_s is not None:
            passed = keeper.between(self.running_from, at, self.working)
            self.counted_s = None if passed is None else self.counted_s + passed

    def _recount(self, keeper: Timekeeper) -> None:
        """Count what it ran before `running_from` anew."""
        until = self.running_from or self.stopped_at or self.entered_at
        self.counted_s = self._ran(self.entered_at, until, self.working, keeper)

    def _ran(self, begin: datetime, end: datetime, working: bool, keeper: Timekeeper) -> float | None:
        """Seconds that it ran within a time; None where a calendar is missing."""
        total = 0.0
        for first, last in self._spans():
            passed = keeper.between(max(first, begin), end if last is None else min(last, end), working)
            if passed is None:
                return None
            total += passed
        return total


@dataclass(slots=True, frozen=True)
class Terms:
    """How time is counted, and which limits there are."""

    keeper: Timekeeper
    deadlines: Deadlines
