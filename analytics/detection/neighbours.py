"""What the neighbours of each series show: the nearest of its kind within some km, as they were committed last."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.beside import APART as APART
from analytics.detectors.beside import LONG_AGO as LONG_AGO
from analytics.detectors.detector import Ints
from analytics.detectors.excess import AROUND, surround_all
from devices.places.nearest import Places, nearest
from devices.registry.registry import Registry
from hub.models import Micros

MOST = 8
"""Neighbours of a series, the nearest ones."""
WITHIN_M = 5_000.0
NONE = -1

Shown = NDArray[np.float32]
"""What series show, or what is around them, (n, AROUND); see `excess.AROUND`."""


class Kin(NamedTuple):
    """Series of one quantity, and where their devices are."""

    series: Ints
    """Ascending."""
    places: Places


@dataclass(slots=True, frozen=True)
class Neighbourhood:
    """Immutable; made anew when devices change."""

    series: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Of all kin, ascending."""
    near: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, MOST), np.int32))
    """Shape (series, MOST): places in `series`, the nearest first; NONE: there are no more."""

    def around(self, now: Micros, last: Ints, shown: Shown) -> Shown:
        """The median of what neighbours show, of the two in the middle the lesser one, or their mean stay; 0: few.

        `last` (series,) is when the newest reading of each is, or LONG_AGO, `shown` (series, n) what it shows.
        """
        around: Shown = np.zeros((len(self.series), AROUND), np.float32)
        surround_all(self.near, now - APART, now, last, shown, around)
        return around


def kin_of(registry: Registry) -> list[Kin]:
    """The series of each quantity that is watched, of active devices. Some milliseconds."""
    watched = [each for each in registry.quantities if registry.detects(each)]
    found = registry.series_of_quantities(watched).values()
    owners = [(series, registry.device_of[series].astype(np.int64)) for series in found]
    return [Kin(series, Places(ids, registry.lon[ids], registry.lat[ids])) for series, ids in owners]


def neighbourhood_of(kin: Sequence[Kin]) -> Neighbourhood:
    """Takes a second with 100,000 devices; may be called in another thread."""
    found: dict[bytes, NDArray[np.int32]] = {}
    some = []
    for each in kin:
        key = each.places.id.tobytes()
        if key not in found:
            found[key] = _near(each.places)
        some.append(found[key])
    if not some:
        return Neighbourhood()
    series = np.concatenate([each.series for each in kin])
    begins = np.cumsum([0, *(len(each.series) for each in kin)])
    near = np.concatenate([np.where(of >= 0, of + begin, NONE) for of, begin in zip(some, begins, strict=False)])
    order = np.argsort(series)
    place = np.append(np.argsort(order), NONE)  # NONE stays what it is
    return Neighbourhood(series[order], place[near[order]].astype(np.int32))


def _near(places: Places) -> NDArray[np.int32]:
    """Of each place the nearest others, shape (n, MOST), by their position; NONE: there are no more."""
    starts, members = nearest(places, places, WITHIN_M, MOST)
    near = np.full((len(places.id), MOST), NONE, np.int32)
    owner = np.repeat(np.arange(len(places.id)), np.diff(starts))
    near[owner, np.arange(len(members)) - starts[owner]] = members
    return near
