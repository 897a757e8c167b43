"""Which values a series has taken, in 128 bins: how far a value lies from all that were seen.

The bins grow by doubling when a value lies outside, so shift and scale of the values make no difference. What was not
seen for two terms of TERM is forgotten; then the bins become finer again.
"""

import math
from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled
from hub.models import Micros

BINS = 128
SPARSE = 8
"""The occupied range counts as at least so many bins: a few equal values make not everything far."""
THIN = 5
"""So many taken bins beyond a gap make it count half."""
FARTHEST = 1e6
NEW = 0.001
"""Of a bin: what a value in a free bin is away from the next one at least."""
TERM: Micros = 90 * 86_400_000_000
"""Values are remembered for one to two of these."""

DTYPE = np.dtype(
    [
        ("origin", "f8"),
        ("width", "f8"),  # of a bin; 0: all values were equal
        ("first", "i8"),  # number of the lowest bin, counted from origin
        ("since", "i8"),  # when the term began
        ("low", "i2"),  # lowest and highest bin that was taken, from 0
        ("high", "i2"),
        ("begun", "i4"),
        ("new", "u8", (2,)),  # bits of the bins that were taken in this term
        ("old", "u8", (2,)),  # in the one before
    ]
)
"""State of a series."""

_ONE = np.uint64(1)


@compiled
def _taken(s: Any, k: int) -> bool:
    word, bit = k >> 6, np.uint64(k & 63)
    return bool(((s.new[word] | s.old[word]) >> bit) & _ONE)


@compiled
def _count(word: Any) -> int:
    """Bits that are set."""
    bits = 0
    while word:
        word &= word - _ONE
        bits += 1
    return bits


@compiled
def _count_below(s: Any, k: int) -> int:
    """Bins below `k` that were taken."""
    low, high = s.new[0] | s.old[0], s.new[1] | s.old[1]
    if k < 64:
        return _count(low & ((_ONE << np.uint64(k)) - _ONE))
    return _count(low) + (_count(high) if k >= BINS else _count(high & ((_ONE << np.uint64(k - 64)) - _ONE)))


@compiled
def lowest(s: Any) -> float:
    """Where the lowest taken bin begins; NaN while nothing was seen."""
    return np.nan if s.begun == 0 else s.origin + s.width * (s.first + s.low)


@compiled
def highest(s: Any) -> float:
    """Where the highest taken bin ends; NaN while nothing was seen."""
    return np.nan if s.begun == 0 else s.origin + s.width * (s.first + s.high + (1 if s.width > 0.0 else 0))


@compiled
def distance(s: Any, x: float) -> float:
    """How far `x` lies from the nearest bin that was taken, as a share of the range of those; 0 if its own bin was.

    Outside the range it counts by the mean spacing of the taken bins: where values lie apart, the next one does, too.
    Inside it counts less when few bins were taken on one side: in a thin tail, less than what was there is no news. At
    most FARTHEST, as for an infinity. What is not a number is at no distance.
    """
    if s.begun == 0 or math.isnan(x):
        return 0.0
    if s.width == 0.0:
        return 0.0 if x == s.origin else 1.0
    at = (x - s.origin) / s.width - s.first
    extent = s.high - s.low + 1
    span = max(extent, SPARSE)
    if at >= s.high + 1 or at < s.low:
        away = at - s.high - 1 if at >= s.high + 1 else s.low - at
        return float(min((away + NEW) * _count_below(s, BINS) / extent / span, FARTHEST))
    k = int(at)
    if _taken(s, k):
        return 0.0
    below, above = k - 1, k + 1
    while not _taken(s, below):
        below -= 1
    while not _taken(s, above):
        above += 1
    lower = _count_below(s, k)
    fewer = min(lower, _count_below(s, BINS) - lower)
    return float((min(at - below - 1, above - at) + NEW) * fewer / (fewer + THIN) / span)


@compiled
def _coarsen(s: Any) -> None:
    """Join bins by twos: each covers twice as much."""
    first = s.first // 2
    for bits in (s.new, s.old):
        one, two = np.uint64(0), np.uint64(0)
        for k in range(BINS):
            if (bits[k >> 6] >> np.uint64(k & 63)) & _ONE:
                to = (s.first + k) // 2 - first
                if to < 64:
                    one |= _ONE << np.uint64(to)
                else:
                    two |= _ONE << np.uint64(to - 64)
        bits[0], bits[1] = one, two
    s.low = (s.first + s.low) // 2 - first
    s.high = (s.first + s.high) // 2 - first
    s.first = first
    s.width *= 2.0


@compiled
def _shift(s: Any, by: int) -> None:
    """Move all bins up by `by` places (down if negative); those that were taken stay inside."""
    for bits in (s.new, s.old):
        one, two = np.uint64(0), np.uint64(0)
        for k in range(BINS):
            if (bits[k >> 6] >> np.uint64(k & 63)) & _ONE:
                to = k + by
                if to < 64:
                    one |= _ONE << np.uint64(to)
                else:
                    two |= _ONE << np.uint64(to - 64)
        bits[0], bits[1] = one, two
    s.low += by
    s.high += by
    s.first -= by


@compiled
def _turn(s: Any, ts: int) -> None:
    """Begin a term: forget the one before the last."""
    gone = ts - s.since >= 2 * TERM
    for word in range(2):
        s.old[word] = np.uint64(0) if gone else s.new[word]
        s.new[word] = np.uint64(0)
    s.since = ts
    if s.old[0] | s.old[1] == 0:
        s.begun = 0
        s.width = 0.0
        return
    while not _taken(s, s.low):
        s.low += 1
    while not _taken(s, s.high):
        s.high -= 1
    if s.high - s.low + 1 <= BINS // 8:
        _refine(s)


@compiled
def _refine(s: Any) -> None:
    """Cut bins into four each: the range has become small."""
    low, high = s.low, s.high
    taken = s.old[0], s.old[1]
    s.old[0], s.old[1] = np.uint64(0), np.uint64(0)
    for k in range(low, high + 1):
        if ((taken[0] if k < 64 else taken[1]) >> np.uint64(k & 63)) & _ONE:
            for part in range(4):
                to = 4 * (k - low) + part
                s.old[to >> 6] |= _ONE << np.uint64(to & 63)
    s.first = 4 * (s.first + low)
    s.low, s.high = 0, 4 * (high - low) + 3
    s.width /= 4.0


@compiled
def add(s: Any, ts: int, x: float) -> None:
    """Take `x` as seen at `ts`; what is no finite number, or makes the range infinite, is ignored."""
    if not math.isfinite(x):
        return
    if s.begun != 0 and ts - s.since >= TERM:
        _turn(s, ts)
    if s.begun == 0:
        s.begun, s.origin, s.width, s.since = 1, x, 0.0, ts
        return
    if s.width == 0.0:
        if x == s.origin:
            return
        width = abs(x - s.origin) / (BINS // 8)
        if not (width > 0.0 and math.isfinite(width)):
            return
        s.width, s.first, s.low, s.high = width, -(BINS // 2), BINS // 2, BINS // 2
        s.new[1] |= _ONE
    at = (x - s.origin) / s.width
    if not math.isfinite(at):
        return
    while max(at, float(s.first + s.high)) - min(at, float(s.first + s.low)) >= BINS - 1:
        _coarsen(s)
        at = (x - s.origin) / s.width
    k = math.floor(at) - s.first
    if k < 0 or k >= BINS:
        low, high = min(k, int(s.low)), max(k, int(s.high))
        by = BINS // 2 - (low + high + 1) // 2
        _shift(s, by)
        k += by
    s.low, s.high = min(k, int(s.low)), max(k, int(s.high))
    s.new[k >> 6] |= _ONE << np.uint64(k & 63)
