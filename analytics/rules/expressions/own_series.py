"""By device the series of a metric, following the registry: what one changed device costs goes by it alone."""

import numpy as np
from numpy.typing import NDArray

from devices.registry.arrays import grown
from devices.registry.registry import Quantity, Registry

NO_SERIES = -1
Ints = NDArray[np.int64]


class OwnSeries:
    """An array by device id for each quantity that was asked for; `follow` after the registry has changed."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._series: dict[Quantity, Ints] = {}
        self._generation = -1

    def of(self, quantity: Quantity, devices: Ints) -> Ints:
        """Of some devices the series; NO_SERIES where there is none that takes readings."""
        column = self._series.get(quantity)
        if column is None:
            found = self._registry.series_of_quantities({quantity}).get(quantity, np.empty(0, np.int64))
            owners = self._registry.device_of[found]
            column = np.full(int(max(owners.max(initial=0), devices.max(initial=0))) + 1, NO_SERIES, np.int64)
            column[owners] = found
            self._series[quantity] = column
        elif len(devices) and (top := int(devices.max())) >= len(column):
            column = self._series[quantity] = grown(column, top, NO_SERIES)
        return column[devices]

    def follow(self) -> NDArray[np.int32] | None:
        """Take over what has changed since the last call; returns these devices, None: possibly any."""
        registry = self._registry
        changed, self._generation = registry.changed_since(self._generation), registry.generation
        if changed is None:
            self._series.clear()
        elif len(changed) and self._series:
            series = registry.series_of_devices(changed)
            numbers = registry.quantity_of[series]
            top = int(changed.max())
            for quantity, known in self._series.items():
                column = self._series[quantity] = grown(known, top, NO_SERIES)
                column[changed] = NO_SERIES
                mine = series[[number >= 0 and registry.quantities[number] == quantity for number in numbers.tolist()]]
                column[registry.device_of[mine]] = mine
        return changed
