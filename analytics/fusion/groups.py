"""Findings of one rule that belong together: whoever is close to one of a group is of it (single linkage).

Which groups there are does not depend on the order in which findings come.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.fusion.finding import Finding
from analytics.fusion.rules import FusionRule
from devices.places.grid import Grid
from hub.models import Micros

MOST = 50_000
"""Findings that a rule remembers, 50 bytes each and the finding itself: beyond that the oldest are forgotten."""
NOTHING = -1


class Groups:
    """The findings of a rule that are remembered, each with the number of its group."""

    def __init__(self, rule: FusionRule, most: int = MOST) -> None:
        self.rule, self._most = rule, most
        self._findings: list[Finding] = []
        self._where: dict[UUID, int] = {}
        self._at = np.empty(0, np.int64)
        self._lon, self._lat = np.empty(0), np.empty(0)
        self._hub = np.empty(0, np.int64)
        self._group = np.empty(0, np.int64)
        self._next = 0

    @property
    def alerts(self) -> Collection[UUID]:
        """The alerts of the findings that are remembered."""
        return self._where.keys()

    def add(self, findings: Sequence[Finding]) -> list[list[Finding]]:
        """Take findings in; the groups that they are in now, each with its members by their time."""
        before = len(self._findings)
        fresh = [each for each in findings if each.alert not in self._where and self.rule.takes(each)]
        touched = [self._where[each.alert] for each in findings if each.alert in self._where]
        for each in fresh:
            self._where[each.alert] = len(self._findings)
            self._findings.append(each)
        self._at = np.append(self._at, [each.at for each in fresh])
        self._lon = np.append(self._lon, [each.lon for each in fresh])
        self._lat = np.append(self._lat, [each.lat for each in fresh])
        self._hub = np.append(self._hub, [NOTHING if each.hub is None else each.hub for each in fresh]).astype(np.int64)
        self._group = np.append(self._group, np.arange(self._next, self._next + len(fresh)))
        self._next += len(fresh)
        self._link(range(before, len(self._findings)))
        touched += range(before, len(self._findings))
        return [self._members(int(group)) for group in np.unique(self._group[touched])] if touched else []

    def finding(self, alert: UUID) -> Finding | None:
        """The finding of an alert, if it is remembered."""
        return None if (place := self._where.get(alert)) is None else self._findings[place]

    def renew(self, finding: Finding) -> bool:
        """Take over what has changed of a finding, but not where and when it was; whether it is remembered."""
        if (place := self._where.get(finding.alert)) is None:
            return False
        self._findings[place] = finding
        return True

    def forget(self, since: Micros, alerts: Iterable[UUID] = ()) -> None:
        """Forget what began before a time, these, and the oldest of what is more than may be remembered."""
        kept = self._at >= since
        kept[[self._where[each] for each in alerts if each in self._where]] = False
        if (more := int(kept.sum()) - self._most) > 0:
            old = np.flatnonzero(kept)
            kept[old[np.argsort(self._at[old], kind="stable")[:more]]] = False
        if kept.all():
            return
        self._findings = [each for each, keeps in zip(self._findings, kept.tolist(), strict=True) if keeps]
        self._where = {each.alert: place for place, each in enumerate(self._findings)}
        self._at, self._lon, self._lat = self._at[kept], self._lon[kept], self._lat[kept]
        self._hub, self._group = self._hub[kept], self._group[kept]

    def _link(self, places: range) -> None:
        """Unite the groups of these findings with those of what is close to them."""
        grid = Grid(self._lon, self._lat, self.rule.radius_m) if places and self.rule.link == "near" else None
        for place in places:
            close = self._beside(place, grid)
            groups = self._group[close[np.abs(self._at[close] - self._at[place]) <= self.rule.within]]
            mine = self._group[place]
            for other in _others(groups, int(mine)):
                self._group[self._group == other] = mine

    def _beside(self, place: int, grid: Grid | None) -> NDArray[np.intp]:
        if grid is None:
            return np.flatnonzero(self._hub == self._hub[place])
        return grid.near(float(self._lon[place]), float(self._lat[place]), self.rule.radius_m).places

    def _members(self, group: int) -> list[Finding]:
        found = [self._findings[place] for place in np.flatnonzero(self._group == group)]
        return sorted(found, key=lambda each: (each.at, each.alert))


def _others(groups: NDArray[np.int64], mine: int) -> Iterator[int]:
    """The groups but `mine`, each once. Mostly there is none or one: unique would sort ten thousand of them."""
    while len(groups := groups[groups != mine]):
        yield int(groups[0])
        groups = groups[groups != groups[0]]
