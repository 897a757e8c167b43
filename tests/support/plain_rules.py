"""Threshold rules the plain way, to compare with: one reading after the other, and the time between them."""

from typing import NamedTuple

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, NEVER
from hub.quality import UNUSABLE, Quality


class Row(NamedTuple):
    series: int
    ts: int
    value: float
    quality: int = 0


class Plain:
    """A rule on one series, by a latch for each level."""

    def __init__(self, rule: ThresholdRule) -> None:
        self._rule = rule
        self._reached: set[int] = set()
        self._since: dict[int, int] = {}
        self._back: dict[int, int] = {}
        self._last, self._level = LONG_AGO, 0
        self.found: list[tuple[int, int, int]] = []
        """(ts, before, after)"""

    def take(self, row: Row) -> None:
        if row.ts <= self._last or row.quality & (Quality.LATE | UNUSABLE):
            return
        self.let_pass(row.ts - 1)
        self._last = row.ts
        for number, threshold in enumerate(self._rule.thresholds, 1):
            if threshold is None:
                continue
            distance = row.value - threshold if self._rule.above else threshold - row.value
            if distance < 0:
                self._since.pop(number, None)
            elif row.ts - self._since.setdefault(number, row.ts) >= self._rule.hold:
                self._reached.add(number)
            if distance >= -self._rule.hysteresis or number > self._level:
                self._back.pop(number, None)
            elif row.ts - self._back.setdefault(number, row.ts) >= self._rule.clear:
                self._reached.discard(number)
        self._note(row.ts)

    def let_pass(self, until: int) -> None:
        """No reading comes up to then."""
        while True:
            rises = {n: start + self._rule.hold for n, start in self._since.items() if n > self._level}
            falls = {n: start + self._rule.clear for n, start in self._back.items() if n in self._reached}
            due = min([*rises.values(), *falls.values()], default=NEVER)
            if due > until:
                return
            self._reached.update(number for number, end in rises.items() if end <= due)
            self._reached.difference_update(number for number, end in falls.items() if end <= due)
            self._note(due)

    def _note(self, ts: int) -> None:
        before, self._level = self._level, max(self._reached, default=0)
        if before != self._level:
            self.found.append((ts, before, self._level))


class PlainAlerts:
    """What people are told of a rule on one series, or on one kind of event: alerts that a desk may end."""

    def __init__(self, rule: ThresholdRule, length: int | None = None) -> None:
        """`length`: how long an event lasts; None: until its end comes."""
        self._plain, self._length = Plain(rule), length
        self._over = NEVER
        self._seen = 0
        self.active: list[int] | None = None
        """[time of the onset, peak level, level of an event] of the alert whose condition lasts."""
        self._ended = False
        self.told: list[tuple[str, int]] = []
        """(kind, level) of each change."""
        self.onsets: list[int] = []

    def take(self, row: Row) -> None:
        self._plain.take(row)
        self._follow()

    def let_pass(self, until: int) -> None:
        """No reading comes up to then."""
        self._plain.let_pass(until)
        self._follow()

    def end(self) -> bool:
        """A desk ends the alert; whether there was one to be ended."""
        there = self.active is not None and not self._ended
        self._ended = self._ended or there
        return there

    def hear(self, ts: int, level: int) -> None:
        """An event of a level, or (0) the end of it; one that comes after a desk has ended the alert is a new onset."""
        if ts >= self._over or (level and self._ended):
            self._clear()
        if self.active is not None and 0 < level <= self.active[2]:
            level = self.active[2]
        elif level or self.active is not None:
            self.turn(ts, level)
        if self.active is not None:
            self.active[2] = level
            self._over = NEVER if self._length is None else ts + self._length

    def _clear(self) -> None:
        if self.active is not None:
            self.told.append(("cleared", 0))
        self.active, self._over = None, NEVER

    def _follow(self) -> None:
        for ts, _, after in self._plain.found[self._seen :]:
            self.turn(ts, after)
        self._seen = len(self._plain.found)

    def turn(self, ts: int, after: int) -> None:
        """The level becomes another one."""
        beyond_peak = self.active is not None and self._ended and after > self.active[1]
        if not after or beyond_peak:
            self._clear()
        if not after:
            return
        if self.active is None:
            self.active, self._ended = [ts, after, after], False
            self.onsets.append(ts)
            self.told.append(("raised", after))
        elif not self._ended:
            self.active[1] = max(self.active[1], after)
            self.told.append(("updated", after))
