"""Routing: which consumers are told of a change. Pure, and without knowledge of the registry."""

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """What an alert is routed by."""

    organisation: str | None
    """Code of the organisation that the device belongs to."""
    region: str | None
    """12-digit division code, as it was when the alert was raised."""
    category: str | None
    """Of the device's profile, such as fire."""
    level: int
    """The highest that the alert has reached: who was told of a red alert also hears how it goes on."""


class Filter(NamedTuple):
    """What a consumer wants; None takes everything."""

    consumer_id: int
    min_level: int
    region: str | None = None
    """The first digits of a division code."""
    organisation: str | None = None
    category: str | None = None

    def takes(self, place: Place) -> bool:
        """Whether the consumer is told of a change at this place."""
        return (
            place.level >= self.min_level
            and (self.region is None or (place.region or "").startswith(self.region))
            and self.organisation in (None, place.organisation)
            and self.category in (None, place.category)
        )


def recipients(place: Place, filters: Iterable[Filter]) -> list[int]:
    """The ids of the consumers that take a change at this place, in the order of the filters."""
    return [wanted.consumer_id for wanted in filters if wanted.takes(place)]
