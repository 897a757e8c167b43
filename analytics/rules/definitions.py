"""Rule definitions: thresholds on a metric of a profile, or a kind of event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analytics.rules.schedule import schedule_of
from analytics.rules.scope import EVERYWHERE, Scope, scope_of
from devices.vocabulary import PROMPT
from hub.danger import finds_danger
from hub.duty.shifts import Shift
from hub.models import LEVEL_NAMES, Micros
from hub.signals import Signal

Watched = Signal | Literal["expression", "flagged"]
"""What a rule sees; of `flagged` the value of readings with flags of quality too."""


@dataclass(slots=True, frozen=True)
class ThresholdRule:
    """Threshold rule: up to four levels while a metric is at or beyond a threshold for the hold time."""

    id: int
    code: str
    profile_id: int
    metric: str
    label: str
    """The metric as people call it; stands in titles."""
    above: bool
    thresholds: tuple[float | None, ...]
    """Blue, yellow, orange, red; None where the rule has no such level."""
    hysteresis: float = 0.0
    hold: Micros = 0
    clear: Micros = 0
    """How long a value must have fallen back before a level ends."""
    signal: Signal = "value"
    """What the thresholds, the hysteresis and the times are of."""
    tolerance: float = 0.0
    """How far a value may move, in its unit, and still be flat."""
    expression: str | None = None
    """What they are of instead: calculated from several metrics (devices/expressions); `metric` is one of them."""
    stale: Micros = 900_000_000
    """How old a value may be that an expression is calculated from."""
    version: int | None = None
    """None: it is not stored."""
    schedule: Shift | None = None
    """When it counts; None: always."""
    scope: Scope = EVERYWHERE
    """Which devices of the profile it watches."""
    danger: bool = False
    """Whether what it finds is a danger: it is told at any time."""
    flagged: bool = False
    """Whether it looks at readings too that their quality says are not usable (hub/quality.py, NEVER_JUDGED)."""

    @property
    def watched(self) -> Watched:
        """What the rule sees of the readings of its metric."""
        if self.expression is not None:
            return "expression"
        return "flagged" if self.flagged else self.signal

    @property
    def seen(self) -> str:
        """The signal or expression that it sees: what pends of it is of that."""
        return self.watched if self.expression is None else self.expression

    def left(self, level: int) -> float | None:
        """The threshold a value at `level` (0..3) has fallen back from: the next one up."""
        return next((t for t in self.thresholds[level:] if t is not None), None)


@dataclass(slots=True, frozen=True)
class EventRule:
    """Event rule: raised while a kind of event is active; an event's own level takes precedence."""

    id: int
    code: str
    kind: str
    level: int
    profile_id: int | None = None
    version: int | None = None
    count: int = 1
    """So many events, within a time, raise an alert."""
    within: Micros = 0
    cooldown: Micros = 0
    """So long after it has raised an alert at a device, it raises no other there."""
    schedule: Shift | None = None
    """As of threshold rules."""
    scope: Scope = EVERYWHERE
    """Of which devices it hears."""

    @property
    def danger(self) -> bool:
        """As of threshold rules."""
        return self.kind in PROMPT


Rule = ThresholdRule | EventRule


def read_rules(rows: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Parse rule rows, in order."""
    return [_threshold_rule(row) if row["event_kind"] is None else _event_rule(row) for row in rows]


def _threshold_rule(row: Mapping[str, Any]) -> ThresholdRule:
    given: Mapping[str, float] = row["thresholds"]
    return ThresholdRule(
        id=row["id"],
        code=row["code"],
        profile_id=row["profile_id"],
        metric=row["metric"],
        label=row["label"],
        above=row["direction"] == "above",
        thresholds=tuple(float(given[name]) if given.get(name) is not None else None for name in LEVEL_NAMES),
        hysteresis=row["hysteresis"],
        hold=round(row["hold_s"] * 1_000_000),
        clear=round(row["clear_s"] * 1_000_000),
        signal=row["signal"],
        tolerance=row["tolerance"],
        expression=row["expression"],
        stale=round(row["stale_s"] * 1_000_000),
        version=row.get("version"),
        schedule=schedule_of(row["schedule"]),
        scope=scope_of(row),
        danger=finds_danger(row["metric"], row["expression"], row["signal"], row.get("category")),
        flagged=row["flagged"],
    )


def _event_rule(row: Mapping[str, Any]) -> EventRule:
    return EventRule(
        id=row["id"],
        code=row["code"],
        kind=row["event_kind"],
        level=row["event_level"],
        profile_id=row["profile_id"],
        version=row.get("version"),
        count=row["count"],
        within=round((row["within_s"] or 0) * 1_000_000),
        cooldown=round(row["cooldown_s"] * 1_000_000),
        schedule=schedule_of(row["schedule"]),
        scope=scope_of(row),
    )
