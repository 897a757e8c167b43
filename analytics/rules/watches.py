"""What rules watch: a signal of a series, with its newest reading and all slots on it.

However many rules are on a series, a reading is compared with one band: within it no rule changes anything.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import Watched
from devices.registry.arrays import grown

LONG_AGO = -(1 << 62)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def stretches(starts: Ints, lengths: Ints) -> Ints:
    """The places of stretches that begin and are as long as that, one after the other."""
    before = np.cumsum(lengths) - lengths
    found: Ints = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
    return found


class Watches:
    """State by watch, of shape (n,). The slots of a watch lie together in a pool, which is packed at times."""

    def __init__(self) -> None:
        self.by_signal: dict[Watched, NDArray[np.int32]] = {}
        """By series id, of expressions by slot, the watch; -1 for none, as in the last place."""
        self.series: NDArray[np.int32] = np.empty(0, np.int32)
        self.last: Ints = np.empty(0, np.int64)
        """Time of the newest reading that was evaluated."""
        self.lag: Ints = np.empty(0, np.int64)
        """How old that reading was when it came: its clock is slow, or it was buffered."""
        self.value: Floats = np.empty(0)
        """The value of that reading; NaN when it is not known."""
        self.low: Floats = np.empty(0)
        self.high: Floats = np.empty(0)
        """From `low` to `high`, both included, before `due` no slot changes; +inf to -inf: that is not known."""
        self.due: Ints = np.empty(0, np.int64)
        self.count: NDArray[np.int32] = np.empty(0, np.int32)
        """How many slots are on it."""
        self._start: NDArray[np.int32] = np.empty(0, np.int32)
        self._pool: NDArray[np.int32] = np.empty(0, np.int32)
        self._taken = 0
        """Places of the pool that are in use or were left."""
        self._left = 0
        self._signal: list[Watched] = []
        """By watch."""
        self._key: NDArray[np.int32] = np.empty(0, np.int32)
        """By watch its place in `by_signal`."""
        self._open: Counter[Watched] = Counter()
        self._free: list[int] = []

    def of(self, signal: Watched, series: Ints) -> Ints:
        """The watches of a signal of these series; -1 where there is none."""
        index = self.by_signal.get(signal)
        return np.full(len(series), -1) if index is None else index.take(series, mode="clip").astype(np.int64)

    def slots(self, watches: Ints) -> tuple[Ints, Ints]:
        """The slots on these watches, and for each the place of its watch among them, ascending."""
        counts = self.count[watches].astype(np.int64)
        places = stretches(self._start[watches].astype(np.int64), counts)
        return self._pool[places].astype(np.int64), np.repeat(np.arange(len(watches)), counts)

    def enter(self, signal: Watched, keys: Ints, series: Ints, slots: Ints) -> Ints:
        """Put slots on a signal of these series, those of one key on one watch; returns their watches."""
        index = self.by_signal.get(signal, np.full(1, -1, np.int32))
        index = self.by_signal[signal] = grown(index, int(keys.max()) + 1, -1)
        missing, first = np.unique(keys, return_index=True)
        fresh = index[missing] < 0
        index[missing[fresh]] = self._made(signal, missing[fresh], series[first[fresh]])
        watch = index[keys].astype(np.int64)
        on, more = np.unique(watch, return_counts=True)
        there, which = self.slots(on)
        self._left += len(there)
        together = np.append(which, np.searchsorted(on, watch))
        order = np.argsort(together, kind="stable")
        counts = self.count[on] + more
        self._start[on] = self._room(int(counts.sum())) + np.cumsum(counts) - counts
        self.count[on] = counts
        self._pool[stretches(self._start[on].astype(np.int64), counts)] = np.append(there, slots)[order]
        self.loosen(on)
        return watch

    def leave(self, slots: Ints, watches: Ints) -> None:
        """Take slots off their watches; a watch without slots is gone, with what is known of its readings."""
        on = np.unique(watches)
        there, which = self.slots(on)
        stays = ~np.isin(there, slots)
        self._left += len(there) - int(stays.sum())
        counts = np.bincount(which[stays], minlength=len(on))
        self.count[on] = counts
        self._pool[stretches(self._start[on].astype(np.int64), counts)] = there[stays]
        self.loosen(on)
        for watch in on[counts == 0].tolist():
            signal = self._signal[watch]
            self.by_signal[signal][self._key[watch]] = -1
            self._open[signal] -= 1
            if not self._open[signal]:
                del self.by_signal[signal]
            self._free.append(watch)

    def loosen(self, watches: Ints) -> None:
        """Their bands are not known."""
        self.low[watches], self.high[watches] = np.inf, -np.inf

    def _made(self, signal: Watched, keys: Ints, series: Ints) -> Ints:
        """Fresh watches."""
        count, used = len(series), len(self._signal)
        taken = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = np.arange(used, used + count - len(taken))
        at = np.concatenate([np.array(taken, np.int64), fresh])
        self._signal += [signal] * len(fresh)
        last = len(self._signal) - 1
        self.series, self.count = grown(self.series, last, 0), grown(self.count, last, 0)
        self.last, self.lag = grown(self.last, last, LONG_AGO), grown(self.lag, last, 0)
        self.value, self.due = grown(self.value, last, np.nan), grown(self.due, last, 0)
        self.low, self.high = grown(self.low, last, np.inf), grown(self.high, last, -np.inf)
        self._start, self._key = grown(self._start, last, 0), grown(self._key, last, 0)
        for watch in taken:
            self._signal[watch] = signal
        self._key[at], self.series[at], self.count[at], self.last[at], self.lag[at], self.value[at] = (
            keys,
            series,
            0,
            LONG_AGO,
            0,
            np.nan,
        )
        self._open[signal] += count
        return at

    def _room(self, count: int) -> int:
        """The first of so many places of the pool; most that were left are used again, once they are half of it."""
        if self._left > 1024 and self._left > self._taken // 2:
            used = np.flatnonzero(self.count)
            there, _ = self.slots(used)
            counts = self.count[used].astype(np.int64)
            self._pool = there.astype(np.int32)
            self._start[used] = np.cumsum(counts) - counts
            self._taken, self._left = len(there), 0
        first, self._taken = self._taken, self._taken + count
        self._pool = grown(self._pool, self._taken - 1, -1)
        return first
