"""Which findings are one incident. Pure: the same findings in whatever passes give the same incidents.

Of rules that could share a finding, the one has it that makes an incident first; in one pass, the first by its code.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID, uuid5

from analytics.fusion.finding import Finding
from analytics.fusion.groups import Groups
from analytics.fusion.rules import FusionRule
from hub.models import Micros

_INCIDENTS = UUID("6f0a2b52-3f7b-5c35-9d6e-1d0d3a0c8a52")
"""Of the ids of incidents, which are made of their rule and the first of their findings."""


class Known(NamedTuple):
    """An incident that there is."""

    rule: str
    lead: UUID
    """Its leading alert: one that lasts, of a danger, the gravest, the first; in this order."""


@dataclass(slots=True)
class Fused:
    """An incident that is new, or that something has changed of."""

    incident: UUID
    rule: FusionRule
    lead: Finding
    members: list[Finding]
    """Those that are remembered, by their time."""
    joined: list[Finding] = field(default_factory=list)
    """Members that were in none, or in one that is absorbed."""
    absorbed: list[UUID] = field(default_factory=list)
    """Incidents that turned out to be the same."""
    raised_to: int | None = None
    """The level that the leading alert is raised to now."""
    new: bool = False

    @property
    def sources(self) -> int:
        """How many things have found something."""
        return len({each.source for each in self.members})


class Weaker(NamedTuple):
    """What a rule raises in an incident, or would: too few sources are left."""

    incident: UUID
    rule: FusionRule
    level: int
    """To which it raises."""
    finding: Finding


class Fusion:
    """The memory of all rules. `take` changes it: what is not committed afterwards needs a new one."""

    def __init__(self, rules: Iterable[FusionRule]) -> None:
        self._groups = [Groups(rule) for rule in sorted(rules, key=lambda each: each.code) if rule.fuses]
        self._incidents: dict[UUID, Known] = {}
        self._in: dict[UUID, UUID] = {}
        """Incident by alert."""
        self._raised: dict[UUID, int] = {}
        """To which level alerts were raised, until that is heard of."""

    @property
    def rules(self) -> list[FusionRule]:
        """Those that make incidents, in the order in which they do."""
        return [groups.rule for groups in self._groups]

    def remember(self, findings: Sequence[Finding], incidents: Mapping[UUID, Known]) -> None:
        """What was decided before, as it is stored."""
        self._incidents |= incidents
        self._in |= {each.alert: each.incident for each in findings if each.incident is not None}
        for groups in self._groups:
            groups.add(findings)

    def take(self, findings: Sequence[Finding], sizes: Mapping[int, int]) -> list[Fused]:
        """Findings that are new, or have changed; `sizes`: how many devices hang on a gateway, by its id."""
        fused: list[Fused] = []
        for groups in self._groups:
            for each in findings:
                groups.renew(each)
            judged = (self._judge(groups.rule, members, sizes) for members in groups.add(findings))
            fused += [each for each in judged if each is not None]
        return fused

    def forget(self, since: Micros, out: Collection[Finding] = ()) -> list[Finding]:
        """Forget what began before a time, and these: they are false, or a person took them out.

        Of each incident that such a finding was in, one that is left: to `take`, for another may lead it now. Who has
        taken over remembers none that is out, but they say of which incident they were.
        """
        alerts = [each.alert for each in out]
        left = {self._in.get(each.alert, each.incident) for each in out}
        for groups in self._groups:
            groups.forget(since, alerts)
        there = {alert for groups in self._groups for alert in groups.alerts}
        for of_alert in (self._in, self._raised):
            for alert in of_alert.keys() - there:
                del of_alert[alert]
        for incident in self._incidents.keys() - set(self._in.values()):
            del self._incidents[incident]
        one = {incident: alert for alert, incident in self._in.items() if incident in left} if left else {}
        found = [groups.finding(alert) for alert in one.values() for groups in self._groups]
        return [each for each in found if each is not None]

    def weaker(self, incidents: Iterable[UUID]) -> list[Weaker]:
        """Of incidents of which something was forgotten, those with fewer sources now than raise a level: what lasts of
        them. Who corroborates it again raises it again."""
        found = list[Weaker]()
        for incident in self._incidents.keys() & set(incidents):
            alerts = [alert for alert, of in self._in.items() if of == incident]
            rule = next((each for each in self.rules if each.code == self._incidents[incident].rule), None)
            if rule is None:  # it is off: how many it asked for is not known
                continue
            members = [groups.finding(each) for groups in self._groups if groups.rule is rule for each in alerts]
            there = [each for each in members if each is not None]
            if rule.raise_to is not None and len({each.source for each in there}) < rule.raise_sources:
                lasting = [each for each in there if each.lasts]
                self.take_back(each.alert for each in lasting)
                found += [Weaker(incident, rule, rule.raise_to, each) for each in lasting]
        return found

    def take_back(self, alerts: Iterable[UUID]) -> None:
        """These could not be raised, for they have changed meanwhile: what is heard of them decides again."""
        for alert in alerts:
            self._raised.pop(alert, None)

    def _judge(self, rule: FusionRule, group: list[Finding], sizes: Mapping[int, int]) -> Fused | None:
        mine = [each for each in group if self._free(each, rule)]
        there = {self._in[each.alert]: each for each in reversed(mine) if each.alert in self._in}
        if not there and not _suffices(rule, mine, sizes):
            return None
        # The one whose first finding is the oldest absorbs the others.
        incident = min(there, key=lambda each: (there[each].at, there[each].alert)) if there else _id_of(rule, mine[0])
        fused = Fused(incident, rule, max(mine, key=_leads), mine, new=not there)
        fused.joined = [each for each in mine if self._in.get(each.alert) != incident]
        fused.absorbed = sorted(set(there) - {incident})
        if rule.raise_to is not None and fused.sources >= rule.raise_sources:
            level = max(fused.lead.level, self._raised.get(fused.lead.alert, 0))
            if fused.lead.lasts and level < rule.raise_to:
                fused.raised_to = self._raised[fused.lead.alert] = rule.raise_to
        before = self._incidents.get(incident)
        known = self._incidents[incident] = Known(rule.code, fused.lead.alert)
        self._in |= dict.fromkeys((each.alert for each in mine), incident)
        for each in fused.absorbed:
            self._incidents.pop(each, None)
        changes = fused.joined or fused.absorbed or fused.raised_to or before != known
        return fused if changes else None

    def _free(self, finding: Finding, rule: FusionRule) -> bool:
        """Whether it is in no incident of another rule."""
        incident = self._in.get(finding.alert)
        return incident is None or ((known := self._incidents.get(incident)) is not None and known.rule == rule.code)


def _suffices(rule: FusionRule, members: Sequence[Finding], sizes: Mapping[int, int]) -> bool:
    """Whether a group is an incident."""
    sources = {each.source for each in members}
    if len(sources) < rule.sources or (rule.anchors and not any(each.what in rule.anchors for each in members)):
        return False
    hubs = {each.hub for each in members if each.hub is not None} if rule.link == "parent" and rule.share else ()
    return all(len(sources) >= math.ceil(rule.share * sizes.get(hub, 0)) for hub in hubs)


def _leads(finding: Finding) -> tuple[bool, bool, int, int, int]:
    return finding.lasts, finding.danger, finding.level, -finding.at, -finding.alert.int


def _id_of(rule: FusionRule, first: Finding) -> UUID:
    return uuid5(_INCIDENTS, f"{rule.code} {first.alert}")
