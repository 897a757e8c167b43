"""Silences (静默): deliveries that somebody keeps back for a while. Pure.

Only what is pushed to consumers is kept back: alerts are raised, listed, streamed and escalate as ever.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hub.alerts.routing import Filter, Place

RED = 4
LONGEST_RED = timedelta(hours=24)
LONGEST = timedelta(days=30)


class Silence(NamedTuple):
    """One that is in force or will be: approved, where it needs that."""

    id: UUID
    wanted: Filter
    device: str | None
    max_level: int
    from_at: datetime
    to_at: datetime

    def covers(self, place: Place, at: datetime) -> bool:
        """Whether what happens at a time with such an alert is kept back."""
        return (
            self.from_at <= at < self.to_at
            and place.level <= self.max_level
            and self.device in (None, place.device)
            and self.wanted.takes(place, at)
        )


def silence_of(silences: Iterable[Silence], place: Place, at: datetime) -> Silence | None:
    """The silence that covers an alert at a time; of several the one that ends last."""
    return max((each for each in silences if each.covers(place, at)), key=lambda each: each.to_at, default=None)
