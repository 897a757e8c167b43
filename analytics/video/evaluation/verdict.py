"""Findings against labels: what was found, missed, and told of nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, NamedTuple

from analytics.video.evaluation.labels import Label
from analytics.video.finding import Finding
from analytics.video.kinds import KINDS

EARLY_S = 1.0
"""A finding may begin before its label by this: people label by eye."""
LATE_S = 5.0
"""And so long after the end of what it tells of, beyond the time that its kind is held for."""


@dataclass(slots=True)
class Tally:
    """Of one kind."""

    events: int = 0
    found: int = 0
    false: int = 0
    delays: list[float] = field(default_factory=list)
    """Seconds from the begin of a label to its first finding."""

    @property
    def missed(self) -> int:
        """Labels without a finding."""
        return self.events - self.found

    def told(self) -> dict[str, Any]:
        """As JSON."""
        delay = {"median": round(median(self.delays), 2), "worst": round(max(self.delays), 2)} if self.delays else None
        return {
            "events": self.events, "found": self.found, "missed": self.missed, "false": self.false, "delay_s": delay
        }  # fmt: skip


class Wrong(NamedTuple):
    """A label without a finding, or a finding without a label."""

    what: Literal["missed", "false"]
    kind: str
    t: float
    """Seconds of the clip."""


def judge(labels: Sequence[Label], findings: Iterable[Finding], tallies: dict[str, Tally]) -> list[Wrong]:
    """Add a clip's findings to the tallies by kind; what was missed or false is told, in the order of time."""
    found: dict[int, float] = {}
    wrong: list[Wrong] = []
    for finding in findings:
        if finding.state != "active":
            continue
        places = [place for place, label in enumerate(labels) if _fits(label, finding)]
        if not places:
            tallies.setdefault(finding.kind, Tally()).false += 1
            wrong.append(Wrong("false", finding.kind, finding.t))
        for place in places:
            found.setdefault(place, max(0.0, finding.t - labels[place].begin))
    for place, label in enumerate(labels):
        if not label.judged:
            continue
        tally = tallies.setdefault(label.kind, Tally())
        tally.events += 1
        if place in found:
            tally.found += 1
            tally.delays.append(found[place])
        else:
            wrong.append(Wrong("missed", label.kind, label.begin))
    return sorted(wrong, key=lambda one: one.t)


def _fits(label: Label, finding: Finding) -> bool:
    late = LATE_S + KINDS[label.kind].hold
    return (
        label.kind == finding.kind
        and label.begin - EARLY_S <= finding.t <= label.end + late
        and label.zone in (None, finding.zone)
    )


def total(tallies: Mapping[str, Tally]) -> Tally:
    """Of all kinds together."""
    return Tally(
        sum(tally.events for tally in tallies.values()),
        sum(tally.found for tally in tallies.values()),
        sum(tally.false for tally in tallies.values()),
        [delay for tally in tallies.values() for delay in tally.delays],
    )
