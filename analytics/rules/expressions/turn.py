"""Whose turn it is: with which readings expressions of several metrics of a device are calculated now.

They are calculated in the order of times, whichever metric comes first: with a reading once each other metric that is
there has been heard up to its time, or once it has waited for WAIT and nothing that is earlier waits to be put in order
(analytics/reordering). So it makes no difference how the metrics of a
device come interleaved, if none is later than others by more than that.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import LONG_AGO, NEVER, Waiting
from analytics.rules.expressions.held import Given, Held
from analytics.rules.slots import Ints
from devices.expressions.program import WAIT_S
from hub.models import Micros

WAIT: Micros = WAIT_S * 1_000_000
EACH = 1_000
"""Readings of a slot that may wait; with one more they wait no longer."""
MOST = 400_000
"""Readings of all slots that may wait, 20 MB; with one more none does any longer."""


class Clock(NamedTuple):
    """How far a process is, and what waits in it."""

    held: Held
    now: Micros
    until: Micros
    """What has waited until then has waited long enough."""
    waiting: Waiting
    """Of series: what is to be put in order before."""

    @property
    def full(self) -> bool:
        """Whether too many wait."""
        return len(self.held.rows) > MOST


class Turn(NamedTuple):
    """Of the places of one subject that were looked at."""

    goes: NDArray[np.bool_]
    """Of each reading."""
    places: Ints
    """Ascending."""
    last: Ints
    """Up to when any of their metrics is heard."""
    forced: NDArray[np.bool_]
    """By place whether some have waited long enough."""


def turn_of(
    given: Given, fresh: NDArray[np.bool_], until: Ints, heard: Ints, begins: Ints, stale: Micros, clock: Clock
) -> Turn:
    """Which of the readings of a subject go.

    `given` is sorted by (place, ts), and not empty; `fresh` are those of this batch. Of each of its places, ascending,
    `until` is up to when it is calculated, and `begins` when the first reading counts that is to be put in order
    before. `heard`, shape (places, inputs), is up to when each input was heard before this batch; one that was not for
    `stale` before a reading is not waited for.
    """
    places, begin, group = np.unique(given.place, return_index=True, return_inverse=True)
    heard = heard.copy()
    np.maximum.at(heard, (group[fresh], given.which[fresh]), given.ts[fresh])
    first = np.where(heard > LONG_AGO, heard, NEVER).min(axis=1)
    ts = given.ts
    earlier = ts >= begins[group]
    waits = ((ts > first[group]) | earlier) & (ts > until[group])
    over = np.zeros(len(places), np.bool_)
    goes = ~waits
    if waits.any():
        of = heard[group[waits]]
        at = ts[waits][:, None]
        waits[waits] = ((of < at) & (of >= at - stale)).any(axis=1) | earlier[waits]
        from_ = np.minimum.reduceat(np.where(waits, ts, NEVER), begin)
        forced = (given.over <= clock.until) & ~earlier
        ends = np.maximum.reduceat(np.where(forced, ts, LONG_AGO), begin)
        ends[(np.add.reduceat(ts >= from_[group], begin) > EACH) | clock.full] = NEVER
        goes = (ts < from_[group]) | (ts <= ends[group])
        over = from_ <= ends
    return Turn(goes, places, heard.max(axis=1), over)
