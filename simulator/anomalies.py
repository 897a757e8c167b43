"""Scheduled anomalies: known in advance, so that each alert can be compared with its cause."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from random import Random

from hub.models import Micros
from simulator.fleet import Thing
from simulator.things import RULES, EventRule, Rule, ThresholdRule

FIRST_S, SPACING_S = 1.0, 1.8
"""Seconds after the start, and from one anomaly to the next: twelve in a run of 30 s."""
QUIET_S = 6.0
"""Seconds before the end of a run in which nothing new goes wrong, so that everything can arrive."""
PEAKS = (4, 2, 3, 1)
PLATEAU = 3
"""Messages for which a value stays at its peak at least."""


@dataclass(slots=True, frozen=True)
class Anomaly:
    """One anomaly: begins `at_s` after the start and reaches `level` (1 blue .. 4 red) of a rule."""

    number: int
    at_s: float
    thing: Thing
    rule: Rule
    level: int
    hidden: str = ""
    """Its kind, if no threshold on the value sees it (simulator/hidden.py)."""


@dataclass(slots=True, frozen=True)
class Step:
    """A message that must raise or escalate an alert; `ts` is when the threshold was crossed."""

    anomaly: Anomaly
    level: int
    ts: Micros


def schedule(things: list[Thing], seed: int, last_s: float | None = None) -> Iterator[Anomaly]:
    """Yield anomalies in time order, cycling through the rules until `last_s` (None: forever); at least one."""
    rng = Random(f"anomalies-{seed}")  # noqa: S311 a made-up city, no secret
    targets = {}
    for profile in {rule.profile for rule in RULES}:
        group = [thing for thing in things if thing.profile == profile]
        rng.shuffle(group)
        targets[profile] = cycle(group)
    peaks = cycle(PEAKS)
    for number, rule in zip(count(1), cycle(RULES)):
        at_s = round(FIRST_S + (number - 1) * SPACING_S, 3)
        if last_s is not None and at_s > last_s and number > 1:
            return
        level = rule.level if isinstance(rule, EventRule) else next(peaks)
        if (thing := next(targets[rule.profile], None)) is not None:
            yield Anomaly(number, at_s, thing, rule, level)


class Excursion:
    """An excursion of one metric through the levels to a peak and back; one value per message."""

    def __init__(self, anomaly: Anomaly, rule: ThresholdRule) -> None:
        self.anomaly, self._rule = anomaly, rule
        # A rule that waits sees a jump: when each step would have waited long enough is the rule's affair.
        self._climb = [anomaly.level] if rule.hold_s else list(range(1, anomaly.level + 1))
        self._descent = [1] if anomaly.level > 1 and not rule.hold_s else []
        self._crossed: Micros | None = None
        self._reached = 0
        self._stayed = 0

    def next(self, ts: Micros) -> tuple[float, Step | None] | None:
        """The value at `ts` and the alert step it must cause; None when back to normal."""
        if self._crossed is None:
            self._crossed = ts
        if self._climb:
            level = self._climb.pop(0)
        elif self._stayed < PLATEAU or self._reached < self.anomaly.level:
            level = self.anomaly.level
            self._stayed += 1
        elif self._descent:
            return self._rule.inside(self._descent.pop(0)), None
        else:
            return None
        step = None
        if level > self._reached and ts - self._crossed >= self._rule.hold_s * 1e6:
            self._reached = level
            step = Step(self.anomaly, level, self._crossed)
        return self._rule.inside(level), step
