"""States of the ensemble by series, and which of them changed since they were saved."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import Detector, Floats, Ints, Scored
from analytics.detectors.excess import AROUND
from analytics.detectors.kinds import KINDS
from devices.registry.arrays import grown
from hub.models import Micros
from hub.signals import Signals

NEVER = 1 << 62
KIND = KINDS["ensemble"]


class Told(NamedTuple):
    """What detection says of readings (n,), and the states after them."""

    scored: Scored
    rate: Floats
    """Change an hour since the reading before."""
    residual: Floats
    """Distance from what is usual at its hour."""
    gap: Floats
    """Seconds since the reading before; 0 for a reading that is not newer than that, and was not learned."""
    low: Floats
    high: Floats
    """From where to where values went at its hour, by how far they were from what is usual; NaN: it is not known."""
    excess: Floats
    """How many times as far as ever before it goes; 0 while that is not known."""
    excess_of: Floats
    """What goes that far, a number of `excess.NAMES`."""
    unshared: Floats
    """The same, by how far neighbours go as well."""
    unshared_of: Floats

    def fill(self, signals: Signals, rows: Ints) -> None:
        """Put what is told of readings that were learned into the rows (n,) of signals; no number is infinite."""
        known = self.gap != 0.0
        rows = rows[known]
        signals.score[rows], signals.gap[rows] = self.scored.scores[known], self.gap[known]
        signals.rate[rows], signals.residual[rows] = _finite(self.rate[known]), _finite(self.residual[known])
        signals.excess[rows], signals.unshared[rows] = self.excess[known], self.unshared[known]

    def by_own_times(self, more: Floats) -> "Told":
        """Where the readings' own times lie so many seconds (n,) further apart than the times at which they count.

        Rate and gap are those between their own times; NaN for a reading that is not newer by these.
        """
        learned, gap = self.gap != 0.0, self.gap + more
        gap[learned & (gap <= 0.0)] = np.nan
        with np.errstate(over="ignore", invalid="ignore"):
            rate = np.where(learned, self.rate * (self.gap / gap), np.nan)
        return self._replace(rate=rate, gap=gap)


def _finite(numbers: Floats) -> Floats:
    """What is too large for a number is not known."""
    return np.where(np.isfinite(numbers), numbers, np.nan)


class States:
    """The states of series, by slots of their own: a series that is never heard takes no memory but 4 bytes."""

    def __init__(self) -> None:
        self._detector = Detector(KIND)
        self._slot: NDArray[np.int32] = np.full(1024, -1, np.int32)
        """By series id; -1: nothing was heard of it."""
        self._series: NDArray[np.int32] = np.zeros(1024, np.int32)
        """By slot."""
        self._changed: Ints = np.full(1024, NEVER)
        """By slot, since when its state differs from the saved one; NEVER while it does not."""
        self._around: NDArray[np.float32] = np.zeros((0, AROUND), np.float32)
        """By slot what neighbours show, as of the last look."""
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def tell(self, series: NDArray[np.int32], ts: Ints, value: Floats, hour: Ints) -> Told:
        """Of readings sorted by (series, ts), all finite; the states stay as they are."""
        scored = self._detector.score(self._slots(series), ts, value, hour)
        return Told(scored, *scored.told.T)

    def learn(self, told: Told, now: Micros) -> None:
        """Take over the states that readings, received by `now`, led to."""
        slots = told.scored.slots
        self._around = grown(self._around, int(slots.max(initial=0)), 0)
        told.scored.after["excess"]["around"] = self._around[slots]  # it may have been looked since
        self._detector.learn(told.scored)
        self._changed[slots] = np.minimum(self._changed[slots], now)

    def unsaved(self, before: Micros, most: int) -> Ints:
        """Series, ascending, that have not been saved since before that time; at most so many, the oldest of them."""
        slots = np.flatnonzero(self._changed[: self._used] <= before)
        if len(slots) > most:
            slots = slots[np.argpartition(self._changed[slots], most)[:most]]
        return np.sort(self._series[slots].astype(np.int64))

    def of_which(self, wanted: NDArray[np.bool_]) -> Ints:
        """Of the series that are wanted, by id, those of which something is known, ascending."""
        return np.flatnonzero(wanted[: len(self._slot)] & (self._slot[: len(wanted)] >= 0))

    def newest(self) -> Micros:
        """When the newest reading of all is; 0: there is none."""
        return int(self._detector.records()["last"].max(initial=0))

    def rows(self, series: Ints) -> NDArray[Any]:
        """The states (n,) of series that are there."""
        return self._detector.states(self._slot[series].astype(np.int64))

    def saved(self, series: Ints) -> None:
        """The states of these series are in the store."""
        self._changed[self._slot[series]] = NEVER

    def put(self, series: Ints, rows: NDArray[Any]) -> None:
        """Take over stored states of series."""
        slots = self._slots(series.astype(np.int32))
        self._detector.put(slots, rows)
        self._around = grown(self._around, int(slots.max(initial=0)), 0)
        self._around[slots] = rows["excess"]["around"]

    def surround(self, series: Ints, around: NDArray[np.float32]) -> None:
        """Take over what neighbours of series show, shape (n, AROUND); of those that were never heard it is dropped."""
        self._slot = grown(self._slot, int(series.max(initial=0)), -1)
        slots = self._slot[series]
        slots, around = slots[slots >= 0].astype(np.int64), around[slots >= 0]
        self._around = grown(self._around, int(slots.max(initial=0)), 0)
        self._around[slots] = around
        self._detector.records()["excess"]["around"][slots] = around

    def _slots(self, series: NDArray[np.int32]) -> Ints:
        """The slots of series, some of which may be new."""
        if not len(series):
            return np.empty(0, np.int64)
        self._slot = grown(self._slot, int(series.max()), -1)
        slots = self._slot[series]
        if (slots < 0).any():
            fresh = np.unique(series[slots < 0])
            last = self._used + len(fresh) - 1
            self._series, self._changed = grown(self._series, last, 0), grown(self._changed, last, NEVER)
            self._slot[fresh] = np.arange(self._used, last + 1)
            self._series[self._used : last + 1] = fresh
            self._used = last + 1
            slots = self._slot[series]
        return slots.astype(np.int64)
