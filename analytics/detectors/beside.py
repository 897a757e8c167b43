"""The excess of series beside their neighbours, over readings of the past: all are followed in the order of time.

It is what the hub tells of readings as they come, but for this: what neighbours show is looked at each LOOK, and is of
then, as if it had been committed at once. (The hub looks twice as often, at states that are up to twice as old.)
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import ensemble
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints
from analytics.detectors.excess import APART as OF_APART
from analytics.detectors.excess import AROUND, DAYS, DOWN, NEAR_S, THIN, UP, WHEN, show, surround
from hub.models import Micros

LOOK: Micros = 60_000_000
APART: Micros = 3_600_000_000
"""A neighbour counts while its newest reading is no older than that."""
LONG_AGO: Micros = -1 << 60
"""When the newest reading is of a series of which nothing is known."""
_WEIGHTS = np.array(ensemble.WEIGHTS) * np.array([part in ("season", "stuck") for part in ensemble.PARTS])
"""What the excess goes by: the hour's usual value, and the value before. The rest makes no difference to it."""


class Beside(NamedTuple):
    """What is told of readings (n,); NaN for one that was not learned."""

    excess: Floats
    unshared: Floats
    expected: Floats
    """What is usual at its hour, and what its neighbours stay away from theirs; NaN while that is not known."""
    far: Floats
    """How far from that it may stay and be as far as ever."""


class Company:
    """Series that are followed together, by their place; memory is 1 KB each."""

    def __init__(self, near: NDArray[np.int32]) -> None:
        """`near` (series, MOST) are places of the neighbours of each, less than 0 where there are no more."""
        count = len(near)
        self._near = near
        self._states = np.zeros(count, ensemble.DTYPE)
        self._shown = np.zeros((count, AROUND), np.float32)
        self._last = np.full(count, LONG_AGO)
        self._looked = np.full((2, count), LONG_AGO)

    def tell(self, series: NDArray[np.int32], ts: Ints, value: Floats, hour: Ints) -> Beside:
        """Tell of readings (n,) that count, sorted by time, and learn them; `series` are places."""
        told = np.full((len(ts), 4), np.nan)
        columns = series.astype(np.int64), ts, value, hour
        _advance(self._states, self._near, self._shown, self._last, self._looked, _WEIGHTS, *columns, told)
        return Beside(*told.T)


@compiled
def _advance(
    states: Any,
    near: Any,
    shown: Any,
    last: Any,
    looked: Any,
    weights: Floats,
    series: Ints,
    ts: Ints,
    value: Floats,
    hour: Ints,
    told: Floats,
) -> None:
    parts, scores = np.zeros((1, len(weights) + ensemble.TOLD)), np.zeros(1)
    own, around, first = np.zeros(near.shape[1]), np.zeros(AROUND, np.float32), len(weights)
    for i in range(len(ts)):
        place, t = series[i], ts[i]
        look = t // LOOK
        _show(states, place, look, shown, last, looked)
        if looked[1, place] < look:
            looked[1, place] = look
            for other in near[place]:
                if other >= 0:
                    _show(states, other, look, shown, last, looked)
            now = look * LOOK
            surround(near[place], now - APART, now, last, shown, around, own)
            for k in range(AROUND):
                states[place].excess.around[k] = around[k]
        s = states[place].excess
        far = max(float(s.far[OF_APART]), THIN * max(float(s.far[UP]), float(s.far[DOWN])))
        knows = s.beside >= DAYS and abs(t / 1e6 - s.around[WHEN]) <= NEAR_S
        stays = float(s.around[UP])
        parts[0, first + 2] = 0.0
        one = slice(i, i + 1)
        at = np.full(1, place)
        ensemble.advance(states, at, ts[one], value[one], hour[one], weights, parts, scores)
        if parts[0, first + 2] == 0.0:  # not newer
            continue
        told[i, 0], told[i, 1] = parts[0, first + 5], parts[0, first + 7]
        if knows:
            told[i, 2], told[i, 3] = value[i] - parts[0, first + 1] + stays, far


@compiled
def _show(states: Any, place: int, look: int, shown: Any, last: Any, looked: Any) -> None:
    """What a series shows from the first moment of a look on is what it showed before."""
    if looked[0, place] == look:
        return
    looked[0, place] = look
    if states[place].excess.days >= DAYS:
        last[place] = states[place].last
        show(states[place].excess, shown[place])
