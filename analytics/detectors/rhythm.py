"""Rhythm: a reading that comes after a time between readings that its series does not know: a gap, or a burst.

Times between readings are told apart by octave: 64 bits cover a microsecond to thousands of years.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors import news
from analytics.detectors.compiled import compiled
from analytics.detectors.detector import Floats, Ints

FEW = 32
TERM = 4096
"""Times between readings are forgotten after one to two of these, in readings."""

_RHYTHM = np.dtype([("last", "i8"), ("new", "u8"), ("old", "u8"), ("count", "i8")])
DTYPE = np.dtype([("last", "i8"), ("news", news.DTYPE), ("rhythm", _RHYTHM)])

_ONE = np.uint64(1)


@compiled
def _octave(passed: int) -> int:
    return max(0, min(63, int(math.log2(max(passed, 1)))))


@compiled
def score(s: Any, ts: int, x: float, hour: int) -> float:
    """Surprise by octaves between this time and the nearest known one, beyond the first; 0 for the first readings."""
    if s.count < FEW:
        return 0.0
    known, octave = s.new | s.old, _octave(ts - s.last)
    for away in range(64):
        for k in (octave - away, octave + away):
            if 0 <= k < 64 and (known >> np.uint64(k)) & _ONE:
                return max(0.0, (away - 1) * math.log(2.0))
    return 0.0


@compiled
def learn(s: Any, ts: int, x: float, hour: int) -> None:
    """Remember the time since the reading before."""
    if s.count > 0:
        s.new |= _ONE << np.uint64(_octave(ts - s.last))
    s.count += 1
    if s.count % TERM == 0:
        s.old, s.new = s.new, np.uint64(0)
    s.last = ts


@compiled
def advance(state: NDArray[Any], at: Ints, ts: Ints, value: Floats, hour: Ints, parts: Floats, scores: Floats) -> None:
    """As `spread.advance`."""
    for i in range(len(at)):
        s, t, x, h = state[at[i]], ts[i], value[i], hour[i]
        if s.news.count > 0.0 and t <= s.last:
            continue
        parts[i, 0] = score(s.rhythm, t, x, h)
        learn(s.rhythm, t, x, h)
        scores[i] = news.score(s.news, parts[i, 0])
        s.last = t
