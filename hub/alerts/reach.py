"""What an organisation's consumers may be told of: what is its own, below it, in its charge or shared with it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from hub.alerts.routing import Place


class SharedAlerts(NamedTuple):
    """A share by which an organisation lets another see alerts; None does not limit."""

    owner: str
    consumer: str
    devices: frozenset[str] | None = None
    """Codes."""
    metrics: frozenset[str] | None = None
    event_kinds: frozenset[str] | None = None
    valid_to: datetime | None = None

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
        region = self._regions.get(organisation)
        return (
            (region is not None and (place.region or "").startswith(region))
            or self._above(organisation, place.organisation)
            or any(share.reaches(place, at) for share in self._shares.get((place.organisation or "", organisation), ()))
        )

    def _above(self, organisation: str, below: str | None) -> bool:
        """Whether it is the other one, or above it; a circle ends where it began."""
        passed = set[str]()
        while below is not None and below not in passed:
            if below == organisation:
                return True
            passed.add(below)
            below = self._parents.get(below)
        return False
