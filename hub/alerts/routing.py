"""Alert routing: which consumers receive a change. Pure, and independent of the registry."""

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """Routing key of an alert."""

    organisation: str | None
    """Code of the organisation that the device belongs to."""
    region: str | None
    """12-digit division code, as it was when the alert was raised."""
    category: str | None
    """Of the device's profile, such as fire."""
    level: int
    """The highest that the alert has reached: who was told of a red alert also hears how it goes on."""
    areas: frozenset[str] = frozenset()
    """Codes of the named areas in which the device is."""


class Filter(NamedTuple):
    """A consumer's subscription filter; None matches everything."""

    consumer_id: int
    min_level: int
    region: str | None = None
    """The first digits of a division code."""
    organisation: str | None = None
    category: str | None = None
    area: str | None = None
    """Code of a named area."""

    def takes(self, place: Place) -> bool:
        """Whether the filter matches."""
        return (
            place.level >= self.min_level
            and (self.region is None or (place.region or "").startswith(self.region))
            and self.organisation in (None, place.organisation)
            and self.category in (None, place.category)
            and (self.area is None or self.area in place.areas)
        )


def recipients(place: Place, filters: Iterable[Filter]) -> list[int]:
    """Ids of the consumers whose filters match, in filter order."""
    return [wanted.consumer_id for wanted in filters if wanted.takes(place)]
