"""Rules on flat series: for how long a value has not moved by more than the tolerance of the rule. Pure.

It is told of each reading, from the reading at which the value moved last, and not between readings: whose value is not
sent again is silent, which is another rule's. So nothing here grows by itself, and times and levels are those of any
signal.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.rules.verdict import Floats, Ints, Kept
from devices.registry.arrays import grown
from hub.models import Micros

LONG_AGO = -(1 << 62)
ROUNDING = 1e-12
"""Of a value: 3.02 - 3 is a little more than 0.02."""


class Flats:
    """By slot, of those whose rules are on flat series; empty while there is none."""

    def __init__(self) -> None:
        self._value: Floats = np.empty(0)
        """From which the series has not moved; NaN: it is not known."""
        self._since: Ints = np.empty(0, np.int64)
        self._until: Ints = np.empty(0, np.int64)
        """The newest reading that is taken into account."""
        self._saved: Ints = np.empty(0, np.int64)
        """The newest one that the store takes into account."""

    def forget(self, at: Ints) -> None:
        """These slots are of other series now."""
        at = at[at < len(self._value)]
        self._value[at], self._until[at], self._saved[at] = np.nan, LONG_AGO, LONG_AGO

    def tell(
        self, slot: Ints, ts: Ints, newer: Ints, value: Floats, tolerance: Floats
    ) -> tuple[NDArray[np.bool_], Floats, Floats, Kept]:
        """Which of some readings count, arrays (n,), sorted by slot and time; of each of those the value that does not
        move, and for how many seconds; and what is to be adopted.

        `newer` is what must be greater than the newest time that was taken into account; slots of -1 are none.
        """
        self._grow(int(slot.max(initial=-1)))
        fresh = slot >= 0
        fresh &= newer > self._until.take(slot, mode="clip") if len(self._until) else False
        slot, ts, value, tolerance = slot[fresh], ts[fresh], value[fresh], tolerance[fresh]
        starts = np.flatnonzero(np.append(True, slot[1:] != slot[:-1])[: len(slot)])
        of = slot[starts]
        unknown = np.isnan(self._value[of])
        anchor = np.where(unknown, value[starts], self._value[of])
        begun = np.where(unknown, ts[starts], self._since[of])
        lengths = np.diff(np.append(starts, len(slot)))
        at, since = anchor.repeat(lengths), begun.repeat(lengths)
        most = np.where(tolerance > 0, tolerance + ROUNDING * np.abs(value), 0.0)
        moves = np.abs(value - at) > most
        for run in np.unique(np.searchsorted(starts, np.flatnonzero(moves), side="right") - 1).tolist():
            start, length = int(starts[run]), int(lengths[run])
            if length == 1:
                continue
            rows = slice(start, start + length)
            at[rows], since[rows] = _moved(
                float(anchor[run]), int(begun[run]), ts[rows].tolist(), value[rows].tolist(), most[rows].tolist()
            )
        alone = moves & (lengths == 1).repeat(lengths)
        at[alone], since[alone] = value[alone], ts[alone]
        ends = starts + lengths - 1
        return fresh, at, (ts - since) / 1e6, Kept(of, at[ends], since[ends], ts[ends])

    def adopt(self, kept: Kept) -> None:
        """Take over what a committed batch has made of these slots."""
        self._grow(int(kept.slot.max(initial=-1)))
        self._value[kept.slot], self._since[kept.slot], self._until[kept.slot] = kept[1:]

    def seconds(self, at: Ints) -> Floats:
        """For how long the series of these slots have not moved, as of their newest readings; NaN: not known."""
        self._grow(int(at.max(initial=-1)))
        return np.where(np.isnan(self._value[at]), np.nan, (self._until[at] - self._since[at]) / 1e6)

    def unsaved(self, kept: Kept, after: Micros) -> NDArray[np.bool_]:
        """Which of these are to be stored with their batch: first ones, and those whose row is older than `after`."""
        return kept.until - self._saved[kept.slot] >= after

    def saved(self, kept: Kept) -> None:
        """These are stored."""
        self._saved[kept.slot] = kept.until

    def _grow(self, slot: int) -> None:
        self._value, self._since = grown(self._value, slot, np.nan), grown(self._since, slot, 0)
        self._until, self._saved = grown(self._until, slot, LONG_AGO), grown(self._saved, slot, LONG_AGO)


def _moved(
    at: float, since: Micros, ts: Sequence[Micros], values: Sequence[float], most: Sequence[float]
) -> tuple[list[float], list[Micros]]:
    """Of each reading of a slot the value from which it has not moved, and since when; `most` may it be away."""
    anchors, times = [], []
    for time, value, away in zip(ts, values, most, strict=True):
        if abs(value - at) > away:
            at, since = value, time
        anchors.append(at)
        times.append(since)
    return anchors, times
