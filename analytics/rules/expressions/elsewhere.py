"""What expressions know of other devices: of the gateway of a device, and of its neighbours."""

from typing import NamedTuple, Protocol

import numpy as np

from analytics.rules.slots import Floats, Ints
from devices.expressions.inputs import Input
from hub.models import Micros


class Whose(NamedTuple):
    """Whose other devices are asked for."""

    profile: int
    ahead: Micros
    """How much later than the moment a value may be, and still count: clocks differ."""
    devices: Ints
    """By place of the subject."""


class Elsewhere(Protocol):
    """Knows values of other devices."""

    def column(self, name: Input, whose: Whose, at: Ints, stale: Micros) -> Floats:
        """What a gateway's metric, or a figure of neighbours, was at times of devices; NaN where there is none.

        `whose.devices` and `at` have one shape (n,); a value counts that is not older than `stale` then.
        """
        ...


class Nowhere(Elsewhere):
    """Knows none."""

    def column(self, name: Input, whose: Whose, at: Ints, stale: Micros) -> Floats:
        return np.full(len(at), np.nan)
