"""What rules with an expression see, as others see readings."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Waiting


class Rows(NamedTuple):
    """Results of expressions by (slot, ts), arrays of one length."""

    slot: NDArray[np.int64]
    ts: NDArray[np.int64]
    """Microseconds."""
    value: NDArray[np.float64]
    since: NDArray[np.int64]
    """Since when times count that end before it, as of readings."""
    waiting: Waiting
    """By slot, of what waits that is to be calculated before a later time ends."""
