"""Which readings reach which expressions: by the device of each, and what each expression names of its devices."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rules.slots import Ints
from analytics.rules.watches import stretches
from devices.registry.registry import Registry

Reached = tuple[Ints, Ints, Ints]
"""Rows, places and inputs, of one length."""


class Named(NamedTuple):
    """What an expression names."""

    profile: int
    metrics: Sequence[str | None]
    """By input; None where it is not the device's own."""
    devices: Ints
    """By place."""


class ByDevice:
    """One entry for each place, whatever it names: a hub may have a million of them."""

    def __init__(self, registry: Registry, subjects: Sequence[Named]) -> None:
        """The places of subjects follow each other in this order."""
        self._registry = registry
        devices = np.concatenate([np.empty(0, np.int64), *(each.devices for each in subjects)])
        order = np.argsort(devices, kind="stable")  # in runs that ascend: fast
        self._devices, self._place = devices[order].astype(np.int32), order.astype(np.int32)
        self._ends = np.cumsum([len(each.devices) for each in subjects])
        numbers = {quantity: number for number, quantity in enumerate(registry.quantities)}
        self._input = np.full((len(subjects), len(numbers) + 1), -1, np.int8)
        """By subject and number of a quantity; the last column is that of none."""
        for place, each in enumerate(subjects):
            for input_, metric in enumerate(each.metrics):
                number = numbers.get((each.profile, metric)) if metric is not None else None
                if number is not None:
                    self._input[place, number] = input_

        self._named: NDArray[np.bool_] = np.max(self._input, axis=0, initial=-1) >= 0
        """By number of a quantity whether any of them names it."""

    def reached(self, series: NDArray[np.int32]) -> Reached:
        """Which rows of these reach which place, as which of its inputs."""
        none = self._input.shape[1] - 1
        quantity = self._registry.quantity_of[series]
        quantity = np.where((quantity >= 0) & (quantity < none), quantity, none)
        some = np.flatnonzero(self._named[quantity])
        device = self._registry.device_of[series[some]]
        begin = np.searchsorted(self._devices, device, side="left")
        count = np.searchsorted(self._devices, device, side="right") - begin
        row = np.repeat(some, count)
        place = self._place[stretches(begin, count)].astype(np.int64)
        subject = np.searchsorted(self._ends, place, side="right")
        input_ = self._input[subject, quantity[row]].astype(np.int64)
        named = input_ >= 0
        return row[named], place[named], input_[named]
