"""Readings that wait, as parallel arrays sorted by (series, time at which they count)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Ints


@dataclass(slots=True)
class Held:
    """Readings (n,), each with its own time, and the times at which it counts and at which it came."""

    series: NDArray[np.int32]
    ts: Ints
    """When each counts."""
    own: Ints
    value: NDArray[np.float64]
    quality: NDArray[np.int16]
    received: Ints

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def empty(cls) -> "Held":
        times = np.empty(0, np.int64)
        return cls(np.empty(0, np.int32), times, times, np.empty(0), np.empty(0, np.int16), times)

    def where(self, which: NDArray[np.bool_] | Ints) -> "Held":
        """Select rows by mask or index."""
        return Held(*[getattr(self, column.name)[which] for column in fields(self)])

    def joined(self, other: "Held") -> "Held":
        """Together with others, of other series; sorted, for both are."""
        if not len(other):
            return self
        at = np.searchsorted(self.series, other.series)
        return Held(*[np.insert(getattr(self, each.name), at, getattr(other, each.name)) for each in fields(self)])

    def replaced_by(self, newer: "Held") -> "Held":
        """Together with others, which take the place of those with their series and own time; sorted."""
        both = self.with_rows_of(newer)
        order = np.lexsort((both.own, both.series))  # stable: a newer one stands after the one that it replaces
        series, own = both.series[order], both.own[order]
        replaced = np.zeros(len(both), np.bool_)
        replaced[:-1] = (series[1:] == series[:-1]) & (own[1:] == own[:-1])
        return both.where(order[~replaced]).in_order()

    def with_rows_of(self, other: "Held") -> "Held":
        """Followed by others."""
        return Held.together([self, other])

    @classmethod
    def together(cls, parts: Sequence["Held"]) -> "Held":
        """One after the other."""
        all_ = [cls.empty(), *parts]
        return cls(*[np.concatenate([getattr(part, each.name) for part in all_]) for each in fields(cls)])

    def in_order(self) -> "Held":
        """Sorted."""
        return self.where(np.lexsort((self.own, self.ts, self.series)))

    def starts(self) -> Ints:
        """Where each series begins."""
        return np.flatnonzero(np.append(True, self.series[1:] != self.series[:-1])) if len(self) else self.ts

    def surplus(self, most: int) -> NDArray[np.bool_]:
        """Which are older than the newest so many of their series."""
        starts = self.starts()
        ends = np.append(starts[1:], len(self)) if len(self) else starts
        return np.arange(len(self)) < np.repeat(ends - most, ends - starts)

    def oldest(self, count: int) -> NDArray[np.bool_]:
        """Which are the oldest so many of all, and those as old as these."""
        if count <= 0:
            return np.zeros(len(self), np.bool_)
        found: NDArray[np.bool_] = self.ts <= np.partition(self.ts, count - 1)[count - 1]
        return found
