"""What fusion looks at: findings of one thing each."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from hub.danger import DANGER, finds_danger
from hub.models import Micros


class Finding(NamedTuple):
    """An alert as fusion sees it: what was found, where, when. It tells of a place or a thing, never of a person."""

    alert: UUID
    source: str
    """Who found it: its device, or the alert itself where it has none."""
    what: str
    """The kind of event, or the metric."""
    measured: bool
    """Whether `what` is a metric."""
    at: Micros
    """When it began, by the device's clock, but not after the hub raised it."""
    lon: float
    """NaN where the place is not known."""
    lat: float
    hub: int | None
    """Id of the gateway or pole that it hangs on; of what hangs on nothing its own device."""
    level: int
    lasts: bool
    """Whether its condition lasts and nobody has ended it."""
    incident: UUID | None = None
    """In which it is already."""
    reopened: int = 0
    """How often a person has taken back that it is over, or false."""
    measures_danger: bool = False
    """Whether its rule finds a danger by what is measured."""

    @property
    def placed(self) -> bool:
        """Whether its place is known."""
        return math.isfinite(self.lon) and math.isfinite(self.lat)

    @property
    def danger(self) -> bool:
        """Whether it is of a danger, told or measured: nothing lowers it."""
        return self.measures_danger if self.measured else self.what in DANGER


def stored_finding(row: Sequence[Any]) -> Finding:
    """Of a row: the fields up to `reopened`, then the expression of its rule and the category of its profile."""
    *fields, expression, category = row
    found = Finding(*fields)
    danger = found.measured and finds_danger(found.what, expression, "value", category)
    return found._replace(measures_danger=danger)
