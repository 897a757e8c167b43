"""What an organisation's consumers may be told of: what is its own, below it, in its charge or shared with it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from hub.alerts.routing import Place, Sight

ALL = 6
"""Of levels of data the highest one."""


class SharedAlerts(NamedTuple):
    """A share by which an organisation lets another see alerts; None does not limit."""

    id: UUID
    owner: str
    consumer: str
    devices: frozenset[str] | None = None
    """Codes."""
    metrics: frozenset[str] | None = None
    event_kinds: frozenset[str] | None = None
    valid_to: datetime | None = None
    ceiling: int = ALL
    """The highest level of data of them that is shared, as a number (hub/access/classification.py)."""

    def reaches(self, place: Place, at: datetime) -> bool:
        """Whether an alert of its owner is among what is shared at a time; one without a device never is."""
        named = place.metric is not None or place.event_kind is not None
        return (
            place.device is not None
            and (named or (self.metrics is None and self.event_kinds is None))
            and (self.valid_to is None or at < self.valid_to)
            and (self.devices is None or place.device in self.devices)
            and (self.metrics is None or place.metric is None or place.metric in self.metrics)
            and (self.event_kinds is None or place.event_kind is None or place.event_kind in self.event_kinds)
        )


_WHOLE = Sight(ALL)


class Reach:
    """Which organisation may see which alert."""

    def __init__(
        self, parents: Mapping[str, str], regions: Mapping[str, str], shares: Iterable[SharedAlerts] = ()
    ) -> None:
        """By code: the organisation next above, and the first digits of the division that it is in charge of."""
        self._parents, self._regions = parents, regions
        self._shares: dict[tuple[str, str], list[SharedAlerts]] = {}
        for share in shares:
            self._shares.setdefault((share.owner, share.consumer), []).append(share)

    def sees(self, organisation: str, place: Place, at: datetime) -> bool:
        """Whether an organisation may see an alert at a time."""
        return self.sight(organisation, place, at) is not None

    def sight(self, organisation: str, place: Place, at: datetime) -> Sight | None:
        """How an organisation sees an alert at a time; None: not at all."""
        region = self._regions.get(organisation)
        if region is not None and (place.region or "").startswith(region):
            return _WHOLE
        if self._above(organisation, place.organisation):
            return _WHOLE
        shares = self._shares.get((place.organisation or "", organisation), ())
        found = [share for share in shares if share.reaches(place, at)]
        return Sight(max(share.ceiling for share in found), tuple(share.id for share in found)) if found else None

    def _above(self, organisation: str, below: str | None) -> bool:
        """Whether it is the other one, or above it; a circle ends where it began."""
        passed = set[str]()
        while below is not None and below not in passed:
            if below == organisation:
                return True
            passed.add(below)
            below = self._parents.get(below)
        return False
