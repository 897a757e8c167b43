"""Which series are watched, and the hour of the day at their devices."""

from datetime import UTC, date, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import Ints
from analytics.detectors.hours import hours
from devices.registry.arrays import grown
from devices.registry.registry import Registry
from hub.models import Micros, from_micros

EPOCH = date(1970, 1, 1)


class Watched:
    """Follows the registry. Metrics that are states, or that their profile excepts, are not watched."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._generation = registry, -1
        self._on: NDArray[np.bool_] = np.zeros(1, np.bool_)
        """By the number of the quantity; the last place is that of none."""
        self._zones: list[tzinfo] = [UTC]
        self._zone_of: NDArray[np.int16] = np.zeros(1024, np.int16)
        """By device id the place of its zone."""
        self.swapped: Ints = np.empty(0, np.int64)
        """Days that are not what their weekday says, since 1970, ascending."""

    def follow(self) -> None:
        """Take over what changed in the registry."""
        registry = self._registry
        if self._generation == registry.generation:
            return
        changed, self._generation = registry.changed_since(self._generation), registry.generation
        self._on = np.array([*map(registry.detects, registry.quantities), False], np.bool_)
        devices = registry.devices.values() if changed is None else map(registry.device, changed.tolist())
        places = {zone: place for place, zone in enumerate(self._zones)}
        for device in devices:
            if device is None:
                continue
            place = places.setdefault(device.zone, len(places))
            self._zone_of = grown(self._zone_of, device.id, 0)
            self._zone_of[device.id] = place
        self._zones = list(places)

    def of(self, series: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of some series are watched; not those that the registry does not know yet."""
        known = self._registry.quantity_of
        watched: NDArray[np.bool_] = self._on[np.where(series < len(known), known.take(series, mode="clip"), -1)]
        return watched

    def hours(self, series: NDArray[np.int32], ts: Ints, now: Micros) -> Ints:
        """The hours (n,) of readings, as of `hours`; clocks are put as they are at `now`."""
        at = from_micros(now)
        offsets = np.array([offset_of(zone, at) for zone in self._zones], np.int64)
        if len(offsets) == 1:
            return hours(ts, int(offsets[0]), self.swapped)
        zone = self._zone_of.take(self._registry.device_of[series], mode="clip")
        return hours(ts + offsets[zone], 0, self.swapped)


def swapped_days(days: list[tuple[date, bool]]) -> Ints:
    """Of days and whether people work on them, those that are not what their weekday says, as `hours` takes them."""
    return np.array(sorted((day - EPOCH).days for day, works in days if works != (day.weekday() < 5)), np.int64)


def offset_of(zone: tzinfo, at: datetime) -> Micros:
    """By how much a zone's clocks are ahead of UTC at a time."""
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1e6)
