"""Counts the steps of a district's year (district_year.py): plain Python that shares no code with the hub.

What is counted, and by which day, is written out again from docs/INDICATORS.md.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
HOLIDAYS = {date(2025, 1, 1), *(date(2025, 10, day) for day in range(1, 8)), date(2026, 1, 1)}
MADE_UP = {date(2025, 9, 28), date(2025, 10, 11)}
"""Days of a weekend on which people work."""
WORK = ((time(9), time(12)), (time(13), time(18)))
LIMIT_S = {"part": (604_800, False), "event": (144_000, True)}
"""From filing to the end: seconds, and whether working time counts."""
WORKING_STAGES = {"handling"}
STAGE_LIMIT_S = {"handling": 57_600}
"""The only stage that has a deadline of its own, in working time."""
STAGE_AFTER = {
    "reported": "reported", "accepted": "accepted", "filed": "filed", "dispatched": "dispatched", "taken": "handling",
    "handled": "verifying", "failed": "handling", "passed": "verified", "closed": "closed", "rejected": "rejected",
    "self_handled": "closed", "merged": "merged",
}  # fmt: skip


def work_between(begin: datetime, end: datetime) -> float:
    """Seconds of working hours."""
    total, day = 0.0, begin.astimezone(CHINA).date()
    while day <= end.astimezone(CHINA).date():
        if day in MADE_UP or (day.weekday() < 5 and day not in HOLIDAYS):
            for first, last in WORK:
                low = max(begin, datetime.combine(day, first, CHINA))
                high = min(end, datetime.combine(day, last, CHINA))
                total += max(0.0, (high - low).total_seconds())
        day += timedelta(days=1)
    return total


def after(begin: datetime, seconds: float, working: bool) -> datetime:
    """When so many seconds have passed."""
    if not working:
        return begin + timedelta(seconds=seconds)
    day = begin.astimezone(CHINA).date()
    while True:
        if day in MADE_UP or (day.weekday() < 5 and day not in HOLIDAYS):
            for first, last in WORK:
                low, high = max(begin, datetime.combine(day, first, CHINA)), datetime.combine(day, last, CHINA)
                if low < high:
                    if seconds <= (high - low).total_seconds():
                        return low + timedelta(seconds=seconds)
                    seconds -= (high - low).total_seconds()
        day += timedelta(days=1)


class Life:
    """What became of one case."""

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        first = steps[0]
        self.about = {name: first[name] for name in ("region", "organisation", "category_kind", "category", "level")}
        self.about["responsible"] = None
        self.first: dict[str, datetime] = {}
        self.last: dict[str, datetime] = {}
        self.times: Counter[str] = Counter()
        self.visits: list[tuple[str, datetime, float]] = []
        self.stops: list[tuple[datetime, datetime | None]] = []
        self.extra_s = 0.0
        self._walk(steps)

    def _walk(self, steps: list[dict[str, Any]]) -> None:
        stage, since, asked, stage_extra_s = "", steps[0]["at"], 0.0, 0.0
        for step in steps:
            kind, at = step["kind"], step["at"]
            self.first.setdefault(kind, at)
            self.last[kind] = at
            self.times[kind] += 1
            asked = step.get("hours", 0) * 3600 or asked
            if kind == "extension_granted":
                self._extend(stage, since, asked, stage_extra_s)
                stage_extra_s += asked
            self._pause(kind, at)
            if kind == "dispatched":
                self.about["responsible"] = step["responsible"]
            new = STAGE_AFTER.get(kind, stage)
            if kind == "returned":
                new = "coordinating" if self.times["returned"] >= 3 else "filed"
            if new != stage:
                if stage:
                    self.visits.append((stage, at, self._running(since, at, stage in WORKING_STAGES)))
                stage, since, stage_extra_s = new, at, 0.0
        self.stage = stage
        self.ended = self.last[steps[-1]["kind"]] if stage in ("closed", "rejected", "merged") else None
        if "filed" in self.first and self.ended is not None:
            took = self._running(self.first["filed"], self.ended, LIMIT_S[self.about["category_kind"]][1])
            self.visits.append(("case", self.ended, took))

    def _extend(self, stage: str, since: datetime, asked: float, before: float) -> None:
        """Hours of the stage's own time; the case gets what the stage's deadline moved by, in its own."""
        if stage in STAGE_LIMIT_S:
            limit = STAGE_LIMIT_S[stage] + before
            old, new = self._reached(since, limit, True), self._reached(since, limit + asked, True)
            assert old is not None
            assert new is not None
            asked = self._running(old, new, LIMIT_S[self.about["category_kind"]][1])
        self.extra_s += asked

    def _pause(self, kind: str, at: datetime) -> None:
        if kind == "suspension_granted":
            self.stops.append((at, None))
        elif kind == "resumed":
            self.stops[-1] = (self.stops[-1][0], at)

    def _running(self, begin: datetime, end: datetime, working: bool) -> float:
        took, at = 0.0, begin
        for stop, go in [*self.stops, (end, None)]:
            if stop > at:
                until = min(stop, end)
                took += work_between(at, until) if working else (until - at).total_seconds()
            at = max(at, min(go or end, end))
        return took

    def _reached(self, begin: datetime, seconds: float, working: bool) -> datetime | None:
        """When so much time has passed without the stops; None: it stands still before that."""
        at = begin
        for stop, go in self.stops:
            if stop >= begin:
                took = work_between(at, stop) if working else (stop - at).total_seconds()
                if took >= seconds:
                    return after(at, seconds, working)
                if go is None:
                    return None
                seconds, at = seconds - took, go
        return after(at, seconds, working)

    @property
    def due(self) -> datetime | None:
        """The deadline; None: not filed, or suspended."""
        if "filed" not in self.first or (self.stops and self.stops[-1][1] is None and self.ended is None):
            return None
        limit, working = LIMIT_S[self.about["category_kind"]]
        return self._reached(self.first["filed"], limit + self.extra_s, working)

    def counted(self, now: datetime) -> dict[str, datetime]:
        """In which counts it is, and by which time."""
        told: dict[str, datetime] = {}
        closed = self.ended if self.stage == "closed" else None
        for name in ("reported", "accepted", "filed"):
            if name in self.first:
                told[name] = self.first[name]
        if self.stage in ("rejected", "merged") and self.ended:
            told[self.stage] = self.ended
        self._by_filing(told)
        if "dispatched" in self.last:
            told["dispatched"] = self.last["dispatched"]
            if not self.times["returned"]:
                told["dispatched_right"] = self.last["dispatched"]
        self._by_close(told, closed)
        self._by_deadline(told, closed, now)
        return told

    def _by_filing(self, told: dict[str, datetime]) -> None:
        if "filed" in self.first:
            for kind, name in (
                ("extension_granted", "extended"),
                ("suspension_granted", "suspended"),
                ("supervised",) * 2,
            ):
                if self.times[kind]:
                    told[name] = self.first["filed"]
            if self.stops and self.stops[-1][1] is None and self.ended is None:
                told["suspended_now"] = self.first["filed"]

    def _by_close(self, told: dict[str, datetime], closed: datetime | None) -> None:
        if closed:
            told["closed"] = closed
            told["self_handled" if self.times["self_handled"] else "closed_after_dispatch"] = closed
            if self.times["failed"]:
                told["closed_after_rework"] = closed

    def _by_deadline(self, told: dict[str, datetime], closed: datetime | None, now: datetime) -> None:
        due = self.due
        if due is None:
            return
        if closed:
            told["due"] = told["due_closed"] = told["closed_in_time" if closed <= due else "closed_late"] = due
        elif self.ended is None and due <= now:
            told["due"] = told["overdue_open"] = due


class Year:
    """All lives of a year."""

    def __init__(self, steps: Iterable[dict[str, Any]], now: datetime) -> None:
        of: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for step in steps:
            of[step["case"]].append(step)
        self.lives = {number: Life(taken) for number, taken in of.items()}
        self.now = now

    def counts(
        self, first: date, last: date, group: Callable[[dict[str, Any]], Any] = lambda _: ""
    ) -> dict[Any, dict[str, int]]:
        """Cases of each count that belong to the days, by group."""
        found: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for life in self.lives.values():
            for name, at in life.counted(self.now).items():
                if first <= at.astimezone(CHINA).date() <= last:
                    found[group(life.about)][name] += 1
        return {key: dict(counted) for key, counted in found.items()}

    def stages(self, first: date, last: date) -> dict[str, tuple[int, float, float]]:
        """Visits that ended in the days: how many, the median, and what nine in ten did not exceed."""
        took: dict[str, list[float]] = defaultdict(list)
        for life in self.lives.values():
            for stage, left, seconds in life.visits:
                if first <= left.astimezone(CHINA).date() <= last:
                    took[stage].append(seconds)
        return {
            stage: (len(all_), *(sorted(all_)[math.ceil(share * len(all_)) - 1] for share in (0.5, 0.9)))  # type: ignore[misc]
            for stage, all_ in took.items()
        }
