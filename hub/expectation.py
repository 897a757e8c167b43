"""What was expected of a series in the past: the band of each reading, and how unusual it was."""

from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hub.alerts.trial import Connect
from hub.models import Micros

Floats = NDArray[np.float64]


class Shared(NamedTuple):
    """What its neighbours say of the same readings (n,); NaN: they said nothing then."""

    neighbours: int
    """How many there are, today."""
    expected: Floats
    """What was usual at its hour, and as far away from that as they stayed from theirs."""
    low: Floats
    high: Floats
    """From where to where it was as far from that as ever."""
    unshared: Floats
    """See hub.signals."""


class Expected(NamedTuple):
    """Of the readings (n,) of a period that count, in the order of time; NaN: it was not known."""

    ts: NDArray[np.int64]
    value: Floats
    expected: Floats
    """What was usual at its hour."""
    low: Floats
    high: Floats
    """From where to where values went at its hour."""
    score: Floats
    learned_from: Micros | None
    """The first reading that was learned; None: there is none."""
    shared: Shared | None = None
    """None: no rule in force watches what its neighbours do not share."""


class TooManyReadingsError(Exception):
    """A period has more readings than one answer may cost; its argument tells how many may be."""


class Expectation(Protocol):
    """Tells what was expected of a series, as connections see it; none is held for longer than one read."""

    async def __call__(self, connect: Connect, series: int, zone: str, since: datetime, until: datetime) -> Expected:
        """`zone` is the device's. Raises TooManyReadingsError, and TrialsBusyError while others ask."""
        ...
