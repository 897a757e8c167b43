"""Excess: how many times as far as ever before, in weeks, a series goes from what it does; 1 is as far as ever.

Followed are the stay away from what is usual at the hour, upwards and downwards, the largest step, the unrest from
reading to reading, how long one value stays, and how often readings come. Each is held against the farthest that it
went on the days before yesterday: what creeps in does not become usual while it grows. The farthest fades to half in
ten weeks, and a day raises it to GROWTH times as much at most: one fault blinds for no longer than that. What has gone
on at TOLD for LASTING_S, and is not FARTHER than the day before, has become usual: another unit, another place. After a
longer gap than usual a step counts as so much less. A value that leaves the only one that it ever had is NOVEL. Of a
counter, which has not fallen for DAYS, the steps count, and not how high it is; where it falls it wraps, and that
reading tells nothing.

What neighbours do not share is told beside it: `around` is what they show. Instead of how far a series stays above or
below, it counts how far apart from them it does, held against the farthest of that, and against THIN of the farthest
that it went from what is usual; all else is held against how far they go, too.

Shift and scale of the values make no difference. Nothing is said of distances beyond FARTHEST, or within 1 / FARTHEST.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.compiled import compiled
from hub.models import Micros

NAMES = ("above", "below", "step", "unrest", "slow", "fast", "run", "apart")
UP, DOWN, STEP, UNREST, SLOW, FAST, RUN, APART = range(len(NAMES))
OF = len(NAMES)
ALONE = OF - 1
"""So many of them, the first, are told without neighbours."""
AROUND = ALONE
WHEN = DOWN
"""Of neighbours: the mean stay, when that was in seconds (0: nothing is known), and how far they go in the others."""

DAY: Micros = 86_400_000_000
DAYS = 14
"""Nothing is said before so many days with readings have begun after the first: each weekday was there twice."""
FADE = 0.99
"""Of the farthest, a day with readings."""
GROWTH = 2.0
STAY_S = 3 * 3600.0
"""Over which a stay away is averaged, about; a reading stands for SPAN_S of it at most."""
SPAN_S = 1800.0
LONGER = 4.0
"""So many times as long as usual is the most that a single gap counts as."""
SOME = 12
"""Readings over which unrest and rhythm are averaged, about."""
LONG = 12.0
"""So many equal readings are as far as ever, where values change more often."""
FARTHEST = 1e30
TOLD = 2.0
NOVEL = 2.0
LASTING_S = 86_400.0
FARTHER = 1.2
HARDLY_S = LASTING_S / 4
"""A reading stands for so much of it at most."""
RISES = 100
"""So often a counter has risen, and half as often again since it fell."""
THIN = 0.35
NEAR_S = 3600.0
"""So long before or after a reading neighbours tell something about it."""
FEW = 3
"""Of fewer neighbours nothing is said: one of them may be wrong itself."""

DTYPE = np.dtype(
    [
        ("stay", "f8"),
        ("unrest", "f8"),
        ("change", "f8"),  # that the reading before brought
        ("far", "f4", (OF,)),  # the farthest of the days before yesterday
        ("before", "f4", (OF,)),  # of yesterday
        ("today", "f4", (OF,)),
        ("gap", "f4"),  # mean seconds between readings
        ("run", "f4"),  # equal readings
        ("lasting", "f4"),  # seconds at TOLD
        ("around", "f4", (AROUND,)),
        ("day", "u2"),  # since 1970, its lower bits
        ("days", "u1"),  # DAYS at most
        ("count", "u1"),  # of readings, SOME + 1 at most
        ("rises", "u1"),  # of a counter
        ("rising", "u1"),  # days without a fall, DAYS at most
        ("beside", "u1"),  # days with neighbours, DAYS at most
        ("spare", "u1"),
    ]
)


@compiled
def _turn(s: Any, day: int) -> None:
    """Begin a day."""
    s.beside = min(s.beside + (1 if s.today[APART] > 0.0 else 0), DAYS)
    for k in range(OF):
        most = s.before[k]
        if (s.beside if k == APART else s.days) >= DAYS and s.far[k] > 0.0:
            most = min(most, s.far[k] * GROWTH)
        s.far[k] = max(s.far[k] * FADE, most)
        s.before[k], s.today[k] = s.today[k], 0.0
    s.days, s.rising, s.day = min(s.days + 1, DAYS), min(s.rising + 1, DAYS), day


@compiled
def _risen(s: Any, gap: float, change: float) -> tuple[float, bool]:
    """A change as it counts, and whether the series is a counter."""
    settled = s.rising >= DAYS
    if change > 0.0:
        s.rises = min(s.rises + 1, 2 * RISES)
    elif change < 0.0:
        wraps = settled and s.rises >= RISES + RISES // 2
        s.rises = RISES if wraps else 0
        if wraps:
            return float(s.change), True
        s.rising = 0
    if 0.0 < s.gap < gap:
        change *= s.gap / gap
    return change, bool(settled and s.rises >= RISES)


@compiled
def _learn(s: Any, gap: float, change: float, residual: float) -> None:
    """Take a reading into the means."""
    s.count = min(s.count + 1, SOME + 1)
    share = 1.0 / min(SOME, s.count - 1)
    if math.isfinite(residual):
        s.stay += (residual - s.stay) * -math.expm1(-min(gap, SPAN_S) / STAY_S)
    unrest = abs(change - s.change)
    if math.isfinite(unrest):
        s.unrest += (unrest - s.unrest) * share
        s.change = change
    s.gap += ((min(gap, LONGER * s.gap) if s.gap > 0.0 else gap) - s.gap) * share
    s.run = s.run + 1.0 if change == 0.0 else 1.0


@compiled
def _now(s: Any, k: int, change: float) -> float:
    """How far the k-th of NAMES goes."""
    if k == UP:
        return float(s.stay)
    if k == DOWN:
        return float(-s.stay)
    if k == STEP:
        return abs(change)
    if k == UNREST:
        return float(s.unrest)
    if k == SLOW:
        return float(s.gap)
    return float(1.0 / s.gap if k == FAST else max(s.run, LONG))


@compiled
def _times(s: Any, k: int, now: float) -> float:
    """How many times as far as ever before that is; takes it over as of today."""
    today, s.today[k] = s.today[k], max(s.today[k], now)
    if s.far[k] > 0.0:
        return now / float(s.far[k])
    return NOVEL if k == STEP and now > GROWTH * max(today, s.before[k]) else 0.0


@compiled
def _apart(s: Any) -> float:
    """How many times as far as ever before it is apart from its neighbours; less than 0: that is not known yet."""
    now = abs(s.stay - float(s.around[UP]))
    if not now < FARTHEST:
        return -1.0
    s.today[APART] = max(s.today[APART], now)
    far = max(float(s.far[APART]), THIN * max(float(s.far[UP]), float(s.far[DOWN])))
    return now / far if s.beside >= DAYS and far > 1.0 / FARTHEST else -1.0


@compiled
def _settle(s: Any, gap: float, most: float, which: int) -> None:
    """Let what has lasted become usual; `most` is of the one of NAMES, now."""
    if most < TOLD:
        s.lasting = max(0.0, s.lasting - 3.0 * gap)
        return
    s.lasting += min(gap, HARDLY_S)
    if s.lasting >= LASTING_S and most * s.far[which] <= FARTHER * s.before[which]:
        s.lasting = 0.0
        for k in (UP, DOWN, STEP, UNREST, APART):
            s.far[k] = max(s.far[k], s.before[k], s.today[k])


@compiled
def follow(s: Any, ts: int, x: float, last: int, value: float, residual: float) -> tuple[float, int, float, int]:
    """Learn a reading; its excess, 0 while it is not known, and of which of NAMES; the same, by what is around.

    `last` and `value` are of the reading before; `residual` is how far it is from what is usual, or NaN.
    """
    day = (ts // DAY) & 0xFFFF
    if s.count == 0:
        s.count, s.day, s.run = 1, day, 1.0
        return 0.0, 0, 0.0, 0
    if day != s.day:
        _turn(s, day)
    gap = (ts - last) / 1e6
    change, counts = _risen(s, gap, x - value)
    if counts:
        s.stay, residual = 0.0, np.nan
    _learn(s, gap, change, residual)
    most, which = 0.0, 0
    near = abs(ts / 1e6 - s.around[WHEN]) <= NEAR_S
    alone, alone_of = _apart(s) if near else -1.0, APART
    beside = alone >= 0.0
    for k in range(ALONE):
        now = _now(s, k, change)
        if not 1.0 / FARTHEST < now < FARTHEST:
            continue
        times = _times(s, k, now)
        if times > most:
            most, which = times, k
        if near and k >= STEP:
            times /= max(1.0, float(s.around[k]))
        if times > alone and not (beside and k < STEP):
            alone, alone_of = times, k
    if s.days < DAYS:
        return 0.0, 0, 0.0, 0
    _settle(s, gap, most, which)
    return most, which, alone, alone_of


@compiled
def show(s: Any, shown: Any) -> None:
    """Fill in what a series shows its neighbours, (AROUND,): see AROUND, the time left out."""
    shown[UP], shown[WHEN] = s.stay, 0.0
    for k in range(STEP, AROUND):
        now = max(float(s.run), LONG) if k == RUN else (1.0 / s.gap if k == FAST else _shown(s, k))
        counts = s.far[k] > 0.0 and now > 0.0 and math.isfinite(now)
        shown[k] = now / float(s.far[k]) if counts else 0.0


@compiled
def _shown(s: Any, k: int) -> float:
    if k == STEP:
        return abs(float(s.change))
    return float(s.unrest if k == UNREST else s.gap)


@compiled
def show_all(states: Any, shown: Any) -> None:
    """As `show`, of states (n,) into (n, AROUND)."""
    for i in range(len(states)):
        show(states[i], shown[i])


@compiled
def surround(near: Any, since: int, now: int, last: Any, shown: Any, around: Any, own: Any) -> None:
    """Fill in what is around a series, (AROUND,): of those `near` it whose `last` reading is not before `since`.

    The median of what they show, of the two in the middle the lesser one, or their mean stay; 0 of fewer than FEW.
    `near` (MOST,) are places, less than 0 where there are no more; `own` is room for MOST numbers.
    """
    around[:] = 0.0
    some = 0
    for place in near:
        some += 1 if place >= 0 and last[place] >= since else 0
    if some < FEW:
        return
    for k in range(AROUND):
        taken = 0
        for place in near:
            if place >= 0 and last[place] >= since:
                at, taken = taken, taken + 1
                while at > 0 and own[at - 1] > shown[place, k]:
                    own[at] = own[at - 1]
                    at -= 1
                own[at] = shown[place, k]
        around[k] = own[(some - 1) // 2]
        if k == UP:
            around[k] = (own[(some - 1) // 2] + own[some // 2]) / 2.0
    around[WHEN] = now / 1e6


@compiled
def surround_all(near: Any, since: int, now: int, last: Any, shown: Any, around: Any) -> None:
    """As `surround`, of each series into (n, AROUND)."""
    own = np.zeros(near.shape[1], np.float64)
    for i in range(len(near)):
        surround(near[i], since, now, last, shown, around[i], own)


def shown(states: NDArray[Any]) -> NDArray[np.float32]:
    """What series, of these states (n,), show their neighbours, (n, AROUND): see AROUND, the time left out."""
    found = np.zeros((len(states), AROUND), np.float32)
    show_all(np.ascontiguousarray(states), found)
    return found
