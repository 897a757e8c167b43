"""What fusion looks at: findings of one thing each."""

import math
from typing import NamedTuple
from uuid import UUID

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

    @property
    def placed(self) -> bool:
        """Whether its place is known."""
        return math.isfinite(self.lon) and math.isfinite(self.lat)
