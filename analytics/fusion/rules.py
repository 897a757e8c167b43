"""Rules of fusion: which findings close to each other are one incident, and what follows from that. They are data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analytics.fusion.finding import Finding
from hub.models import Micros

Link = Literal["near", "parent"]


@dataclass(slots=True, frozen=True)
class FusionRule:
    """A row of table fusion_rule."""

    code: str
    kinds: frozenset[str]
    """Kinds of events that take part."""
    metrics: frozenset[str]
    """Metrics whose alerts take part."""
    anchors: frozenset[str]
    """Kinds or metrics of which one at least must be there; empty: any will do."""
    link: Link
    """By what findings belong together: how near they are, or the gateway or pole that they hang on."""
    radius_m: float
    within: Micros
    """Between the beginnings of two findings that belong together."""
    sources: int
    """How many different things must have found something."""
    share: float
    """Of the devices that hang on one gateway, how many; 0: whatever their number."""
    raise_to: int | None
    """The level that the leading alert is raised to."""
    raise_sources: int
    """From how many sources on."""
    lower_to: int | None
    """Of a rule about lone findings: the level that these are lowered to."""

    def takes(self, finding: Finding) -> bool:
        """Whether a finding takes part."""
        if finding.what not in (self.metrics if finding.measured else self.kinds):
            return False
        return finding.placed if self.link == "near" else finding.hub is not None

    @property
    def fuses(self) -> bool:
        """Whether it makes incidents; else it lowers what is alone."""
        return self.lower_to is None


def stored_rule(row: Mapping[str, Any]) -> FusionRule:
    """A rule of a row, by the names of its columns."""
    return FusionRule(
        code=row["code"],
        kinds=frozenset(row["kinds"]),
        metrics=frozenset(row["metrics"]),
        anchors=frozenset(row["anchors"]),
        link=row["link"],
        radius_m=float(row["radius_m"]),
        within=round(row["within_s"] * 1_000_000),
        sources=row["sources"],
        share=float(row["share"]),
        raise_to=row["raise_to"],
        raise_sources=row["raise_sources"] or row["sources"],
        lower_to=row["lower_to"],
    )
